"""The Hessian as known from the last changes of point and gradient: L-BFGS in compact form.

With the pairs s_i (change of x) and y_i (change of the gradient), each scaled to <s_i, y_i> = 1, as rows of S and Y,

    B = sigma I - N^H M^-1 N,    N = [sigma S; Y],    M = [[sigma S S^H, L], [L^H, -I]]

where L is S Y^H below the diagonal (older pairs first) and sigma = <y, y> / <s, y> of the newest pair. All inner
products are real. On a subspace, the entries that are not held, B is inverted by the Woodbury formula.

Byrd, Nocedal and Schnabel, Math. Program. 63 (1994); Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995).
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner
from jaxseis.solvers import _vectors as vec

_EXACT = jax.lax.Precision.HIGHEST


class Pairs(eqx.Module):
    """The last pairs, in a ring: ``born`` is the number of each, -1 for a place that is free.

    ``s`` and ``y`` have a leading axis (memory,); ``ss``, ``sy`` and ``yy`` are the inner products (memory, memory).
    """

    s: PyTree
    y: PyTree
    ss: Array
    sy: Array
    yy: Array
    born: Array
    sigma: Array

    @classmethod
    def none(cls, x: PyTree, memory: int, sigma: Array) -> "Pairs":
        """No pair yet: B = sigma I."""
        rows = jax.tree.map(lambda v: jnp.zeros((memory, *v.shape), v.dtype), x)
        square = jnp.zeros((memory, memory), sigma.dtype)
        return cls(rows, rows, square, square, square, jnp.full(memory, -1), sigma)

    def forgotten(self, sigma: Array) -> "Pairs":
        """The same places, all free."""
        s, y, ss, sy, yy = jax.tree.map(jnp.zeros_like, (self.s, self.y, self.ss, self.sy, self.yy))
        return Pairs(s, y, ss, sy, yy, jnp.full_like(self.born, -1), sigma)

    @eqx.filter_jit
    def with_pair(self, s: PyTree, y: PyTree) -> "Pairs":
        """With one more, in the place of the oldest; unchanged if the curvature is not clearly positive."""
        size, curvature = vec.norm(s) * vec.norm(y), inner(s, y)
        fits = curvature > jnp.finfo(self.sigma.dtype).eps * size
        root = jnp.sqrt(jnp.where(fits, curvature, 1.0))
        s, y = vec.scale(1 / root, s), vec.scale(1 / root, y)
        return self._put(jnp.where(fits, jnp.argmin(self.born), len(self.born)), s, y)

    def _put(self, place: Array, s: PyTree, y: PyTree) -> "Pairs":
        """With a scaled pair at a place. What is put beyond the last place is dropped."""
        row = jax.tree.map(lambda a, b: jnp.stack([a, b]), s, y)
        rows_s, rows_y = _replaced(self.s, place, s), _replaced(self.y, place, y)
        with_s, with_y = _gram(rows_s, row), _gram(rows_y, row)
        born = self.born.at[place].set(jnp.max(self.born) + 1)
        fits = place < len(self.born)
        return Pairs(
            rows_s,
            rows_y,
            ss=_bordered(self.ss, place, with_s[:, 0], with_s[:, 0]),
            sy=_bordered(self.sy, place, with_y[:, 0], with_s[:, 1]),
            yy=_bordered(self.yy, place, with_y[:, 1], with_y[:, 1]),
            born=born,
            sigma=jnp.where(fits, inner(y, y).astype(self.sigma.dtype), self.sigma),
        )

    @eqx.filter_jit
    def hessian(self, v: PyTree) -> PyTree:
        """``B v``."""
        right = jnp.concatenate([self.sigma * _products(self.s, v), _products(self.y, v)])
        middle = _blocks(self.sigma * self.ss, jnp.where(self._is_newer(), self.sy, 0.0))
        p, q = self._solve(middle, right)
        return vec.add(vec.add(vec.scale(self.sigma, v), _combined(p, self.s), -self.sigma), _combined(q, self.y), -1.0)

    @eqx.filter_jit
    def newton(self, v: PyTree, held: PyTree = None) -> PyTree:
        """``B^-1 v`` on the entries that are not held; zero on those that are.

        Arguments:
            v: vector.
            held: pytree of boolean arrays of its structure; None holds none.
        """
        v, s, y = (_masked(part, held, False) for part in (v, self.s, self.y))
        right = jnp.concatenate([self.sigma * _products(s, v), _products(y, v)])
        # M - N N^H / sigma, with what cancels left out: S S^H less its part on the free entries is that on the held.
        ss, sy, yy = self._held_products(held)
        older = jnp.where(self._is_newer(), 0.0, self.sy)
        p, q = self._solve(_blocks(self.sigma * ss, sy - older, (yy - self.yy) / self.sigma), right)
        step = vec.add(vec.add(v, _combined(p, s)), _combined(q / self.sigma, y))
        return vec.scale(1 / self.sigma, step)

    def _held_products(self, held: PyTree) -> tuple[Array, Array, Array]:
        if held is None:
            none = jnp.zeros_like(self.ss)
            return none, none, none
        s, y = (_masked(part, held, True) for part in (self.s, self.y))
        return _gram(s, s), _gram(s, y), _gram(y, y)

    def _is_newer(self) -> Array:
        """Whether the pair of the row is newer than that of the column."""
        return self.born[:, None] > self.born[None, :]

    def _solve(self, middle: Array, right: Array) -> tuple[Array, Array]:
        """The two halves of the solution; free places, which are zero, get a one on the diagonal."""
        free = jnp.concatenate([self.born < 0, jnp.zeros_like(self.born, bool)])
        p, q = jnp.split(jnp.linalg.solve(middle + jnp.diag(free.astype(middle.dtype)), right), 2)
        return p, q


def _blocks(first: Array, off: Array, corner: Array | None = None) -> Array:
    """[[first, off], [off^T, corner - I]]."""
    last = -jnp.eye(len(first), dtype=first.dtype) + (0.0 if corner is None else corner)
    return jnp.block([[first, off], [off.T, last]])


def _replaced(rows: PyTree, place: Array, row: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: a.at[place].set(b), rows, row)


def _bordered(square: Array, place: Array, row: Array, column: Array) -> Array:
    """The matrix with a row and the column of the same place replaced."""
    return square.at[place].set(row).at[:, place].set(column)


def _products(rows: PyTree, v: PyTree) -> Array:
    """The inner products of each row with a vector."""
    return _gram(rows, jax.tree.map(lambda a: a[None], v))[:, 0]


def _gram(rows: PyTree, columns: PyTree) -> Array:
    """All inner products of the rows of two stacks."""
    pairs = zip(jax.tree.leaves(rows), jax.tree.leaves(columns), strict=True)
    flat = ((a.reshape(len(a), -1), b.reshape(len(b), -1)) for a, b in pairs)
    return sum(jnp.matmul(a.conj(), b.T, precision=_EXACT).real for a, b in flat)  # type: ignore[return-value]


def _combined(weights: Array, rows: PyTree) -> PyTree:
    """The sum of the rows, weighted."""
    return jax.tree.map(lambda a: jnp.tensordot(weights.astype(a.dtype), a, 1, precision=_EXACT), rows)


def _masked(rows: PyTree, held: PyTree, keep: bool) -> PyTree:
    """The entries that are held, or the others, and zero elsewhere."""
    return rows if held is None else jax.tree.map(lambda v, h: jnp.where(h == keep, v, 0), rows, held)
