r"""Staggered differences that end at a free surface, by summation by parts.

Below a surface at the node z = 0 the fields live at the nodes 0, 1, ... or at the midpoints 1/2, 3/2, ... (h = 1).
With diagonal quadratures H_n on the nodes and H_m on the midpoints, a difference D from nodes to midpoints is sought
that obeys the discrete integration by parts for every polynomial f of degree q and every u,

    u^T D^T H_m f = - u_0 f(0) - u^T H_n f',        D u = u' for polynomials u of degree q,

and is the interior difference from the R-th row on. Both conditions are linear in Q = H_m D, H_m and H_n. Of their
solutions the one is taken that nearly obeys them for degree q + 1 too, and is near to the truncated interior
difference. The difference back, to a field at the nodes that vanishes at the surface, is then -H_n^{-1} D^T H_m without
its first row, and is as accurate.

So the stiffness D^T (H S) D is symmetric and positive, with the weights H in its coefficients, and so is the mass H M:
a traction-free surface needs nothing else, at the time step of the interior. With q = 3, from order 6 on, errors fall
with the fourth power of the spacing (tests/physics/test_elastic.py).

References: Strand, J. Comput. Phys. 110 (1994), 47-67; O'Reilly, Lundquist, Dunham and Nordstroem, J. Comput. Phys. 346
(2017), 572-594; Gao and Keyes, J. Comput. Phys. 379 (2019), 373-401, for this layout.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import null_space

from jaxseis import differences

NEXT = 300.0
"""The weight of the errors for polynomials of degree q + 1: where it is large they are small, and so is the closure's
largest singular value, at most 1.003 of the interior's."""


@dataclass(frozen=True)
class Closure:
    """What replaces the interior difference at the surface.

    Attributes:
        weights: quadratures at the nodes and at the midpoints, by parity; 1 further down.
        corrections: by the parity of the field, what must be added to its truncated interior difference: (row, column).
        columns: nodes whose differences, or whose part in them, are not those of the interior.
    """

    weights: tuple[np.ndarray, np.ndarray]
    corrections: tuple[np.ndarray, np.ndarray]
    columns: int

    @property
    def size(self) -> int:
        """Rows and columns of the corrections."""
        return len(self.corrections[0])


@lru_cache
def closure(order: int) -> Closure:
    """The closure of the staggered difference of an even order."""
    r, degree = order // 2, {2: 1, 4: 2}.get(order, 3)
    rows = {2: 1, 4: 3}.get(order, max(5, r - 1))
    columns = rows + r
    size = columns + r
    plain = _plain(order, size, size + r)
    block, at_mid, at_node = _solved(plain, rows, columns, degree)
    middles, nodes = np.ones(size), np.ones(size + r)
    middles[:rows], nodes[:columns] = at_mid, at_node
    down = plain.copy()
    down[:rows] = 0
    down[:rows, :columns] = block / at_mid[:, None]
    up = -(down * middles[:, None]).T / nodes[:, None]
    up[0] = 0
    corrections = (down - plain)[:, :size], (up + plain.T)[:size]
    return Closure((nodes[:size], middles), corrections, columns)


def _plain(order: int, rows: int, columns: int) -> np.ndarray:
    """The interior difference from nodes to midpoints, of a field that is zero above the surface."""
    matrix = np.zeros((rows, columns))
    for k, d in enumerate(differences.staggered(order), 1):
        matrix += d * (np.eye(rows, columns, k) - np.eye(rows, columns, 1 - k))
    return matrix


def _solved(plain: np.ndarray, rows: int, columns: int, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The block of Q = H_m D, and the weights at its midpoints and nodes."""
    count = rows * columns
    nearest = np.concatenate([plain[:rows, :columns].ravel(), np.ones(rows + columns)])
    nearest[count + rows] = 0.5
    conditions = [_conditions(plain, rows, columns, j) for j in range(degree + 2)]
    exact, right = (np.concatenate(x) for x in zip(*conditions[:-1], strict=True))
    x = nearest + np.linalg.lstsq(exact, right - exact @ nearest, rcond=1e-11)[0]
    free = null_space(exact, rcond=1e-11)
    wanted, right = conditions[-1]
    scale = NEXT / np.abs(wanted).max(1)
    system = np.concatenate([free, scale[:, None] * (wanted @ free)])
    x = x + free @ np.linalg.lstsq(system, np.concatenate([nearest - x, scale * (right - wanted @ x)]))[0]
    return x[:count].reshape(rows, columns), x[count : count + rows], x[count + rows :]


def _conditions(plain: np.ndarray, rows: int, columns: int, j: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the polynomial x^j, a matrix and right-hand side for Q, H_m and H_n in turn."""
    middles, nodes = np.arange(len(plain)) + 0.5, np.arange(columns, dtype=float)
    slope = lambda x: j * x ** (j - 1) if j else np.zeros_like(x)  # noqa: E731
    here = middles[:rows]
    down = [np.kron(np.eye(rows), nodes**j), -np.diag(slope(here)), np.zeros((rows, columns))]  # D x^j = j x^(j-1)
    up = [-np.kron(here**j, np.eye(columns)), np.zeros((columns, rows)), -np.diag(slope(nodes))]
    boundary = np.eye(columns)[0] * (j == 0) + plain[rows:, :columns].T @ middles[rows:] ** j
    return np.block([down, up]), np.concatenate([np.zeros(rows), boundary])
