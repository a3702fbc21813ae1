"""ADMM, the alternating direction method of multipliers, for ``min 1/2 |A x - b|^2 + sum_i g_i(K_i x)``.

With a copy z of K x, scaled multipliers u and the penalty rho:

    x <- argmin 1/2 |A x - b|^2 + rho/2 |K x - z + u|^2        CGLS, from the x before
    h  = alpha K x + (1 - alpha) z                             over-relaxation
    z <- prox of g / rho at h + u,    u <- u + h - z

The least-squares problem is solved for the change of x, whose residual CGLS carries along: a step takes one application
of A and A.H for each inner step, and one more of A.H. The penalty follows the ratio of the relative residuals, by less
and less so that it settles.

Boyd et al., Foundations and Trends in Machine Learning 3 (2011); Wohlberg, arXiv:1704.06209 (2017), for the balance.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.operators._base import LinearOperator
from jaxseis.operators.blocks import VStack
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._inner import run_inner
from jaxseis.solvers._options import check_count, check_option, check_positive, check_tolerance
from jaxseis.solvers.cgls import CGLS
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.splitting import Residuals, Splitting
from jaxseis.solvers.status import Status


class ADMMState(eqx.Module):
    """x with ``b - A x`` and ``K x``, the copies z, the scaled multipliers u, the penalty rho, and how far it is."""

    x: PyTree
    residual: PyTree
    Kx: tuple
    z: tuple
    u: tuple
    rho: Array
    progress: Residuals


class ADMM(Solver):
    """ADMM for ``Splitting(A, b, terms)``.

    Arguments:
        rtol: converged when ``|K x - z| <= rtol max |K x|``, the largest so far, and the gradient of the Lagrangian in
            x is at most ``rtol |A.H b|``.
        rho: the first penalty, > 0, in units of ``|A|^2 / |K|^2``.
        relaxation: alpha, between 0 and 2; 1 is none.
        balance: the penalty changes when one relative residual is so many times the other; infinity keeps it.
        inner_rtol, inner_steps: each x is solved for until the gradient is so much smaller, in at most so many steps.

    Measures: "objective" (with x in the misfit and z in the functions), "primal" and "dual", the two residuals relative
    to what they are compared with, "rho", and "products", the inner steps so far.

    ```python
    solution = solve(Splitting(A, b, [(0.1 * L1(), D)]), ADMM(rtol=1e-4), max_steps=200)
    ```
    """

    rtol: float = 1e-4
    rho: float = 1.0
    relaxation: float = 1.6
    balance: float = 3.0
    inner_rtol: float = 0.1
    inner_steps: int = eqx.field(static=True, default=20)

    problem_type = Splitting
    state_type = ADMMState

    def __check_init__(self):
        check_tolerance("rtol", self.rtol)
        check_positive("rho", self.rho)
        check_option("relaxation", self.relaxation, "a number between 0 and 2", lambda v: 0 < v < 2)
        check_option("balance", self.balance, "a number >= 1", lambda v: v >= 1)
        check_tolerance("inner_rtol", self.inner_rtol)
        check_count("inner_steps", self.inner_steps)

    def init(self, problem: Splitting, start: PyTree) -> ADMMState:
        x = problem.start(start)
        residual, Kx = vec.add(problem.b, problem.A.mv(x), -1.0), problem.K.mv(x)
        progress = Residuals.begin(problem, Kx)
        rho = jnp.asarray(self.rho, progress.primal.dtype)
        return ADMMState(x, residual, Kx, problem.prox(Kx, 1 / rho), vec.zeros(Kx), rho, progress)

    def step(self, problem: Splitting, state: ADMMState) -> ADMMState:
        rho = state.rho
        x, residual, Kx, rest, products = self._least_squares(problem, state)
        h = vec.add(vec.scale(self.relaxation, Kx), state.z, 1 - self.relaxation)
        moved = vec.add(state.u, h)
        z = problem.prox(moved, 1 / rho)
        u = vec.add(moved, z, -1.0)
        # The gradient of the Lagrangian: what the solver for x left over, and what z and u have changed since.
        change = vec.add(vec.add(u, state.u, -1.0), vec.add(state.z, Kx, -1.0))
        gradient = rest + rho * vec.norm(problem.K.H.mv(change))
        progress = state.progress.after(vec.norm(vec.add(Kx, z, -1.0)), gradient, vec.norm(Kx), products)
        factor = progress.factor(self.balance)
        return ADMMState(x, residual, Kx, z, vec.scale(1 / factor, u), rho * factor, progress)

    def _least_squares(self, problem: Splitting, state: ADMMState) -> tuple[PyTree, PyTree, tuple, Array, Array]:
        """x, ``b - A x``, ``K x``, the norm of the gradient that is left, and the number of inner steps."""
        root, aim = jnp.sqrt(state.rho), vec.add(state.z, state.u, -1.0)
        b = (state.residual, vec.scale(root, vec.add(aim, state.Kx, -1.0)))
        linear, solver = LeastSquares(VStack([problem.A, root * problem.K]), b), CGLS(rtol=self.inner_rtol)
        products, inner = run_inner(linear, solver, solver.init(linear, None), self.inner_steps)
        residual, rest = inner.r
        return vec.add(state.x, inner.x), residual, vec.add(aim, rest, -1 / root), inner.gradient, products

    def status(self, problem: Splitting, state: ADMMState) -> Status:
        return state.progress.status(self.rtol)

    def value(self, problem: Splitting, state: ADMMState) -> PyTree:
        return state.x

    def measures(self, problem: Splitting, state: ADMMState) -> dict[str, Array]:
        return {
            "objective": problem.objective(state.residual, state.z),
            **state.progress.measures(),
            "rho": state.rho,
        }


def admm(
    A: LinearOperator,
    b: PyTree,
    terms: Sequence[tuple[Functional, LinearOperator]],
    start: PyTree = None,
    max_steps: int = 200,
    driver: Driver | None = None,
    state: ADMMState | None = None,
    **options: Any,
) -> Solution:
    """``min 1/2 |A x - b|^2 + sum_i g_i(K_i x)`` by ADMM.

    Arguments:
        A, b, terms: of the problem, see ``Splitting``.
        start: where to begin; zero if None.
        max_steps, driver, state: as for ``solve``.
        options: those of ``ADMM``.

    ```python
    solution = admm(Identity(image), image, [(0.1 * L1(), D)])
    ```
    """
    return solve(Splitting(A, b, terms), ADMM(**options), start, max_steps, driver, state)
