r"""Absorbing layers around the grid, as small objects.

**Perfectly matched layer.** Along axis i the derivative is divided by the stretch
``s_i = (s + zeta_i) / s`` (s: Laplace variable; zeta_i >= 0 grows into the layer), which lets waves
in without reflection and damps them (Berenger 1994; Chew and Weedon 1994). The stretched equation,

    M s^2 u = sum_i (1/s_i) d_i S (1/s_i) d_i u + q,                                (1)

is not symmetric, but multiplied by P = prod_i (1 + zeta_i/s) it is: ``P/s_i`` commutes with ``d_i``, so

    P M s^2 u - sum_i d_i (P/s_i^2) S d_i u = P q.                                   (2)

Sources lie outside the layer, where P = 1, so (1) and (2) have the same solution: the kernels
advance (1), which needs two first-order filters in each layer and nothing in corners, and the
operator they invert is the symmetric (2). Hence reciprocity is exact, and the adjoint is the same
kernel run on time-reversed data. Discretely every 1/s is the trapezoid ``(dt/2)(1 + z)/(1 - z)``
(z: delay by one step), so that all factors cancel exactly in (1) and (2) alike:

    zeta/(s + zeta) x  ->  y[n] = a y[n-1] + b (x[n] + x[n-1]),
    a = (1 - d)/(1 + d),   b = d/(1 + d),   d = zeta dt/2.

**Multi-axial.** Where waves of some directions have phase and group velocities of opposite sign along i, as in tilted
anisotropic media, or in very rough elastic ones, such a layer puts energy in (Becache, Fauqueux and Joly 2003). It is
steadied by a share p of every layer's damping in the derivatives across it (Meza-Fajardo and Papageorgiou 2008),

    s_i = (1 + zeta_i/s) prod_{j != i} (1 + p zeta_j/s),

which has more reflections. With the same P, now not the product of the s_i, all ``P/s_i`` still commute with ``d_i``,
and (2) is as symmetric as before.

**Sponge.** A damping term ``M gamma u_t`` that grows into the layer (Cerjan et al. 1985); centred
in time it keeps the operator symmetric as well. It reflects far more than a PML of the same width.
"""

from dataclasses import dataclass

import jax
import numpy as np

from jaxseis import _checks


@dataclass(frozen=True)
class _Layer:
    cells: int
    reflection: float
    exponent: float

    def __post_init__(self) -> None:
        name = type(self).__name__
        cells = _checks.whole(f"{name}.cells", self.cells, 1, "Write absorbing=None for no layer.")
        object.__setattr__(self, "cells", cells)
        for key, expected, fits in (
            ("reflection", "a number between 0 and 1", lambda x: 0 < x < 1),
            ("exponent", "a positive number", lambda x: 0 < x < np.inf),
        ):
            object.__setattr__(self, key, _checks.number(f"{name}.{key}", getattr(self, key), expected, fits))

    def profile(self, depth: np.ndarray, spacing: float, velocity: float) -> np.ndarray:
        """Damping rate (1/ms) at ``depth`` cells inside the layer (negative: outside, where it is 0).

        ``(n + 1) v ln(1/R) / (2 L) (depth/L)^n``: a wave of velocity v that crosses the layer of
        thickness L twice at normal incidence is damped to the fraction R.
        """
        thickness = self.cells * spacing
        strength = (self.exponent + 1) * velocity * np.log(1 / self.reflection) / (2 * thickness)
        return strength * np.clip(np.asarray(depth, float) / self.cells, 0, None) ** self.exponent


@jax.tree_util.register_static
@dataclass(frozen=True)
class PML(_Layer):
    """A symmetric perfectly matched layer, ``cells`` nodes wide (see the top of this file).

    Arguments:
        cells: nodes added on each side of the grid that is not a free surface.
        reflection: damping to this fraction at normal incidence (continuous theory).
        exponent: growth of the damping into the layer.
        multiaxial: share, from 0 to 1, of the damping in the derivatives across the layer; by default what the
            equation needs: 0.1 for tilted anisotropy, else 0. Fields that grow late in a run need more of it.
    """

    cells: int = 10
    reflection: float = 1e-12
    exponent: float = 3
    multiaxial: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.multiaxial is not None:
            share = _checks.number("PML.multiaxial", self.multiaxial, "a share from 0 to 1", lambda x: 0 <= x <= 1)
            object.__setattr__(self, "multiaxial", share)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Sponge(_Layer):
    """A damping layer ``M gamma u_t``, ``cells`` nodes wide: the second choice, for comparison.

    Arguments as for :class:`PML`.
    """

    cells: int = 40
    reflection: float = 1e-3
    exponent: float = 2
