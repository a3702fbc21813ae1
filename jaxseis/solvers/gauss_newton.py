"""Gauss-Newton with conjugate gradients, for nonlinear least squares.

    minimise 1/2 |r(x)|^2;    d = argmin |r + J d|^2 + damping^2 |d|^2,    J = r'(x)

CGLS solves the linear problem, never better than the progress of the steps before deserves: with the gradient
g = J.H r, to the relative residual ``eta = 0.9 (|g| / |g before|)^2`` (Eisenstat and Walker, choice 2). Two rules say
how far to go along d: an Armijo search without damping, or a damping in the manner of Levenberg and Marquardt, raised
where the linear model is wrong and lowered where it is right.

A step takes one evaluation of r for each trial, one application of J and J.H for each inner step, and one more of J.H.

Nocedal and Wright, Numerical Optimization (2006), chapter 10; Eisenstat and Walker, SIAM J. Sci. Comput. 17 (1996);
Madsen, Nielsen and Tingleff, Methods for Non-Linear Least Squares Problems (2004), section 3.2.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_inexact, inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._descent import Descent, Progress, as_start, first_length
from jaxseis.solvers._inner import run_inner
from jaxseis.solvers._loop import cond
from jaxseis.solvers._options import check_count, check_part
from jaxseis.solvers.cgls import CGLS
from jaxseis.solvers.line_search import Armijo, Evaluate, Searched
from jaxseis.solvers.nonlinear_least_squares import NonlinearLeastSquares
from jaxseis.solvers.objective import Point
from jaxseis.solvers.solve import Driver, Solution, solve


class StepRule(eqx.Module):
    """How far to go along the direction of a Gauss-Newton step."""

    @abstractmethod
    def first(self, x: PyTree, gradient: PyTree) -> Array:
        """The damping of the first step."""

    @abstractmethod
    def take(self, evaluate: Evaluate, start: Point, d: PyTree, predicted: Array, damping: Array) -> "Taken":
        """A point along ``d``; ``predicted`` is the decrease that the linear model sees at its end."""


class Taken(eqx.Module):
    """What a rule found, the damping of the next step, and whether there is no hope for one."""

    searched: Searched
    damping: Array
    lost: Array


class Searching(StepRule):
    """No damping, and an Armijo search along each direction.

    ```python
    GaussNewton(rule=Searching(Armijo(max_trials=5)))
    ```
    """

    search: Armijo = Armijo()

    def first(self, x: PyTree, gradient: PyTree) -> Array:
        return jnp.zeros_like(vec.norm(x))

    def take(self, evaluate: Evaluate, start: Point, d: PyTree, predicted: Array, damping: Array) -> Taken:
        searched = self.search.search(evaluate, start, lambda t: vec.add(start.x, d, t), start.value[None])
        return Taken(searched, damping, ~searched.found)


class Damping(StepRule):
    """The whole direction, or none of it, and a damping that follows how well the linear model predicts.

    Arguments:
        change: the first damping makes steps about so many times as long as x, or shorter.
        accepted: a point is taken if the decrease is more than this part of what was predicted.
        growth: factor of ``damping^2`` after a point that is not taken.

    ```python
    GaussNewton(rule=Damping())
    ```
    """

    change: float = 1.0
    accepted: float = 1e-3
    growth: float = 4.0

    def first(self, x: PyTree, gradient: PyTree) -> Array:
        return jnp.sqrt(1 / first_length(x, gradient, self.change))

    def take(self, evaluate: Evaluate, start: Point, d: PyTree, predicted: Array, damping: Array) -> Taken:
        point = evaluate(vec.add(start.x, d))
        gain = (start.value - point.value) / predicted
        found = gain > self.accepted
        factor = jnp.where(found, jnp.maximum(1 / 3, 1 - (2 * gain - 1) ** 3), self.growth)
        tiny = vec.norm(d) <= jnp.finfo(damping.dtype).eps * vec.norm(start.x)
        point = cond(found, lambda: point, lambda: start)
        searched = Searched(point, found.astype(predicted.dtype), jnp.asarray(1), found)
        return Taken(searched, damping * jnp.sqrt(factor).astype(damping.dtype), ~found & tiny)


class GaussNewtonState(eqx.Module):
    """Point, the inner solver at its start, what the next step needs to know, and progress.

    ``inner`` holds minus the residual and minus the gradient; ``products`` counts the inner steps so far.
    """

    point: Point
    inner: Any
    forcing: Array
    damping: Array
    products: Array
    progress: Progress


class GaussNewton(Descent):
    """Gauss-Newton for ``NonlinearLeastSquares(residual, jacobian)``.

    Arguments:
        rtol, atol: converged when the norm of ``J.H r`` is ``atol + rtol`` times that of the start.
        rule: ``Searching(...)`` or ``Damping(...)``.
        inner_steps: the largest number of inner steps in one step.
        forcing: the loosest relative residual of the linear problem, and that of the first.

    The damping, and conjugate gradients, treat all entries of x alike: scale them to be of one size.
    Measures: "objective", "gradient", "step", "evaluations" (of r), "products" (of J and J.H each).

    ```python
    solution = solve(NonlinearLeastSquares(residual), GaussNewton(inner_steps=10), start)
    ```
    """

    rtol: float = 1e-6
    atol: float = 0.0
    rule: StepRule = Searching()
    inner_steps: int = eqx.field(static=True, default=20)
    forcing: float = 0.5

    problem_type = NonlinearLeastSquares
    state_type = GaussNewtonState

    def __check_init__(self):
        _checks.kind_is("rule", self.rule, StepRule, "Searching(...) or Damping(...)")
        check_count("inner_steps", self.inner_steps)
        check_part("forcing", self.forcing)

    def init(self, problem: NonlinearLeastSquares, start: PyTree) -> GaussNewtonState:
        point = _evaluate(problem, as_start(start))
        inner = _inner(problem, point, jnp.zeros_like(point.value))
        damping = self.rule.first(point.x, inner.p)
        progress = Progress.begin(inner.gradient)
        forcing = jnp.asarray(self.forcing, inner.gradient.dtype)
        return GaussNewtonState(_bare(point), inner, forcing, damping, jnp.asarray(0), progress)

    def step(self, problem: NonlinearLeastSquares, state: GaussNewtonState) -> GaussNewtonState:
        d, predicted, products = self._direction(problem, state)
        x, b = state.point.x, state.inner.r
        start = Point(x, state.point.value, vec.scale(-1.0, state.inner.p), vec.scale(-1.0, b))
        taken = self.rule.take(lambda x: _evaluate(problem, x), start, d, predicted, state.damping)
        point = taken.searched.point
        inner = cond(taken.searched.found, lambda: _inner(problem, point, state.damping), lambda: state.inner)
        progress = state.progress.after(taken.searched, start, inner.gradient, taken.lost)
        forcing = self._next_forcing(state, progress)
        return GaussNewtonState(_bare(point), inner, forcing, taken.damping, state.products + products, progress)

    def measures(self, problem: NonlinearLeastSquares, state: GaussNewtonState) -> dict[str, Array]:
        measures = super().measures(problem, state)
        return {**measures, "products": state.products.astype(measures["evaluations"].dtype)}

    def _direction(self, problem: NonlinearLeastSquares, state: GaussNewtonState) -> tuple[PyTree, Array, Array]:
        """The direction, the decrease that the linear model predicts, and the number of inner steps."""
        linear, solver = problem.linearized(state.point.x, state.inner.r, state.damping), CGLS(rtol=state.forcing)  # type: ignore[arg-type]
        products, inner_state = run_inner(linear, solver, state.inner, self.inner_steps)
        predicted = state.point.value - 0.5 * inner(inner_state.r, inner_state.r)
        return inner_state.x, predicted, products

    def _next_forcing(self, state: GaussNewtonState, progress: Progress) -> Array:
        eta = 0.9 * (progress.gradient / state.progress.gradient) ** 2
        before = 0.9 * state.forcing**2
        eta = jnp.where(before > 0.1, jnp.maximum(eta, before), eta)
        enough = 0.5 * (self.atol + self.rtol * progress.first) / progress.gradient
        return jnp.clip(jnp.maximum(eta, enough), 1e-8, self.forcing)


def _evaluate(problem: NonlinearLeastSquares, x: PyTree) -> Point:
    """The point with its residual. Searches do not ask for the gradient at trials."""
    r = jax.tree.map(as_inexact, problem.residual(x))
    value = 0.5 * inner(r, r)
    return Point(x, jnp.where(jnp.isfinite(value), value, jnp.inf), vec.zeros(x), r)


def _bare(point: Point) -> Point:
    return Point(point.x, point.value, None)


def _inner(problem: NonlinearLeastSquares, point: Point, damping: Array) -> Any:
    """The inner solver before its first step: it has computed the gradient, whatever the damping."""
    return CGLS().init(problem.linearized(point.x, point.rest, damping), None)


def gauss_newton(
    residual: Callable[[PyTree], PyTree],
    start: PyTree,
    jacobian: Callable[[PyTree], LinearOperator] | None = None,
    max_steps: int = 50,
    driver: Driver | None = None,
    state: GaussNewtonState | None = None,
    **options: Any,
) -> Solution:
    """``min 1/2 |r(x)|^2`` by Gauss-Newton with conjugate gradients.

    Arguments:
        residual, jacobian: of the problem, see ``NonlinearLeastSquares``.
        start: where to begin.
        max_steps, driver, state: as for ``solve``.
        options: those of ``GaussNewton``.

    ```python
    solution = gauss_newton(lambda x: jnp.exp(-x * t) - data, jnp.zeros(()))
    ```
    """
    return solve(NonlinearLeastSquares(residual, jacobian), GaussNewton(**options), start, max_steps, driver, state)
