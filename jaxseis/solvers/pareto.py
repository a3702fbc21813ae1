"""Sparse solutions of ``A x = b``, and the curve on which they lie.

    basis pursuit denoise:   minimise norm(x)     subject to |A x - b| <= sigma
    lasso:                   minimise |A x - b|   subject to norm(x) <= tau

The least misfit ``phi(tau)`` of the lasso is a convex, falling function, the Pareto curve; basis pursuit denoise is
its root, ``phi(tau) = sigma``. Any residual r with direction ``y = r / |r|`` bounds the whole curve from below by a
line, with ``|.|_*`` the dual norm:

    phi(tau) >= <b, y> - tau |A.H y|_*

It touches the curve where r is the residual of a lasso solution. So it tells how good a point is, which tau is too
small, and, as the tangent of the curve, what the next tau of Newton's method is.

van den Berg and Friedlander, SIAM J. Sci. Comput. 31 (2008) and SIAM J. Optim. 21 (2011); bounds of inexact points:
Aravkin et al., Math. Program. 174 (2019).
"""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.l1 import L1
from jaxseis.functionals.norm import Norm
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import as_operand, inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_tolerance

_CERTAIN = 0.5  # tau moves once the misfit of this tau is known to this fraction of its distance from sigma
_NEAR = 100  # times sigma: farther away tau must not become too large


class ParetoPoint(eqx.Module):
    """x, r = b - A x and g = A.H r; with ``|r|``, ``|g|_*`` and ``<b, r>``."""

    x: PyTree
    r: PyTree
    g: PyTree
    misfit: Array
    slope: Array
    overlap: Array

    def least_misfit(self, tau: Array) -> Array:
        """What ``phi(tau)`` is at least."""
        return vec.over(self.overlap - tau * self.slope, self.misfit, -jnp.inf)

    def least_tau(self, sigma: Array) -> Array:
        """What tau is at least, if ``phi(tau) = sigma``."""
        return jnp.maximum(vec.over(self.overlap - sigma * self.misfit, self.slope), 0)


class Interval(eqx.Module):
    """tau, and what it is known to lie between."""

    tau: Array
    low: Array
    up: Array


class ParetoProblem(eqx.Module):
    """What both problems have in common: ``A``, ``b`` and a norm."""

    A: eqx.AbstractVar[LinearOperator]
    b: eqx.AbstractVar[PyTree]
    norm: eqx.AbstractVar[Norm]

    @abstractmethod
    def in_units(self, size: Array) -> Any:
        """The same problem for b and x divided by a size."""

    @abstractmethod
    def first(self, at: ParetoPoint, tolerance: Array) -> Interval:
        """The tau to begin with, at any point."""

    @abstractmethod
    def following(self, at: ParetoPoint, interval: Interval, tolerance: Array, still: Array) -> Interval:
        """The next tau; ``still`` says that the precision allows no better point for this one."""

    @abstractmethod
    def is_solved(self, at: ParetoPoint, tau: Array, tolerance: Array) -> Array:
        """Whether no point is better by more than the tolerance."""

    @abstractmethod
    def is_infeasible(self, at: ParetoPoint, tolerance: Array) -> Array:
        """Whether the constraint is known to be out of reach."""

    def point(self, x: PyTree, r: PyTree) -> ParetoPoint:
        """A point of known residual; one application of A.H."""
        g = self.A.H.mv(r)
        dtype = self.dtype
        numbers = (vec.norm(r), self.norm.dual(g), inner(self.b, r))
        return ParetoPoint(x, r, g, *(v.astype(dtype) for v in numbers))

    def point_at(self, x: PyTree) -> ParetoPoint:
        """A point; one application of A and of A.H."""
        return self.point(x, vec.add(self.b, self.A.mv(x), -1.0))

    def zero(self) -> ParetoPoint:
        """The point zero; one application of A.H."""
        return self.point(vec.zeros(self.A.in_structure()), self.b)

    @property
    def dtype(self) -> Any:
        """Of the numbers of a method."""
        return vec.real_dtype((self.A.in_structure(), self.b))


class BasisPursuit(ParetoProblem):
    """``min norm(x)`` subject to ``|A x - b| <= sigma``, a pytree; basis pursuit for ``sigma = 0``.

    Arguments:
        A: linear operator; real, complex, or linear over the real numbers only.
        b: data, of the structure of the range of ``A``.
        sigma: a number >= 0 in units of b, for instance the norm of the noise.
        norm: ``L1()`` by default; weighted norms and norms of groups too.

    Raises ValueError if ``b`` does not fit ``A``, for a negative sigma, or if ``norm`` is not a norm.

    ```python
    solution = solve(BasisPursuit(A, b, sigma=0.1), SPGL1(), max_steps=500)
    ```
    """

    A: LinearOperator
    b: PyTree
    sigma: Array
    norm: Norm

    def __init__(self, A: LinearOperator, b: PyTree, sigma: Any = 0.0, norm: Norm | None = None):
        self.A, self.b, self.norm = _parts(A, b, norm)
        self.sigma = _level("sigma", sigma, self.dtype)

    def in_units(self, size: Array) -> Any:
        parts = vec.scale(1 / size, self.b), self.sigma / size
        return eqx.tree_at(lambda p: (p.b, p.sigma), self, parts)

    def first(self, at: ParetoPoint, tolerance: Array) -> Interval:
        low = at.least_tau(self._aim(tolerance))
        return Interval(low, low, jnp.full_like(low, jnp.inf))

    def following(self, at: ParetoPoint, interval: Interval, tolerance: Array, still: Array) -> Interval:
        aim, tau = self._aim(tolerance), interval.tau
        above = at.misfit - aim
        low = jnp.maximum(interval.low, at.least_tau(aim))
        up = jnp.where(above > 0, interval.up, jnp.minimum(interval.up, self.norm(at.x).astype(self.dtype)))
        least = at.least_misfit(tau)
        certain = still | (at.misfit - least <= _CERTAIN * abs(above))
        # Far above sigma it would be found out late that tau is too large; the bound never leads there.
        phi = jnp.where(still | (at.misfit <= _NEAR * aim), at.misfit, least)
        newton = tau + vec.over((phi - aim) * at.misfit, at.slope)
        # Below sigma tau is too large, whatever the misfit of this tau is, and Newton's step may be too short.
        moved = jnp.where(certain, newton, jnp.where(above < 0, (low + tau) / 2, tau))
        return Interval(jnp.where(moved == tau, tau, jnp.maximum(jnp.minimum(moved, up), low)), low, up)

    def is_solved(self, at: ParetoPoint, tau: Array, tolerance: Array) -> Array:
        close = abs(at.misfit - self._aim(tolerance)) <= tolerance / 2
        best = at.misfit - at.least_misfit(tau) <= tolerance
        return (close & best) | ((tau == 0) & (at.misfit <= self.sigma))

    def is_infeasible(self, at: ParetoPoint, tolerance: Array) -> Array:
        return (at.misfit > self.sigma + tolerance) | (self.sigma < 0)

    def _aim(self, tolerance: Array) -> Array:
        """sigma, but more than zero, so that tau can be found to be too large for it."""
        return jnp.maximum(self.sigma, tolerance / 2)


class Lasso(ParetoProblem):
    """``min |A x - b|`` subject to ``norm(x) <= tau``, a pytree.

    Arguments:
        A, b, norm: as for ``BasisPursuit``.
        tau: a number >= 0 in units of the norm of x.

    Raises ValueError if ``b`` does not fit ``A``, for a negative tau, or if ``norm`` is not a norm.

    ```python
    solution = solve(Lasso(A, b, tau=3.0), SPGL1(), max_steps=500)
    ```
    """

    A: LinearOperator
    b: PyTree
    tau: Array
    norm: Norm

    def __init__(self, A: LinearOperator, b: PyTree, tau: Any, norm: Norm | None = None):
        self.A, self.b, self.norm = _parts(A, b, norm)
        self.tau = _level("tau", tau, self.dtype)

    def in_units(self, size: Array) -> Any:
        parts = vec.scale(1 / size, self.b), self.tau / size
        return eqx.tree_at(lambda p: (p.b, p.tau), self, parts)

    def first(self, at: ParetoPoint, tolerance: Array) -> Interval:
        return Interval(self.tau, self.tau, self.tau)

    def following(self, at: ParetoPoint, interval: Interval, tolerance: Array, still: Array) -> Interval:
        return interval

    def is_solved(self, at: ParetoPoint, tau: Array, tolerance: Array) -> Array:
        return at.misfit - jnp.maximum(at.least_misfit(tau), 0) <= tolerance

    def is_infeasible(self, at: ParetoPoint, tolerance: Array) -> Array:
        return self.tau < 0


def _parts(A: LinearOperator, b: PyTree, norm: Norm | None) -> tuple[LinearOperator, PyTree, Norm]:
    check_operator("A", A)
    norm = L1() if norm is None else norm
    _checks.kind_is("norm", norm, Norm, "a norm, for instance L1(weights)")
    return A, as_operand(f"b, the data of {A.name}", A.broadcast_output(b), A.out_structure(), A.out_axes()), norm


def _level(name: str, value: Any, dtype: Any) -> Array:
    check_tolerance(name, value)
    return jnp.asarray(value, dtype)
