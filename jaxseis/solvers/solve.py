"""One way to run every solver: compiled as a whole, or step by step from the host.

All drivers take the same steps in the same order, so their results are the same to rounding.
"""

import typing
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._progress import progress
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import as_inexact
from jaxseis.solvers.solver import Solver, State
from jaxseis.solvers.status import Status

Callback = Callable[[int, PyTree, dict[str, Any]], Any]


class Solution(eqx.Module):
    """What a solver found: a pytree.

    ``value`` is the solution, ``status`` how the solver ended, ``steps`` how many it took, ``history`` a
    dictionary of arrays (max_steps + 1,): each measure at the start and after every step, NaN where no step was
    taken. ``state`` is all that is needed to go on: ``solve(problem, solver, state=solution.state)``.
    """

    value: PyTree
    status: Status
    steps: Array
    history: dict[str, Array]
    state: State

    @property
    def converged(self) -> Array:
        """Whether the tolerance was reached."""
        return self.status == Status.converged

    @property
    def reason(self) -> str:
        """How the solver ended, in words."""
        return Status[self.status]

    def curves(self) -> dict[str, np.ndarray]:
        """The history without the rows that no step filled, for plotting; of one solution, not of those of ``vmap``."""
        if np.ndim(self.steps) > 0:
            remedy = "Take one of them: jax.tree.map(lambda v: v[0], solution).curves()."
            raise _checks.fail("curves", "one solution", f"solutions of shape {np.shape(self.steps)}", remedy)
        return {name: np.asarray(values)[: int(self.steps) + 1] for name, values in self.history.items()}

    def required(self) -> "Solution":
        """This solution, or RuntimeError with the reason if the tolerance was not reached; of ``vmap``, by all."""
        missed = np.flatnonzero(~np.asarray(self.converged))
        if missed.size:
            first = jax.tree.map(lambda v: jnp.ravel(v)[missed[0]], (self.steps, self.status))
            which = f"solution {missed[0]} of {np.size(self.steps)} " if np.ndim(self.steps) > 0 else ""
            raise RuntimeError(f"{which}not solved after {int(first[0])} steps. {Status[first[1]]}")
        return self


class Compiled(eqx.Module):
    """Runs a solver as one compiled loop; what ``solve`` does by default, and the only way inside ``jit``.

    Arguments:
        callback: called as ``callback(step, value, measures)`` on the host after every step, if given.
    """

    callback: Callback | None = eqx.field(static=True, default=None)
    compiled: ClassVar[bool] = True

    def run(self, problem: Any, solver: Solver, state: State, max_steps: int) -> Solution:
        """At most so many steps from a state."""
        return _run_compiled(problem, solver, state, max_steps, self.callback)


class Unrolled(eqx.Module):
    """Runs a solver for ``max_steps`` steps by ``jax.lax.scan``: differentiable step by step.

    In forward mode always. In reverse mode where a step has no loop of its own: LSQR, LSMR, CGLS, SPGL1, linearized
    Bregman, the primal-dual method, ISTA and FISTA with ``FixedStep``, gradient transformations without line searches.
    Line searches, backtracking and inner solvers (L-BFGS, PQN, SPG, Gauss-Newton, ADMM) are loops of unknown length,
    which JAX does not differentiate backwards. A solver that ends before is left as it is for the rest.
    """

    compiled: ClassVar[bool] = True

    def run(self, problem: Any, solver: Solver, state: State, max_steps: int) -> Solution:
        """So many steps from a state."""
        return _run_unrolled(problem, solver, state, max_steps)


class Host(eqx.Module):
    """Runs a solver from a Python loop, with a progress bar and a callback that may stop it.

    Arguments:
        callback: called as ``callback(step, value, measures)`` after every step; a true result stops the solver.
        description: title of a progress bar; none by default.
        compiled: whether the step is compiled. False for objectives that JAX cannot trace.
    """

    callback: Callback | None = eqx.field(static=True, default=None)
    description: str | None = eqx.field(static=True, default=None)
    compiled: bool = eqx.field(static=True, default=True)

    def run(self, problem: Any, solver: Solver, state: State, max_steps: int) -> Solution:
        """At most so many steps from a state."""
        step, look = (_step, _look) if self.compiled else (_plain_step, _plain_look)
        status, measures = look(problem, solver, state)
        if not _checks.is_concrete(status):
            raise _checks.fail("driver", "Compiled() or Unrolled() inside jit and vmap", "Host(...)")
        rows, stopped = [measures], False
        with progress(max_steps, self.description or "", self.description is not None) as bar:
            while len(rows) <= max_steps and not stopped and status == Status.running:
                state = step(problem, solver, state)
                status, measures = look(problem, solver, state)
                rows.append(measures)
                numbers = {name: float(v) for name, v in measures.items()}
                bar.step(**numbers)
                if self.callback is not None:
                    stopped = bool(self.callback(len(rows) - 1, solver.value(problem, state), numbers))
        if status == Status.running:
            status = Status.stopped if stopped else Status.max_steps
        history = {name: _padded([row[name] for row in rows], max_steps + 1) for name in rows[0]}
        return Solution(solver.value(problem, state), status, jnp.asarray(len(rows) - 1), history, state)


Driver = Compiled | Unrolled | Host


def solve(
    problem: Any,
    solver: Solver,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: State = None,
) -> Solution:
    """Runs a solver on a problem.

    Arguments:
        problem: what the solver takes: ``LeastSquares(A, b)``, an objective, ...
        solver: the method with its options.
        start: where to begin; some solvers begin at zero if it is None.
        max_steps: the largest number of steps.
        driver: ``Compiled()`` by default; ``Host(...)`` for progress bars and objectives outside JAX,
            ``Unrolled()`` for derivatives through the steps.
        state: of an earlier solution, to go on from there; then ``start`` is not used.

    Returns a Solution. A tolerance that is not reached is no error: see ``status`` and ``required()``. Raises
    ValueError for a problem, a driver or a state of another kind than the solver takes.

    ```python
    solution = solve(LeastSquares(A, b), LSQR(atol=1e-8), max_steps=200)
    more = solve(LeastSquares(A, b), LSQR(atol=1e-12), state=solution.state)
    ```
    """
    _checks.kind_is("solver", solver, Solver, "a solver, for instance LSQR()")
    max_steps = _checks.whole("max_steps", max_steps, 0)
    driver = Compiled() if driver is None else driver
    _check_kinds(problem, solver, driver, state)
    if state is None:
        state = (_init if driver.compiled else _plain_init)(problem, solver, start)
    return driver.run(problem, solver, _as_arrays(state), max_steps)


def _check_kinds(problem: Any, solver: Solver, driver: Any, state: Any) -> None:
    name = type(solver).__name__
    _checks.kind_is(f"problem of {name}", problem, solver.problem_type, named(solver.problem_type))
    _checks.kind_is("driver", driver, Driver, named(Driver))
    if state is not None and (isinstance(state, Solution) or not isinstance(state, solver.state_type)):
        expected = f"the state of an earlier solution by {name}"
        raise _checks.fail("state", expected, type(state).__name__, "Write state=solution.state.")


def named(kinds: Any) -> str:
    """Classes in words, for messages: ``Compiled(...) or Host(...)``."""
    return " or ".join(f"{kind.__name__}(...)" for kind in typing.get_args(kinds) or (kinds,))


def _as_arrays(state: State) -> State:
    return jax.tree.map(lambda v: jnp.asarray(v) if eqx.is_array_like(v) else v, state)


def _plain_look(problem: Any, solver: Solver, state: State) -> tuple[Status, dict[str, Array]]:
    """Status and measures; a measure that is not finite is a status of its own."""
    measures = {name: as_inexact(v) for name, v in solver.measures(problem, state).items()}
    finite = jnp.all(jnp.stack([jnp.isfinite(v) for v in measures.values()]))
    return Status.where(finite, solver.status(problem, state), Status.not_finite), measures


def _plain_init(problem: Any, solver: Solver, start: PyTree) -> State:
    return solver.init(problem, start)


def _plain_step(problem: Any, solver: Solver, state: State) -> State:
    return solver.step(problem, state)


_init = eqx.filter_jit(_plain_init)
_step = eqx.filter_jit(_plain_step)
_look = eqx.filter_jit(_plain_look)


@eqx.filter_jit
def _run_compiled(problem: Any, solver: Solver, state: State, max_steps: int, callback: Callback | None) -> Solution:
    def running(carry: Any) -> Array:
        return (carry[0] < max_steps) & (carry[2] == Status.running)

    def body(carry: Any) -> Any:
        k, state, _, history = carry
        state = solver.step(problem, state)
        status, measures = _plain_look(problem, solver, state)
        if callback is not None:
            jax.debug.callback(callback, k + 1, solver.value(problem, state), measures, ordered=True)
        return k + 1, state, status, {name: history[name].at[k + 1].set(v) for name, v in measures.items()}

    steps, state, status, history = jax.lax.while_loop(running, body, _before(problem, solver, state, max_steps))
    status = Status.where(status == Status.running, Status.max_steps, status)
    return Solution(solver.value(problem, state), status, steps, history, state)


@eqx.filter_jit
def _run_unrolled(problem: Any, solver: Solver, state: State, max_steps: int) -> Solution:
    def body(carry: Any, _: None) -> tuple[Any, None]:
        return jax.lax.cond(carry[2] == Status.running, advance, lambda carry: carry, carry), None

    def advance(carry: Any) -> Any:
        k, state, _, history = carry
        state = solver.step(problem, state)
        status, measures = _plain_look(problem, solver, state)
        return k + 1, state, status, {name: history[name].at[k + 1].set(v) for name, v in measures.items()}

    (steps, state, status, history), _ = jax.lax.scan(
        body, _before(problem, solver, state, max_steps), length=max_steps
    )
    status = Status.where(status == Status.running, Status.max_steps, status)
    return Solution(solver.value(problem, state), status, steps, history, state)


def _before(problem: Any, solver: Solver, state: State, max_steps: int) -> Any:
    """Number of steps, state, status and history at the start."""
    status, measures = _plain_look(problem, solver, state)
    return jnp.asarray(0), state, status, {name: _padded([v], max_steps + 1) for name, v in measures.items()}


def _padded(values: list[Array], length: int) -> Array:
    known = jnp.stack(values)
    return jnp.concatenate([known, jnp.full(length - len(values), jnp.nan, known.dtype)])
