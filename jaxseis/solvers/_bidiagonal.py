"""What LSQR and LSMR share: the bidiagonalization of Golub and Kahan, and when to stop.

    beta_1 u_1 = c,                                alpha_1 v_1 = B.H u_1
    beta_{k+1} u_{k+1} = B v_k - alpha_k u_k,      alpha_{k+1} v_{k+1} = B.H u_{k+1} - beta_{k+1} v_k

All u have norm 1, and all v. Paige and Saunders (1982), ACM TOMS 8, 43-71, have the stopping rules.
"""

from functools import reduce
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_tolerance
from jaxseis.solvers._standard_form import StandardForm, standard_form
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status


class Bidiagonal(eqx.Module):
    """The newest vectors and entries of the bidiagonalization."""

    u: PyTree
    v: PyTree
    alpha: Array
    beta: Array


def begin(form: StandardForm) -> Bidiagonal:
    """The first vectors, from the data."""
    return _with_v(form, form.data(), vec.zeros(form.problem.unknown_structure()))


def advance(form: StandardForm, last: Bidiagonal) -> Bidiagonal:
    """The next vectors: one application of B and one of its adjoint."""
    return _with_v(form, vec.add(form.forward(last.v), last.u, -last.alpha), last.v)


def _with_v(form: StandardForm, u: PyTree, v: PyTree) -> Bidiagonal:
    beta, u = _normalized(u, form.problem.dtype)
    alpha, v = _normalized(vec.add(form.adjoint(u), v, -beta), form.problem.dtype)
    return Bidiagonal(u, v, alpha, beta)


def _normalized(x: PyTree, dtype: Any) -> tuple[Array, PyTree]:
    """The norm and the vector of norm 1; zero stays zero."""
    norm = vec.norm(x).astype(dtype)
    return norm, vec.scale(1 / jnp.where(norm > 0, norm, 1), x)


def hypot(*parts: Array) -> Array:
    """The root of a sum of squares that the precision may not hold, for the stopping rules: without derivatives."""
    return reduce(jnp.hypot, jax.lax.stop_gradient(parts))


def rotation(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """The c, s, r of the plane rotation that makes ``(a, b)`` into ``(r, 0)``, r >= 0."""
    r = jnp.hypot(a, b)
    safe = jnp.where(r > 0, r, 1)
    return a / safe, b / safe, r


class Estimates(eqx.Module):
    """Norms, as far as a method knows them.

    ``total`` is that of ``(b - A x, damping x)``, ``gradient`` that of ``R.H (A.H (b - A x) - damping^2 x)``.
    """

    total: Array
    gradient: Array
    operator: Array
    condition: Array
    solution: Array
    data: Array

    def fits(self, atol: Any, btol: Any) -> Array:
        """Whether ``A x = b`` holds for an A and a b within these relative errors."""
        return self.total <= btol * self.data + atol * self.operator * self.solution

    def is_stationary(self, atol: Any, alpha: Array) -> Array:
        """Whether x solves the problem for an A within this relative error."""
        # A gradient of zero is one only where the bidiagonalization has ended: otherwise the product underflowed.
        hidden = (self.gradient == 0) & (alpha > 0) & (self.total > 0)
        return (self.gradient <= atol * self.operator * self.total) & ~hidden


def first_estimates(form: StandardForm, first: Bidiagonal, y: PyTree) -> Estimates:
    """What is known before the first step."""
    zero, one = (jnp.asarray(v, form.problem.dtype) for v in (0, 1))
    solution = vec.norm(form.value(y)).astype(form.problem.dtype)
    data = vec.norm(form.problem.b).astype(form.problem.dtype)
    return Estimates(first.beta, first.alpha * first.beta, zero, one, solution, data)


class BidiagonalSolver(Solver):
    """The options and the stopping rules of LSQR and LSMR."""

    atol: float = 1e-6
    btol: float = 1e-6
    conlim: float = 1e8
    problem_type = LeastSquares

    def __check_init__(self):
        for name in ("atol", "btol", "conlim"):
            check_tolerance(name, getattr(self, name))

    def status(self, problem: LeastSquares, state: Any) -> Status:
        known, alpha = state.estimates, state.bidiagonal.alpha
        rounding = jnp.finfo(known.total.dtype).eps / 2
        status = Status.where(known.condition >= 1 / rounding, Status.ill_conditioned, Status.running)
        exact = known.is_stationary(rounding, alpha) | known.fits(rounding, rounding)
        status = Status.where(exact, Status.stagnated, status)
        limited = (self.conlim > 0) & (known.condition >= self.conlim)
        status = Status.where(limited, Status.ill_conditioned, status)
        reached = known.is_stationary(self.atol, alpha) | known.fits(self.atol, self.btol)
        return Status.where(reached, Status.converged, status)

    def value(self, problem: LeastSquares, state: Any) -> PyTree:
        return standard_form(problem, state.origin).value(state.y)

    def measures(self, problem: LeastSquares, state: Any) -> dict[str, Array]:
        known = state.estimates
        damped = problem.damping.astype(known.total.dtype) * known.solution
        return {
            "residual": known.total * jnp.sqrt(jnp.maximum(1 - vec.over(damped, known.total) ** 2, 0)),
            "gradient": known.gradient,
            "solution": known.solution,
            "operator": known.operator,
            "condition": known.condition,
        }
