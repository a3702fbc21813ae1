"""LSQR: least squares by bidiagonalization; |b - A x| falls with every step.

The k-th iterate minimises ``|B y - c|^2 + damping^2 |y|^2`` over the span of v_1, ..., v_k. The QR factorization of
the bidiagonal matrix, kept up to date by plane rotations, gives it by a recurrence.

Paige and Saunders (1982), LSQR: an algorithm for sparse linear equations and sparse least squares,
ACM Transactions on Mathematical Software 8, 43-71. The names are theirs.
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


class _State(eqx.Module):
    origin: PyTree
    y: PyTree
    w: PyTree
    bidiagonal: Bidiagonal
    phibar: Array
    rhobar: Array
    damped: Array
    operator: Array
    inverse: Array
    estimates: Estimates


class LSQR(BidiagonalSolver):
    """LSQR, a Solver of ``LeastSquares``. One application of ``A`` and one of ``A.H`` a step.

    Arguments:
        atol: relative error of ``A``: stop where ``|A.H r - damping^2 x| <= atol |A| |r|``.
        btol: relative error of ``b``: stop where ``|r| <= atol |A| |x| + btol |b|``.
        conlim: stop where the condition number of ``A`` is estimated to be larger; 0 for no limit.

    With damping, r is ``(b - A x, damping x)`` in these rules; with a preconditioner R, the gradient is multiplied by
    ``R.H``, and ``A R`` is in place of ``A``. The state holds two vectors like x and one like b beside x.

    Measures: "residual" ``|b - A x|``, "gradient" ``|A.H (b - A x) - damping^2 x|``, "solution" ``|x|``, and estimates
    of the Frobenius norm, "operator", and of the condition number, "condition", of ``(A, damping)``.

    ```python
    solution = solve(LeastSquares(A, b, damping=0.1), LSQR(atol=1e-10, btol=1e-10))
    ```
    """

    state_type = _State

    def init(self, problem: LeastSquares, start: PyTree) -> _State:
        origin = None if start is None else problem.as_start(start)
        form = standard_form(problem, origin)
        first, y = begin(form), vec.zeros(problem.unknown_structure())
        zero = jnp.zeros((), problem.dtype)
        estimates = first_estimates(form, first, y)
        return _State(origin, y, first.v, first, first.beta, first.alpha, zero, zero, zero, estimates)

    def step(self, problem: LeastSquares, state: _State) -> _State:
        form = standard_form(problem, state.origin)
        damping, new = form.damping, advance(form, state.bidiagonal)

        # One rotation takes the damping out of the bidiagonal matrix, another its subdiagonal beta.
        c1, s1, rhobar = rotation(state.rhobar, damping)
        c, s, rho = rotation(rhobar, new.beta)
        phi, theta = c * c1 * state.phibar, s * new.alpha
        y = vec.add(state.y, state.w, phi / rho)

        following = _State(
            state.origin,
            y,
            w=vec.add(new.v, state.w, -theta / rho),
            bidiagonal=new,
            phibar=s * c1 * state.phibar,
            rhobar=-c * new.alpha,
            damped=hypot(state.damped, s1 * state.phibar),
            operator=hypot(state.operator, state.bidiagonal.alpha, new.beta, damping),
            inverse=hypot(state.inverse, vec.norm(state.w).astype(rho.dtype) / rho),
            estimates=state.estimates,
        )
        return _estimated(following, new.alpha * abs(s * phi), vec.norm(form.value(y)))


def _estimated(state: _State, gradient: Array, solution: Array) -> _State:
    """The state with what its recurrences tell of norms."""
    estimates = Estimates(
        total=hypot(state.phibar, state.damped),
        gradient=gradient,
        operator=state.operator,
        condition=state.operator * state.inverse,
        solution=solution.astype(gradient.dtype),
        data=state.estimates.data,
    )
    return eqx.tree_at(lambda s: s.estimates, state, jax.lax.stop_gradient(estimates))


def lsqr(
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
    """``min |A x - b|^2 + damping^2 |x|^2`` by LSQR.

    Arguments:
        A, b, damping, preconditioner: of the problem, see ``LeastSquares``.
        start, max_steps, driver, state: of the run, see ``solve``.
        options: of ``LSQR``: atol, btol, conlim.

    Returns a Solution. Its ``value`` has derivatives in b, the arrays of A and the damping, in both modes: those of
    the exact solution, also if the steps ended before it was reached (see ``solve_implicit``); for those of the steps
    themselves, ``driver=Unrolled()``. Errors as in ``LeastSquares``, and for negative tolerances.

    ```python
    x = lsqr(A, b, damping=0.1, max_steps=50).value
    ```
    """
    problem = LeastSquares(A, b, damping, preconditioner)
    solver = LSQR(**options)
    return solve_implicit(problem, solver, start, max_steps, driver, state, rtol=solver.atol)
