"""The solvers of optimistix for nonlinear problems: Levenberg-Marquardt, Gauss-Newton, BFGS, nonlinear CG, ...

optimistix has the methods, here they get the form of the other solvers: drivers, history, callbacks, a state that can
be resumed. The objective must be one that JAX can trace.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner, is_complex
from jaxseis.solvers._descent import as_start
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

_NO_TAGS = frozenset()


class _State(eqx.Module):
    x: PyTree
    result: PyTree  # f(x), or r(x)
    inner: PyTree  # the arrays of the state of optimistix


class OptimistixSolver(Solver):
    """A solver of optimistix, a Solver of real functions.

    Arguments:
        solver: a minimiser, such as ``optx.BFGS``, for a problem x -> f(x), one real number; or a solver of least
            squares, such as ``optx.LevenbergMarquardt``, for x -> r(x), of which ``|r(x)|^2 / 2`` is minimised.
        options: a dictionary for it, for instance ``{"jac": "bwd"}``; None for none.

    The first step evaluates the start only. Raises ValueError for complex arrays, of which optimistix warns.
    Measures: "objective".

    ```python
    solution = solve(lambda x: x**2 - 2, OptimistixSolver(optx.GaussNewton(rtol=1e-8, atol=1e-8)), jnp.array(1.0))
    ```
    """

    solver: Any
    options: dict[str, Any] | None = None

    state_type = _State

    def init(self, problem: Any, start: PyTree) -> _State:
        _checks.kind_is("problem", problem, Callable, "a function x -> f(x) or r(x)")
        x = as_start(start)
        if any(map(is_complex, jax.tree.leaves(x))):
            raise _checks.fail("start", "real arrays", "complex ones", "Let x be the pair (z.real, z.imag).")
        result = problem(x)
        return _State(x, result, eqx.filter(eqx.filter_jit(self._begin)(problem, x), eqx.is_array))

    def step(self, problem: Any, state: _State) -> _State:
        x, inner_state, result = self.solver.step(
            _evaluate, state.x, problem, self.options or {}, self._inner(problem, state), _NO_TAGS
        )
        return _State(x, result, eqx.filter(inner_state, eqx.is_array))

    def status(self, problem: Any, state: _State) -> Status:
        done, result = self.solver.terminate(
            _evaluate, state.x, problem, self.options or {}, self._inner(problem, state), _NO_TAGS
        )
        status = Status.where(done, Status.converged, Status.running)
        diverged = (result == optx.RESULTS.nonlinear_divergence) | (result == optx.RESULTS.nonfinite)
        failed = Status.where(diverged, Status.not_finite, Status.breakdown)
        return Status.where(result == optx.RESULTS.successful, status, failed)

    def value(self, problem: Any, state: _State) -> PyTree:
        return state.x

    def measures(self, problem: Any, state: _State) -> dict[str, Array]:
        if isinstance(self.solver, optx.AbstractLeastSquaresSolver):
            return {"objective": 0.5 * inner(state.result, state.result)}
        return {"objective": state.result}

    def _begin(self, problem: Any, x: PyTree) -> Any:
        result = jax.eval_shape(problem, x)
        return self.solver.init(_evaluate, x, problem, self.options or {}, result, result, _NO_TAGS)

    def _inner(self, problem: Any, state: _State) -> Any:
        """The state of optimistix. What is no array in it, functions mostly, is made anew, traced as at first."""
        first = eqx.filter_eval_shape(self._begin, problem, state.x)
        rest = eqx.filter(first, lambda v: isinstance(v, jax.ShapeDtypeStruct), inverse=True)
        return eqx.combine(state.inner, rest)


def _evaluate(x: PyTree, problem: Any) -> tuple[PyTree, PyTree]:
    result = jax.tree.map(jnp.asarray, problem(x))
    return result, result


def levenberg_marquardt(
    residual: Any,
    start: PyTree,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    **options: Any,
) -> Solution:
    """``min |r(x)|^2 / 2`` by the method of Levenberg and Marquardt, that of optimistix.

    Arguments:
        residual: r, a function of real arrays that JAX can differentiate forwards.
        start, max_steps, driver, state: of the run, see ``solve``.
        rtol, atol: stop where an accepted step changes each entry of x and r by less than ``atol + rtol |entry|``.
        options: of ``optx.LevenbergMarquardt``, for instance ``linear_solver``.

    Returns a Solution.

    ```python
    x = levenberg_marquardt(lambda x: jnp.array([1.0 - x[0], 10.0 * (x[1] - x[0] ** 2)]), jnp.array([-1.2, 1.0])).value
    ```
    """
    solver = optx.LevenbergMarquardt(rtol=rtol, atol=atol, **options)
    return solve(residual, OptimistixSolver(solver), start, max_steps, driver, state)


def nonlinear_cg(
    objective: Any,
    start: PyTree,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    **options: Any,
) -> Solution:
    """``min f(x)`` by nonlinear conjugate gradients, those of optimistix.

    Arguments as of ``levenberg_marquardt``, for a real function f; options of ``optx.NonlinearCG``: method, search.

    ```python
    x = nonlinear_cg(lambda x: jnp.sum((x - 1.0) ** 4 + x**2), jnp.zeros(3)).value
    ```
    """
    solver = optx.NonlinearCG(rtol=rtol, atol=atol, **options)
    return solve(objective, OptimistixSolver(solver), start, max_steps, driver, state)
