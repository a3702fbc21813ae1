"""LSMR: least squares by bidiagonalization; the gradient |A.H (b - A x)| falls with every step.

The k-th iterate minimises ``|B.H (c - B y) - damping^2 y|`` over the span of v_1, ..., v_k, by two QR factorizations
that are kept up to date by plane rotations. It can be stopped earlier than LSQR where the data do not fit.

Fong and Saunders (2011), LSMR: an iterative algorithm for sparse least-squares problems,
SIAM Journal on Scientific Computing 33, 2950-2971. The names are theirs.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._bidiagonal import (
    Bidiagonal,
    BidiagonalSolver,
    Estimates,
    advance,
    begin,
    first_estimates,
    hypot,
    rotation,
)
from jaxseis.solvers._standard_form import standard_form
from jaxseis.solvers.implicit import solve_implicit
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution


class _Residual(eqx.Module):
    """The norm of the residual, by a third factorization (section 5 of the paper)."""

    beta2: Array  # beta with two dots
    beta1: Array  # beta with one dot
    rho1: Array
    tau: Array
    theta: Array
    zeta: Array
    left: Array  # what the damping has rotated out

    def advanced(self, chat: Array, shat: Array, c: Array, s: Array, thetabar: Array, rhobar: Array, zeta: Array):
        """After the next rotations of the main recurrence."""
        left = hypot(self.left, shat * self.beta2)
        acute = chat * self.beta2
        ctilde, stilde, rhotilde = rotation(self.rho1, thetabar)
        beta1 = ctilde * c * acute - stilde * self.beta1
        tau = (self.zeta - self.theta * self.tau) / rhotilde
        return _Residual(-s * acute, beta1, ctilde * rhobar, tau, stilde * rhobar, zeta, left)

    def norm(self) -> Array:
        last = (self.zeta - self.theta * self.tau) / self.rho1
        return hypot(self.left, self.beta1 - last, self.beta2)


class _State(eqx.Module):
    origin: PyTree
    y: PyTree
    h: PyTree
    hbar: PyTree
    bidiagonal: Bidiagonal
    alphabar: Array
    zetabar: Array
    rho: Array
    rhobar: Array
    cbar: Array
    sbar: Array
    residual: _Residual
    operator: Array
    largest: Array
    smallest: Array
    estimates: Estimates


class LSMR(BidiagonalSolver):
    """LSMR, a Solver of ``LeastSquares``. One application of ``A`` and one of ``A.H`` a step.

    Arguments:
        atol: relative error of ``A``: stop where ``|A.H r - damping^2 x| <= atol |A| |r|``.
        btol: relative error of ``b``: stop where ``|r| <= atol |A| |x| + btol |b|``.
        conlim: stop where the condition number of ``A`` is estimated to be larger; 0 for no limit.

    With damping, r is ``(b - A x, damping x)`` in these rules; with a preconditioner R, the gradient is multiplied by
    ``R.H``, and ``A R`` is in place of ``A``. The state holds three vectors like x and one like b beside x.

    Measures as of ``LSQR``, but "operator" is the Frobenius norm of ``A`` without the damping.

    ```python
    solution = solve(LeastSquares(A, b, damping=0.1), LSMR(atol=1e-10, btol=1e-10))
    ```
    """

    state_type = _State

    def init(self, problem: LeastSquares, start: PyTree) -> _State:
        origin = None if start is None else problem.as_start(start)
        form = standard_form(problem, origin)
        first, y = begin(form), vec.zeros(problem.unknown_structure())
        zero, one, infinite = (jnp.asarray(v, problem.dtype) for v in (0, 1, jnp.inf))
        return _State(
            origin,
            y,
            h=first.v,
            hbar=y,
            bidiagonal=first,
            alphabar=first.alpha,
            zetabar=first.alpha * first.beta,
            rho=one,
            rhobar=one,
            cbar=one,
            sbar=zero,
            residual=_Residual(first.beta, zero, one, zero, zero, zero, zero),
            operator=zero,
            largest=zero,
            smallest=infinite,
            estimates=first_estimates(form, first, y),
        )

    def step(self, problem: LeastSquares, state: _State) -> _State:
        form = standard_form(problem, state.origin)
        new = advance(form, state.bidiagonal)

        # One rotation takes the damping out of the bidiagonal matrix, another its subdiagonal beta, the third
        # makes the transpose of the triangle that is left into a triangle.
        chat, shat, alphahat = rotation(state.alphabar, form.damping)
        c, s, rho = rotation(alphahat, new.beta)
        theta, thetabar, diagonal = s * new.alpha, state.sbar * rho, state.cbar * rho
        cbar, sbar, rhobar = rotation(diagonal, theta)
        zeta, zetabar = cbar * state.zetabar, -sbar * state.zetabar

        hbar = vec.add(state.h, state.hbar, -(thetabar / state.rhobar) * (rho / state.rho))
        y = vec.add(state.y, hbar, zeta / rho / rhobar)
        following = _State(
            state.origin,
            y,
            h=vec.add(new.v, state.h, -theta / rho),
            hbar=hbar,
            bidiagonal=new,
            alphabar=c * new.alpha,
            zetabar=zetabar,
            rho=rho,
            rhobar=rhobar,
            cbar=cbar,
            sbar=sbar,
            residual=state.residual.advanced(chat, shat, c, s, thetabar, rhobar, zeta),
            operator=hypot(state.operator, state.bidiagonal.alpha, new.beta),
            largest=jnp.maximum(state.largest, rhobar),
            smallest=jnp.minimum(state.smallest, rhobar),
            estimates=state.estimates,
        )
        condition = jnp.maximum(state.largest, diagonal) / jnp.minimum(state.smallest, diagonal)
        return _estimated(following, condition, vec.norm(form.value(y)))


def _estimated(state: _State, condition: Array, solution: Array) -> _State:
    """The state with what its recurrences tell of norms."""
    estimates = Estimates(
        total=state.residual.norm(),
        gradient=abs(state.zetabar),
        operator=state.operator,
        condition=condition,
        solution=solution.astype(condition.dtype),
        data=state.estimates.data,
    )
    return eqx.tree_at(lambda s: s.estimates, state, jax.lax.stop_gradient(estimates))


def lsmr(
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
    """``min |A x - b|^2 + damping^2 |x|^2`` by LSMR.

    Arguments:
        A, b, damping, preconditioner: of the problem, see ``LeastSquares``.
        start, max_steps, driver, state: of the run, see ``solve``.
        options: of ``LSMR``: atol, btol, conlim.

    Returns a Solution. Its ``value`` has derivatives as that of ``lsqr``. Errors as in ``LeastSquares``.

    ```python
    x = lsmr(A, b, damping=0.1, max_steps=50).value
    ```
    """
    problem = LeastSquares(A, b, damping, preconditioner)
    solver = LSMR(**options)
    return solve_implicit(problem, solver, start, max_steps, driver, state, rtol=solver.atol)
