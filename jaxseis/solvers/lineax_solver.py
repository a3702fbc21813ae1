"""The iterative solvers of lineax for ``A x = b``: CG, BiCGStab, GMRES, ...

lineax has the methods and their derivatives, here they get the form of the other solvers. One step is one run of
lineax, as many iterations as it needs.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx

from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_operand
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
            They apply to ``A x = b / |b|``, so that atol is relative to ``|b|``. Conjugate gradients take it that
            ``A`` is positive semidefinite, tagged or not.

    A driver that takes one step is enough; ``Unrolled()`` has the derivatives of lineax, in both modes. Complex arrays
    mean an A that is linear over the complex numbers: for others use LSQR.
    Measures: "residual" ``|b - A x|``, "iterations" of lineax.

    ```python
    solution = solve(LinearSystem(A, b), LineaxSolver(lx.BiCGStab(rtol=1e-8, atol=1e-8)), max_steps=1)
    ```
    """

    solver: lx.AbstractLinearSolver

    def init(self, problem: LinearSystem, start: PyTree) -> _State:
        if start is None:
            x, r = vec.zeros(problem.A.in_structure()), problem.b
        else:
            x = as_operand(f"start, in the domain of {problem.A.name}", start, problem.A.in_structure(), ())
            r = vec.add(problem.b, problem.A.mv(x), -1.0)
        return _State(x, Status.running, vec.norm(r), jnp.asarray(0))

    def step(self, problem: LinearSystem, state: _State) -> _State:
        size = jax.lax.stop_gradient(vec.norm(problem.b))
        size = jnp.where(size > 0, size, 1)
        # Neither start nor preconditioner changes the solution, and lineax refuses to differentiate in them.
        start, preconditioner = jax.lax.stop_gradient((state.x, problem.preconditioner))
        options = {"y0": vec.scale(1 / size, start)}
        if preconditioner is not None:
            options["preconditioner"] = _positive(preconditioner)
        A = _positive(problem.A) if isinstance(self.solver, lx.CG) else problem.A
        found = lx.linear_solve(A, vec.scale(1 / size, problem.b), self.solver, options=options, throw=False)
        x = vec.scale(size, found.value)
        residual = vec.norm(vec.add(problem.b, problem.A.mv(x), -1.0))
        iterations = jnp.asarray(found.stats["num_steps"], state.iterations.dtype)
        return _State(x, _status(found.result), residual, state.iterations + iterations)

    def status(self, problem: LinearSystem, state: _State) -> Status:
        return state.status

    def value(self, problem: LinearSystem, state: _State) -> PyTree:
        return state.x

    def measures(self, problem: LinearSystem, state: _State) -> dict[str, Array]:
        return {"residual": state.residual, "iterations": state.iterations.astype(state.residual.dtype)}


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
