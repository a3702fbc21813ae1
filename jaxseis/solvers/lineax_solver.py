"""The iterative solvers of lineax for ``A x = b``: CG, BiCGStab, GMRES, ...

lineax has the methods, here they get the form of the other solvers. One step is one run of lineax, as many iterations
as it needs. Derivatives follow from the equation, ``A dx = db - dA x``, by further runs of it.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx

from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_operand, same_structure
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.linear_system import LinearSystem
from jaxseis.solvers.solve import Driver, Solution, Unrolled, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

_STATUS = (
    (lx.RESULTS.successful, Status.converged),
    (lx.RESULTS.max_steps_reached, Status.running),
    (lx.RESULTS.stagnation, Status.stagnated),
    (lx.RESULTS.conlim, Status.ill_conditioned),
    (lx.RESULTS.nonfinite_input, Status.not_finite),
)


class _State(eqx.Module):
    x: PyTree
    status: Status
    residual: Array
    iterations: Array


class LineaxSolver(Solver):
    """An iterative solver of lineax, a Solver of ``LinearSystem``.

    Arguments:
        solver: ``lx.CG``, ``lx.GMRES``, ``lx.BiCGStab``, ``lx.LSMR``, ``lx.Normal(lx.CG(...))``, with its tolerances.
            They apply to A and b divided by their sizes, so that atol is relative. Conjugate gradients take it that
            ``A`` is positive semidefinite, tagged or not.

    A driver that takes one step is enough. The solution has derivatives in both modes with every driver; where domain
    and range of A differ, those of lineax, with ``Unrolled()``. Complex arrays mean an A that is linear over the
    complex numbers: for others use LSQR.

    Converged too where ``|b - A x| <= rtol |b|``, of a start without a step. Where lineax breaks down x stays what it
    was: BiCGStab does so as well where it meets the exact solution halfway, as for multiples of the identity.
    Measures: "residual" ``|b - A x|``, "iterations" of lineax.

    ```python
    solution = solve(LinearSystem(A, b), LineaxSolver(lx.BiCGStab(rtol=1e-8, atol=1e-8)), max_steps=1)
    ```
    """

    solver: lx.AbstractLinearSolver

    problem_type = LinearSystem
    state_type = _State

    def init(self, problem: LinearSystem, start: PyTree) -> _State:
        if start is None:
            x, r = vec.zeros(problem.A.in_structure()), problem.b
        else:
            x = as_operand(f"start, in the domain of {problem.A.name}", start, problem.A.in_structure(), ())
            r = problem.residual(x)
        residual = vec.norm(r)
        status = Status.where(self._is_met(problem, residual), Status.converged, Status.running)
        return _State(x, status, residual, jnp.asarray(0))

    def step(self, problem: LinearSystem, state: _State) -> _State:
        problem = vec.constant(problem) if problem.is_square else problem
        # Neither start nor preconditioner changes the solution, and lineax refuses to differentiate in them.
        start, R = vec.constant((state.x, problem.preconditioner))
        x, result, iterations = _run(self.solver, problem.A, problem.b, R, start)
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(v)) for v in jax.tree.leaves(x)]))
        x = vec.where(finite, x, start)
        residual = vec.norm(problem.residual(x))
        status = Status.where(finite, _status(result), Status.breakdown)
        status = Status.where(self._is_met(problem, residual), Status.converged, status)
        return _State(x, status, residual, state.iterations + iterations)

    def status(self, problem: LinearSystem, state: _State) -> Status:
        return state.status

    def value(self, problem: LinearSystem, state: _State) -> PyTree:
        return _with_derivatives(problem, vec.constant(state.x), solver=self.solver) if problem.is_square else state.x

    def measures(self, problem: LinearSystem, state: _State) -> dict[str, Array]:
        return {"residual": state.residual, "iterations": state.iterations.astype(state.residual.dtype)}

    def _is_met(self, problem: LinearSystem, residual: Array) -> Array:
        return residual <= getattr(self.solver, "rtol", 0.0) * vec.norm(problem.b)


def _run(
    solver: lx.AbstractLinearSolver, A: LinearOperator, b: PyTree, R: LinearOperator | None, start: PyTree = None
) -> tuple[PyTree, lx.RESULTS, Array]:
    """x, how lineax ended and after how many iterations."""
    size = _nonzero(vec.norm(b))
    b = vec.scale(1 / size, b)
    unit = _nonzero(vec.norm(A.mv(b))) if same_structure(A.in_structure(), A.out_structure()) else jnp.ones_like(size)
    A, options = (1 / unit) * A, {}
    if start is not None:
        options["y0"] = vec.scale(unit / size, start)
    if R is not None:
        options["preconditioner"] = _positive(unit * R)
    found = lx.linear_solve(_positive(A) if isinstance(solver, lx.CG) else A, b, solver, options=options, throw=False)
    return vec.scale(size / unit, found.value), found.result, jnp.asarray(found.stats["num_steps"])


def _nonzero(size: Array) -> Array:
    """A size to divide by, without derivatives."""
    return jax.lax.stop_gradient(jnp.where(size > 0, size, 1))


@eqx.filter_custom_jvp
def _with_derivatives(problem: LinearSystem, x: PyTree, *, solver: lx.AbstractLinearSolver) -> PyTree:
    return x


@_with_derivatives.def_jvp
def _derivative(primals: tuple, tangents: tuple, *, solver: lx.AbstractLinearSolver) -> tuple[PyTree, PyTree]:
    problem, x = primals
    # Once more with its derivatives, for the sake of second ones.
    x = _with_derivatives(problem, x, solver=solver)
    _, left = eqx.filter_jvp(lambda problem: problem.residual(x), (problem,), tangents[:1])
    A, R = problem.A, problem.preconditioner
    return x, jax.lax.custom_linear_solve(
        A.mv,
        left,
        lambda _, r: _run(solver, A, r, R)[0],
        lambda _, r: _run(solver, A.T, r, None if R is None else R.T)[0],
    )


def _positive(A: LinearOperator) -> lx.AbstractLinearOperator:
    return lx.TaggedLinearOperator(A, lx.positive_semidefinite_tag)


def _status(result: lx.RESULTS) -> Status:
    status = Status.breakdown
    for theirs, ours in _STATUS:
        status = Status.where(result == theirs, ours, status)
    return status


def cg(
    A: LinearOperator,
    b: PyTree,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    preconditioner: LinearOperator | None = None,
    rtol: Any = 1e-6,
    **options: Any,
) -> Solution:
    """``A x = b`` for a positive definite A by conjugate gradients, those of lineax.

    Arguments:
        A, b, preconditioner: of the problem, see ``LinearSystem``.
        start, driver, state: of the run, see ``solve``; the driver is ``Unrolled()`` by default, which has derivatives.
        max_steps: of lineax, for which one step is one run.
        rtol: relative tolerance, of each entry of x and of the residual.
        options: of ``lx.CG``.

    Returns a Solution. Its ``value`` has derivatives in b and the arrays of A, in both modes.

    ```python
    x = cg(A.H @ A + 0.1 * Identity(A.in_structure()), A.H @ b).value
    ```
    """
    solver = lx.CG(rtol=rtol, atol=rtol, max_steps=max_steps, **options)
    return _run_once(LinearSystem(A, b, preconditioner), solver, start, driver, state)


def gmres(
    A: LinearOperator,
    b: PyTree,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    preconditioner: LinearOperator | None = None,
    rtol: Any = 1e-6,
    **options: Any,
) -> Solution:
    """``A x = b`` for a square A by the generalized minimal residual method, that of lineax.

    Arguments and result as of ``cg``, with the options of ``lx.GMRES``: restart, stagnation_iters.

    ```python
    x = gmres(A, b, restart=30).value
    ```
    """
    solver = lx.GMRES(rtol=rtol, atol=rtol, max_steps=max_steps, **options)
    return _run_once(LinearSystem(A, b, preconditioner), solver, start, driver, state)


def bicgstab(
    A: LinearOperator,
    b: PyTree,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    preconditioner: LinearOperator | None = None,
    rtol: Any = 1e-6,
    **options: Any,
) -> Solution:
    """``A x = b`` for a square A by stabilized biconjugate gradients, those of lineax.

    Arguments and result as of ``cg``, with the options of ``lx.BiCGStab``.

    ```python
    x = bicgstab(A, b, rtol=1e-8).value
    ```
    """
    solver = lx.BiCGStab(rtol=rtol, atol=rtol, max_steps=max_steps, **options)
    return _run_once(LinearSystem(A, b, preconditioner), solver, start, driver, state)


def _run_once(
    problem: LinearSystem, solver: lx.AbstractLinearSolver, start: PyTree, driver: Driver | None, state: Any
) -> Solution:
    return solve(problem, LineaxSolver(solver), start, 1, Unrolled() if driver is None else driver, state)
