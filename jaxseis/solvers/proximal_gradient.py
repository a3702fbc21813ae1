"""Proximal gradient methods for ``min f(x) + g(x)``: ISTA, and FISTA with restarts.

    x_new = prox_g(y - t f'(y), t)
    y_new = x_new + beta (x_new - x)

ISTA has ``beta = 0``. In FISTA ``beta = (s - 1) / s_new`` with ``s_new = (1 + sqrt(1 + 4 s^2)) / 2``, from s = 1; the
momentum is given up, ``s = 1``, when it has begun to do harm. The step t is fixed, at most 1 / L with L the Lipschitz
constant of f', or found by backtracking: it shrinks until the quadratic that it stands for lies above f,

    f(x_new) <= f(y) + <f'(y), x_new - y> + |x_new - y|^2 / (2 t)

Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009); restarts: O'Donoghue and Candes, Found. Comput. Math. 15 (2015).
"""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional, positive_numbers
from jaxseis.functionals.l1 import L1
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._loop import while_loop
from jaxseis.solvers._options import check_count, check_option, check_tolerance
from jaxseis.solvers.composite import Composite, Imaged
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

_FORGIVEN = 8  # units in the last place of f, which rounding may add


class Trial(eqx.Module):
    """A point that was tried: f there, the step that led to it, whether it was accepted, and how many were tried."""

    at: Imaged
    value: Array
    step: Array
    accepted: Array
    count: Array


class FixedStep(eqx.Module):
    """The same step always.

    Arguments:
        step: t > 0, at most ``1 / L``; for least squares L is the square of the norm of A.

    Raises ValueError for a step that is not positive.

    ```python
    FISTA(FixedStep(1 / operator_norm(A) ** 2))
    ```
    """

    step: Array

    def __init__(self, step: Any):
        self.step = positive_numbers("step", step)

    def first(self, problem: Composite, x: Imaged) -> Array:
        """The step to begin with."""
        return self.step.astype(vec.real_dtype(x.x))

    def search(self, problem: Composite, y: Imaged, value: Array, gradient: PyTree, step: Array) -> Trial:
        """The point that the step leads to."""
        at = _forward_backward(problem, y, gradient, step)
        return Trial(at, problem.smooth.value(at), step, jnp.asarray(True), jnp.asarray(1))


class Backtracking(eqx.Module):
    """Steps that shrink as far as the curvature of f asks for.

    Arguments:
        initial: the first step; by default the inverse of the second derivative of f along its gradient, which costs
            one application of A and one of A.H. Give one where f cannot be differentiated twice.
        shrink: the factor between trials, in (0, 1).
        growth: the factor from one step to the first trial of the next, from 1 on. Above 1 steps adapt to the curvature
            along the way, but FISTA without restarts loses its rate.
        max_trials: how often a step may be shortened.

    ```python
    ISTA(Backtracking(growth=1.2))
    ```
    """

    initial: Any = None
    shrink: float = 0.5
    growth: float = 1.0
    max_trials: int = 60

    def __check_init__(self):
        if self.initial is not None:
            positive_numbers("initial", self.initial)
        check_option("shrink", self.shrink, "a number in (0, 1)", lambda v: 0 < v < 1)
        check_option("growth", self.growth, "a number from 1 on", lambda v: v >= 1)
        check_count("max_trials", self.max_trials)

    def first(self, problem: Composite, x: Imaged) -> Array:
        """The step to begin with."""
        if self.initial is not None:
            return jnp.asarray(self.initial, vec.real_dtype(x.x))
        gradient = problem.smooth.value_and_grad(x)[1]
        slope = vec.norm(gradient)
        direction = vec.scale(1 / jnp.where(slope > 0, slope, 1), gradient)
        bend = abs(problem.smooth.second_derivative(x.x, direction))
        return vec.over(jnp.ones_like(bend), bend, 1).astype(vec.real_dtype(x.x))

    def search(self, problem: Composite, y: Imaged, value: Array, gradient: PyTree, step: Array) -> Trial:
        """The first of the points, as the step shrinks, for which the quadratic lies above f."""

        def tried(step: Array, count: Any) -> Trial:
            at = _forward_backward(problem, y, gradient, step)
            moved = vec.add(at.x, y.x, -1.0)
            bound = value + inner(gradient, moved) + inner(moved, moved) / (2 * step)
            found = problem.smooth.value(at)
            rounding = _FORGIVEN * jnp.finfo(found.dtype).eps * abs(value)
            return Trial(at, found, step, found <= bound + rounding, jnp.asarray(count))

        def fails(trial: Trial) -> Array:
            return ~trial.accepted & (trial.count < self.max_trials)

        return while_loop(fails, lambda t: tried(self.shrink * t.step, t.count + 1), tried(self.growth * step, 1))


def _forward_backward(problem: Composite, y: Imaged, gradient: PyTree, step: Array) -> Imaged:
    return problem.smooth.imaged(problem.functional.prox(vec.add(y.x, gradient, -step), step))


StepRule = FixedStep | Backtracking


class ProximalState(eqx.Module):
    """Point x, the y of the next step, the s of the momentum, step t, f + g, ``|x_new - y|`` and trials so far."""

    at: Imaged
    ahead: Imaged
    momentum: Array
    step: Array
    objective: Array
    moved: Array
    trials: Array
    lost: Array


class ProximalGradient(Solver):
    """What ISTA and FISTA have in common."""

    step_rule: eqx.AbstractVar[StepRule]
    rtol: eqx.AbstractVar[float]

    problem_type = Composite
    state_type = ProximalState

    def __check_init__(self):
        _checks.kind_is("step_rule", self.step_rule, StepRule, "FixedStep(t) or Backtracking()")
        check_tolerance("rtol", self.rtol)

    @abstractmethod
    def momentum(self, state: ProximalState, at: Imaged, objective: Array) -> tuple[Array, Array]:
        """The next s, and beta."""

    def init(self, problem: Composite, start: PyTree) -> ProximalState:
        f, g = problem.smooth, problem.functional
        at = f.imaged(g.prox(f.start(start), 0.0))  # a step of zero leads to where g is finite
        objective = f.value(at) + g(at.x)
        one, zero = jnp.ones_like(objective), jnp.asarray(0)
        step = self.step_rule.first(problem, at)
        return ProximalState(at, at, one, step, objective, jnp.inf * one, zero, jnp.asarray(False))

    def step(self, problem: Composite, state: ProximalState) -> ProximalState:
        value, gradient = problem.smooth.value_and_grad(state.ahead)
        trial = self.step_rule.search(problem, state.ahead, value, gradient, state.step)
        reached = (trial.value + problem.functional(trial.at.x)).astype(state.objective.dtype)
        # without an acceptable point x stays where it is
        at, objective = vec.where(trial.accepted, (trial.at, reached), (state.at, state.objective))
        momentum, beta = self.momentum(state, at, objective)
        moved = vec.norm(vec.add(at.x, state.ahead.x, -1.0)).astype(objective.dtype)
        ahead, trials = at.ahead_of(state.at, beta), state.trials + trial.count
        return ProximalState(at, ahead, momentum, trial.step, objective, moved, trials, ~trial.accepted)

    def status(self, problem: Composite, state: ProximalState) -> Status:
        still = state.moved <= self.rtol * vec.norm(state.at.x)
        status = Status.where(state.lost, Status.line_search, Status.running)
        return Status.where(still & ~state.lost, Status.converged, status)

    def value(self, problem: Composite, state: ProximalState) -> PyTree:
        return state.at.x

    def measures(self, problem: Composite, state: ProximalState) -> dict[str, Array]:
        trials = state.trials.astype(state.objective.dtype)
        return {"objective": state.objective, "step": state.step, "trials": trials}


class ISTA(ProximalGradient):
    """The proximal gradient method, a Solver of ``Composite``; with f least squares, iterative soft thresholding.

    A step evaluates the gradient of f once and f once for each trial; for least squares, one application of A.H, and
    one of A for each trial. A start at which g is infinite is moved to the nearest point at which it is not.

    Arguments:
        step_rule: ``Backtracking()`` or ``FixedStep(t)``.
        rtol: converged when ``|x_new - y| <= rtol |x_new|``, at a fixed point of the step.

    Measures: "objective" f + g, "step" t, "trials" the number of points tried so far.

    ```python
    solution = solve(Composite(LeastSquares(A, b), 0.1 * L1()), ISTA(), max_steps=500)
    ```
    """

    step_rule: StepRule = Backtracking()
    rtol: float = 1e-6

    def momentum(self, state: ProximalState, at: Imaged, objective: Array) -> tuple[Array, Array]:
        return state.momentum, jnp.zeros_like(objective)


class FISTA(ProximalGradient):
    """The accelerated proximal gradient method, a Solver of ``Composite``. Costs and measures are those of ``ISTA``.

    Arguments:
        step_rule: ``Backtracking()`` or ``FixedStep(t)``.
        restart: what ends the momentum: "gradient", a step against the last change of x,
            ``<y - x_new, x_new - x> > 0``; "function", a rise of f + g; or "never".
        rtol: converged when ``|x_new - y| <= rtol |x_new|``, at a fixed point of the step.

    Raises ValueError for another name of a restart.

    ```python
    solution = solve(Composite(LeastSquares(A, b), 0.1 * L1()), FISTA(restart="function"), max_steps=500)
    ```
    """

    step_rule: StepRule = Backtracking()
    restart: str = "gradient"
    rtol: float = 1e-6

    def __check_init__(self):
        if self.restart not in _RESTARTS:
            raise _checks.fail("restart", f"one of {', '.join(_RESTARTS)}", repr(self.restart))

    def momentum(self, state: ProximalState, at: Imaged, objective: Array) -> tuple[Array, Array]:
        s = jnp.where(_RESTARTS[self.restart](state, at, objective), 1, state.momentum)
        following = (1 + jnp.sqrt(1 + 4 * s**2)) / 2
        return following, (s - 1) / following


def _backwards(state: ProximalState, at: Imaged, objective: Array) -> Array:
    return inner(vec.add(state.ahead.x, at.x, -1.0), vec.add(at.x, state.at.x, -1.0)) > 0


_RESTARTS = {
    "gradient": _backwards,
    "function": lambda state, at, objective: objective > state.objective,
    "never": lambda state, at, objective: False,
}


def ista(
    A: LinearOperator,
    b: PyTree,
    weight: Any,
    functional: Functional | None = None,
    start: PyTree = None,
    max_steps: int = 1000,
    driver: Driver | None = None,
    state: ProximalState | None = None,
    **options: Any,
) -> Solution:
    """``min 1/2 |A x - b|^2 + weight g(x)`` by the proximal gradient method.

    Arguments:
        A, b: linear operator and data.
        weight: a number > 0.
        functional: g; ``L1()`` by default.
        start, max_steps, driver, state: as for ``solve``; the start is zero by default.
        options: those of ``ISTA``.

    Returns a Solution. Raises ValueError as ``LeastSquares`` and ``ISTA`` do, and for a weight that is not positive.

    ```python
    solution = ista(A, b, weight=0.1, max_steps=2000)
    ```
    """
    problem = Composite(LeastSquares(A, b), weight * (L1() if functional is None else functional))
    return solve(problem, ISTA(**options), start, max_steps, driver, state)


def fista(
    A: LinearOperator,
    b: PyTree,
    weight: Any,
    functional: Functional | None = None,
    start: PyTree = None,
    max_steps: int = 1000,
    driver: Driver | None = None,
    state: ProximalState | None = None,
    **options: Any,
) -> Solution:
    """``min 1/2 |A x - b|^2 + weight g(x)`` by the accelerated proximal gradient method.

    Arguments:
        A, b: linear operator and data.
        weight: a number > 0.
        functional: g; ``L1()`` by default.
        start, max_steps, driver, state: as for ``solve``; the start is zero by default.
        options: those of ``FISTA``.

    Returns a Solution. Raises ValueError as ``LeastSquares`` and ``FISTA`` do, and for a weight that is not positive.

    ```python
    z = fista(A @ C.H, b, weight=0.1).value  # the coefficients of a tight frame C
    x = C.H @ z
    ```
    """
    problem = Composite(LeastSquares(A, b), weight * (L1() if functional is None else functional))
    return solve(problem, FISTA(**options), start, max_steps, driver, state)
