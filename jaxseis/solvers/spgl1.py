"""SPGL1: basis pursuit denoise and the lasso by spectral projected gradients.

Each step goes from x towards the projection of a gradient step onto the ball of radius tau,

    p = P(x + a A.H r, tau),    x <- x + t (p - x),    a <- |p - x|^2 / |A (p - x)|^2

with a the inverse curvature along the last change (Barzilai and Borwein), and ``t = 1`` if the misfit at p is below the
largest of the last ones, else the t of the least misfit between x and p. Both follow from A p, so that a step
costs one application of A and one of A.H, always. Between steps tau moves along the Pareto curve towards sigma, as soon
as the misfit for this tau is known well enough; see ``pareto.py``.

van den Berg and Friedlander, SIAM J. Sci. Comput. 31 (2008); the projected gradients are those of Birgin, Martinez and
Raydan, SIAM J. Optim. 10 (2000), with the search along the segment made exact.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals.norm import Norm
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_operand, inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_count, check_tolerance
from jaxseis.solvers.pareto import BasisPursuit, Interval, Lasso, ParetoPoint, ParetoProblem
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

_DECREASE = 1e-4  # of what the gradient promises
_FORGIVEN = 8  # units in the last place of the square of a misfit, which rounding may add
_ROUNDING = 64  # units in the last place of |b|, to which misfits can be told apart


class SPGL1State(eqx.Module):
    """The point, tau, the length a, the last squares of the misfit, and the slope over misfit at the start.

    All for b and x divided by ``|b|``, ``size``. ``still`` counts the last steps that did not change x.
    """

    at: ParetoPoint
    interval: Interval
    length: Array
    last: Array
    size: Array
    first_slope: Array
    still: Array


class SPGL1(Solver):
    """SPGL1, a Solver of ``BasisPursuit`` and ``Lasso``. One application of ``A`` and one of ``A.H`` a step.

    Arguments:
        rtol: tolerance of misfits relative to ``|b|``; not less than 64 units in the last place are asked for. A
            lasso has converged when no x in the ball has a misfit smaller by more than this; basis pursuit when that
            holds and ``sigma <= |A x - b| <= sigma + rtol |b|``. Its norm is then at most that of the solution, up to
            the same tolerance. Where the precision does not allow to tell, the status is ``stagnated``; so it often is
            for ``sigma = 0`` in single precision, with x close to the solution.
        gtol: x counts as a least-squares solution when ``|A.H r|_* / |r|`` is less than this times its value at
            x = 0, not less than 64 units in the last place; if sigma is still smaller than ``|r|`` the problem is taken
            to be infeasible. That is no proof: an A with very small singular values needs a smaller gtol.
        memory: how many of the last misfits a new one is compared with.

    Measures: "residual" ``|b - A x|``, "norm" of x, "tau", "gap" between the residual and what it is at least for this
    tau, and "multiplier" ``|A.H r|_*``; the slope of the Pareto curve is minus multiplier over residual.

    ```python
    solution = solve(BasisPursuit(A, b, sigma=0.1), SPGL1(rtol=1e-8), max_steps=500)
    ```
    """

    rtol: float = 1e-6
    gtol: float = 1e-6
    memory: int = eqx.field(static=True, default=10)

    problem_type = BasisPursuit | Lasso
    state_type = SPGL1State

    def __check_init__(self):
        check_tolerance("rtol", self.rtol)
        check_tolerance("gtol", self.gtol)
        check_count("memory", self.memory)

    def init(self, problem: ParetoProblem, start: PyTree) -> SPGL1State:
        size = vec.norm(problem.b).astype(problem.dtype)
        size = jnp.where(size > 0, size, 1)
        x = None if start is None else vec.scale(1 / size, _as_start(problem, start))
        problem = problem.in_units(size)
        at = problem.zero() if x is None else problem.point_at(x)
        first_slope, interval = vec.over(at.slope, at.misfit, 1), problem.first(at, self._tolerance(size))
        if x is not None:  # zero lies in every ball
            at = problem.point_at(problem.norm.project(x, interval.tau))
        length = vec.over(at.misfit, vec.norm(at.g), 1) ** 2  # at least the inverse of the largest curvature
        last = jnp.full(self.memory, at.misfit**2)
        return SPGL1State(at, interval, length, last, size, first_slope, jnp.asarray(0))

    def step(self, problem: ParetoProblem, state: SPGL1State) -> SPGL1State:
        problem, at, before = problem.in_units(state.size), state.at, state.interval.tau
        interval = problem.following(at, state.interval, self._tolerance(state.size), state.still > 0)
        p = problem.norm.project(vec.add(at.x, at.g, state.length), interval.tau)
        r = vec.add(problem.b, problem.A.mv(p), -1.0)
        moved, change = vec.add(p, at.x, -1.0), vec.add(r, at.r, -1.0)
        slope, square, bend = inner(at.g, moved), inner(moved, moved), inner(change, change)
        # from outside a ball that has shrunk, all the way
        enough = jnp.max(state.last) * (1 + _FORGIVEN * jnp.finfo(problem.dtype).eps) - 2 * _DECREASE * slope
        whole = (interval.tau < before) | (inner(r, r) <= enough)
        t = jnp.where(whole, 1, jnp.clip(vec.over(slope, bend, 1), 0, 1))
        new = problem.point(vec.add(at.x, moved, t), vec.add(at.r, change, t))
        length = jnp.where(bend > 0, vec.over(square, bend, 1), state.length).astype(problem.dtype)
        still = (t**2 * square <= (jnp.finfo(problem.dtype).eps * vec.norm(at.x)) ** 2) & (interval.tau == before)
        still = jnp.where(still, state.still + 1, 0)
        last = jnp.concatenate([state.last[1:], new.misfit[None] ** 2])
        return SPGL1State(new, interval, length, last, state.size, state.first_slope, still)

    def status(self, problem: ParetoProblem, state: SPGL1State) -> Status:
        problem, at, tolerance = problem.in_units(state.size), state.at, self._tolerance(state.size)
        settled = at.slope <= _above_rounding(self.gtol, state.size) * state.first_slope * at.misfit
        status = Status.where(state.still > 1, Status.stagnated, Status.running)
        status = Status.where(settled & problem.is_infeasible(at, tolerance), Status.infeasible, status)
        return Status.where(problem.is_solved(at, state.interval.tau, tolerance), Status.converged, status)

    def value(self, problem: ParetoProblem, state: SPGL1State) -> PyTree:
        return vec.scale(state.size, state.at.x)

    def measures(self, problem: ParetoProblem, state: SPGL1State) -> dict[str, Array]:
        at, tau = state.at, state.interval.tau
        gap = at.misfit - jnp.maximum(at.least_misfit(tau), 0)
        norm = problem.norm(at.x)
        relative = {"residual": at.misfit, "norm": norm, "tau": tau, "gap": gap, "multiplier": at.slope}
        return {name: state.size * value for name, value in relative.items()}

    def _tolerance(self, size: Array) -> Array:
        return _above_rounding(self.rtol, size)


def _above_rounding(tolerance: Any, like: Array) -> Array:
    return jnp.maximum(tolerance, _ROUNDING * jnp.finfo(like.dtype).eps).astype(like.dtype)


def spgl1(
    A: LinearOperator,
    b: PyTree,
    sigma: Any = 0.0,
    norm: Norm | None = None,
    start: PyTree = None,
    max_steps: int = 1000,
    driver: Driver | None = None,
    state: SPGL1State | None = None,
    **options: Any,
) -> Solution:
    """``min norm(x)`` subject to ``|A x - b| <= sigma``: basis pursuit denoise, basis pursuit for ``sigma = 0``.

    Arguments:
        A, b, sigma, norm: of the problem, see ``BasisPursuit``; the norm is ``L1()`` by default.
        start, max_steps, driver, state: of the run, see ``solve``; the start is zero by default.
        options: those of ``SPGL1``.

    Returns a Solution; its status is ``infeasible`` if no x comes as close to b as sigma. Errors as in
    ``BasisPursuit``.

    ```python
    solution = spgl1(A, b, sigma=0.1, norm=L1(weights))
    ```
    """
    return solve(BasisPursuit(A, b, sigma, norm), SPGL1(**options), start, max_steps, driver, state)


def lasso(
    A: LinearOperator,
    b: PyTree,
    tau: Any,
    norm: Norm | None = None,
    start: PyTree = None,
    max_steps: int = 1000,
    driver: Driver | None = None,
    state: SPGL1State | None = None,
    **options: Any,
) -> Solution:
    """``min |A x - b|`` subject to ``norm(x) <= tau``.

    Arguments:
        A, b, tau, norm: of the problem, see ``Lasso``; the norm is ``L1()`` by default.
        start, max_steps, driver, state: of the run, see ``solve``; the start is zero by default.
        options: those of ``SPGL1``.

    Returns a Solution. Errors as in ``Lasso``.

    ```python
    misfits = [lasso(A, b, tau).curves()["residual"][-1] for tau in radii]  # the Pareto curve
    ```
    """
    return solve(Lasso(A, b, tau, norm), SPGL1(**options), start, max_steps, driver, state)


def _as_start(problem: ParetoProblem, start: PyTree) -> PyTree:
    A = problem.A
    return as_operand(f"start, in the domain of {A.name}", start, A.in_structure(), A.in_axes())
