"""The primal-dual method of Chambolle and Pock, in the form of Condat and Vu.

    minimise    1/2 |A x - b|^2 + sum_i g_i(K_i x)

    x_new = x - tau (A.H (A x - b) + K.H y)
    v     = y + sigma K (2 x_new - x)
    y     = v - sigma z,    z = prox of g / sigma at v / sigma

It solves no linear system: a step takes one application of A, A.H, K and K.H each. It converges if

    1 / tau - sigma |K|^2 >= |A|^2 / 2

which holds with equality here. The ratio sigma / tau that is left to choose follows the ratio of the residuals, by less
and less so that it settles.

Chambolle and Pock, J. Math. Imaging Vision 40 (2011); Condat, J. Optim. Theory Appl. 158 (2013); Vu, Adv. Comput. Math.
38 (2013); Goldstein, Li and Yuan, NeurIPS (2015), for the ratio.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.operators._base import LinearOperator
from jaxseis.operators.norm import operator_norm
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_option, check_positive, check_tolerance
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.splitting import Residuals, Splitting
from jaxseis.solvers.status import Status

_SAFE = 1.02  # norms come from below


class PrimalDualState(eqx.Module):
    """x with ``A x - b`` and ``K x``, multipliers y, copies z, the gradient of the Lagrangian in x, norms and ratio."""

    x: PyTree
    misfit: PyTree
    Kx: tuple
    y: tuple
    z: tuple
    gradient: PyTree
    norms: tuple[Array, Array]
    ratio: Array
    progress: Residuals


class PrimalDual(Solver):
    """The primal-dual method for ``Splitting(A, b, terms)``.

    Arguments:
        rtol: converged when ``|K x - z| <= rtol max |K x|``, the largest so far, and the gradient of the Lagrangian in
            x is at most ``rtol |A.H b|``.
        norms: bounds on ``|A|`` and ``|K|``, K being the stack of all K_i; by power iteration, a few applications
            of A and K before the first step, if None.
        ratio: the first sigma / tau, in units of the objective over ``|K x|^2`` times ``|x|^2``; None for
            ``|A|^2 / |K|^2``.
        balance: the ratio changes when one relative residual is so many times the other; infinity keeps it.

    Measures: "objective" (with x in the misfit and z in the functions), "primal" and "dual", the two residuals relative
    to what they are compared with, "ratio", and "products", the applications of A so far.

    ```python
    solution = solve(Splitting(A, b, [(0.1 * L1(), D)]), PrimalDual(rtol=1e-4), max_steps=1000)
    ```
    """

    rtol: float = 1e-4
    norms: tuple[float, float] | None = None
    ratio: float | None = None
    balance: float = 3.0

    problem_type = Splitting
    state_type = PrimalDualState

    def __check_init__(self):
        check_tolerance("rtol", self.rtol)
        for norm in self.norms or ():
            check_positive("norms", norm)
        check_option("balance", self.balance, "a number >= 1", lambda v: v >= 1)
        if self.ratio is not None:
            check_positive("ratio", self.ratio)

    def init(self, problem: Splitting, start: PyTree) -> PrimalDualState:
        x = problem.start(start)
        misfit, Kx = vec.add(problem.A.mv(x), problem.b, -1.0), problem.K.mv(x)
        progress = Residuals.begin(problem, Kx)
        norms = self._norms(problem, progress.size.dtype)
        ratio = norms[0] ** 2 / norms[1] ** 2 if self.ratio is None else jnp.asarray(self.ratio, progress.size.dtype)
        gradient = problem.A.H.mv(misfit)
        z = problem.prox(Kx, 1.0)
        return PrimalDualState(x, misfit, Kx, vec.zeros(Kx), z, gradient, norms, ratio, progress)

    def _norms(self, problem: Splitting, dtype: Any) -> tuple[Array, Array]:
        if self.norms is not None:
            a, k = self.norms
            return jnp.asarray(a, dtype), jnp.asarray(k, dtype)
        return _bound(problem.A, dtype), _bound(problem.K, dtype)

    def step(self, problem: Splitting, state: PrimalDualState) -> PrimalDualState:
        tau, sigma = _steps(state)
        x = vec.add(state.x, state.gradient, -tau)
        misfit, Kx = vec.add(problem.A.mv(x), problem.b, -1.0), problem.K.mv(x)
        ahead = vec.add(vec.scale(2.0, Kx), state.Kx, -1.0)
        v = vec.add(state.y, ahead, sigma)
        z = problem.prox(vec.scale(1 / sigma, v), 1 / sigma)
        y = vec.add(v, z, -sigma)
        gradient = vec.add(problem.A.H.mv(misfit), problem.K.H.mv(y))
        # y is a subgradient of g at z.
        primal, dual = vec.norm(vec.add(Kx, z, -1.0)), vec.norm(gradient)
        progress = state.progress.after(primal, dual, vec.norm(Kx), 1)
        ratio = state.ratio * progress.factor(self.balance)
        return PrimalDualState(x, misfit, Kx, y, z, gradient, state.norms, ratio, progress)

    def status(self, problem: Splitting, state: PrimalDualState) -> Status:
        return state.progress.status(self.rtol)

    def value(self, problem: Splitting, state: PrimalDualState) -> PyTree:
        return state.x

    def measures(self, problem: Splitting, state: PrimalDualState) -> dict[str, Array]:
        return {
            "objective": problem.objective(state.misfit, state.z),
            **state.progress.measures(),
            "ratio": state.ratio,
        }


def _bound(operator: LinearOperator, dtype: Any) -> Array:
    norm = _SAFE * operator_norm(operator).astype(dtype)
    return jnp.where(norm > 0, norm, 1.0)


def _steps(state: PrimalDualState) -> tuple[Array, Array]:
    """tau and sigma = ratio tau with ``1 / tau - sigma |K|^2 = |A|^2 / 2``."""
    half, square = state.norms[0] ** 2 / 2, state.ratio * state.norms[1] ** 2
    tau = 2 / (half + jnp.sqrt(half**2 + 4 * square))
    return tau, state.ratio * tau


def primal_dual(
    A: LinearOperator,
    b: PyTree,
    terms: Sequence[tuple[Functional, LinearOperator]],
    start: PyTree = None,
    max_steps: int = 1000,
    driver: Driver | None = None,
    state: PrimalDualState | None = None,
    **options: Any,
) -> Solution:
    """``min 1/2 |A x - b|^2 + sum_i g_i(K_i x)`` by the primal-dual method.

    Arguments:
        A, b, terms: of the problem, see ``Splitting``.
        start: where to begin; zero if None.
        max_steps, driver, state: as for ``solve``.
        options: those of ``PrimalDual``.

    ```python
    solution = primal_dual(Identity(image), image, [(0.1 * L1(), D)])
    ```
    """
    return solve(Splitting(A, b, terms), PrimalDual(**options), start, max_steps, driver, state)
