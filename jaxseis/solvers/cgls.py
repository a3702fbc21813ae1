"""CGLS: conjugate gradients on the normal equations, which are never formed.

    r = b - A x,    s = R.H (A.H r - damping^2 x),    p = s + (|s|^2 / |s_last|^2) p
    x <- x + (|s|^2 / (|A R p|^2 + damping^2 |R p|^2)) R p

The iterates are those of LSQR in exact arithmetic; there is less to store, and the residual is at hand.

Hestenes and Stiefel (1952), Journal of Research of the National Bureau of Standards 49, 409-436, section 10;
Bjorck (1996), Numerical Methods for Least Squares Problems, section 7.4.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_tolerance
from jaxseis.solvers.implicit import solve_implicit
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status


class _State(eqx.Module):
    x: PyTree
    r: PyTree
    p: PyTree
    gradient: Array
    first: Array
    curvature: Array
    change: Array


class CGLS(Solver):
    """Conjugate gradients, a Solver of ``LeastSquares``. One application of ``A`` and one of ``A.H`` a step.

    Arguments:
        rtol: stop where ``|s| <= rtol |R.H A.H b|``, s = R.H (A.H (b - A x) - damping^2 x); relative to s at the start
            where A.H b is zero. With a start this costs one application of ``A.H``.

    The state holds one vector like x and one like b beside x. Ends as stagnated where a step no longer changes x.
    Measures: "residual" ``|b - A x|``, "gradient" ``|s|``, "solution" ``|x|``.

    ```python
    solution = solve(LeastSquares(A, b, damping=0.1), CGLS(rtol=1e-8))
    ```
    """

    rtol: float = 1e-6

    problem_type = LeastSquares
    state_type = _State

    def __check_init__(self):
        check_tolerance("rtol", self.rtol)

    def init(self, problem: LeastSquares, start: PyTree) -> _State:
        zero = vec.zeros(problem.A.in_structure())
        s, first = self._gradient(problem, zero, problem.b)
        one = jnp.ones_like(first)
        if start is None:
            return _State(zero, problem.b, s, first, first, one, one)
        x = problem.as_start(start)
        r = problem.residual(x)
        s, size = self._gradient(problem, x, r)
        return _State(x, r, s, size, jnp.where(first > 0, first, size), one, one)

    def step(self, problem: LeastSquares, state: _State) -> _State:
        p = problem.precondition(state.p)
        q = problem.A.mv(p)
        curvature = vec.norm((q, vec.scale(problem.damping, p))).astype(problem.dtype)
        length = jnp.where(curvature > 0, state.gradient / curvature, 0) ** 2
        x, r = vec.add(state.x, p, length), vec.add(state.r, q, -length)
        s, size = self._gradient(problem, x, r)
        change = vec.over(length * vec.norm(p), vec.norm(x)).astype(problem.dtype)
        p = vec.add(s, state.p, (size / state.gradient) ** 2)
        return _State(x, r, p, size, state.first, curvature, jax.lax.stop_gradient(change))

    def _gradient(self, problem: LeastSquares, x: PyTree, r: PyTree) -> tuple[PyTree, Array]:
        s = problem.precondition_adjoint(vec.add(problem.A.H.mv(r), x, -(problem.damping**2)))
        return s, vec.norm(s).astype(problem.dtype)

    def status(self, problem: LeastSquares, state: _State) -> Status:
        stuck = state.change <= jnp.finfo(problem.dtype).eps
        status = Status.where(stuck, Status.stagnated, Status.running)
        status = Status.where(state.curvature == 0, Status.breakdown, status)
        return Status.where(state.gradient <= self.rtol * state.first, Status.converged, status)

    def value(self, problem: LeastSquares, state: _State) -> PyTree:
        return state.x

    def measures(self, problem: LeastSquares, state: _State) -> dict[str, Array]:
        return {"residual": vec.norm(state.r), "gradient": state.gradient, "solution": vec.norm(state.x)}


def cgls(
    A: LinearOperator,
    b: PyTree,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    damping: Any = 0.0,
    preconditioner: LinearOperator | None = None,
    **options: Any,
) -> Solution:
    """``min |A x - b|^2 + damping^2 |x|^2`` by conjugate gradients.

    Arguments:
        A, b, damping, preconditioner: of the problem, see ``LeastSquares``.
        start, max_steps, driver, state: of the run, see ``solve``.
        options: of ``CGLS``: rtol.

    Returns a Solution. Its ``value`` has derivatives as that of ``lsqr``. Errors as in ``LeastSquares``.

    ```python
    x = cgls(A, b, damping=0.1, max_steps=50).value
    ```
    """
    problem = LeastSquares(A, b, damping, preconditioner)
    solver = CGLS(**options)
    return solve_implicit(problem, solver, start, max_steps, driver, state, rtol=solver.rtol)
