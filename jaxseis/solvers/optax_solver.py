"""The gradient transformations of optax as solvers: Adam, SGD, L-BFGS with its line searches, and chains of them.

x <- x + u,    u what the transformation makes of the gradient
"""

from typing import Any

import equinox as eqx
import optax

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import tree_conj
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._descent import as_start
from jaxseis.solvers.objective import value_and_grad, without_constraints
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status


class _State(eqx.Module):
    x: PyTree
    value: Array
    gradient: PyTree
    first: Array
    inner: Any


class OptaxSolver(Solver):
    """A gradient transformation of optax, a Solver of real functions.

    Arguments:
        transformation: for instance ``optax.adam(1e-2)``, or ``optax.lbfgs()``; line searches get the objective.
        rtol, atol: converged where ``|gradient| <= atol + rtol |gradient at the start|``.

    One evaluation of value and gradient a step, beside those of a line search. The problem is a function that JAX can
    differentiate or an object with ``value_and_grad(x)``; that may be outside JAX if there is no line search, with the
    driver ``Host(compiled=False)``. Complex x get the gradient of steepest ascent.
    Measures: "objective", "gradient" (its norm).

    ```python
    solution = solve(lambda x: jnp.sum((x - 1.0) ** 2), OptaxSolver(optax.adam(0.1)), jnp.zeros(3), max_steps=500)
    ```
    """

    transformation: optax.GradientTransformation = eqx.field(static=True)
    rtol: float = 1e-6
    atol: float = 0.0

    state_type = _State

    def init(self, problem: Any, start: PyTree) -> _State:
        without_constraints("problem of OptaxSolver", problem, "LBFGS takes bounds, SPG and PQN any convex set.")
        x = as_start(start)
        value, gradient = value_and_grad(problem, x)
        return _State(x, value, gradient, vec.norm(gradient), self.transformation.init(x))

    def step(self, problem: Any, state: _State) -> _State:
        # The direction follows the gradient of Re sum conj(x) y; line searches expect the one of jax.grad.
        update = optax.with_extra_args_support(self.transformation).update
        extra = {"value": state.value, "grad": tree_conj(state.gradient), "value_fn": _Value(problem)}
        updates, inner = update(state.gradient, state.inner, state.x, **extra)
        x = optax.apply_updates(state.x, updates)
        value, gradient = value_and_grad(problem, x)
        return _State(x, value, gradient, state.first, inner)

    def status(self, problem: Any, state: _State) -> Status:
        reached = vec.norm(state.gradient) <= self.atol + self.rtol * state.first
        return Status.where(reached, Status.converged, Status.running)

    def value(self, problem: Any, state: _State) -> PyTree:
        return state.x

    def measures(self, problem: Any, state: _State) -> dict[str, Array]:
        return {"objective": state.value, "gradient": vec.norm(state.gradient)}


class _Value(eqx.Module):
    problem: Any

    def __call__(self, x: PyTree) -> Array:
        return self.problem.value_and_grad(x)[0] if hasattr(self.problem, "value_and_grad") else self.problem(x)


def descend(
    objective: Any,
    start: PyTree,
    transformation: optax.GradientTransformation,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    **options: Any,
) -> Solution:
    """``min f(x)`` by a gradient transformation of optax.

    Arguments:
        objective: f, see ``OptaxSolver``.
        transformation: for instance ``optax.adam(1e-2)``.
        start, max_steps, driver, state: of the run, see ``solve``.
        options: of ``OptaxSolver``: rtol, atol.

    Returns a Solution.

    ```python
    x = descend(lambda x: jnp.sum((x - 1.0) ** 2), jnp.zeros(3), optax.lbfgs()).value
    ```
    """
    return solve(objective, OptaxSolver(transformation, **options), start, max_steps, driver, state)
