"""Derivatives of the solution of a least-squares problem, from the equation that it satisfies.

With full column rank, or damping, x solves ``F(x) = A.H (b - A x) - damping^2 x = 0``, so

    (A.H A + damping^2) dx = dF,    dF the derivative of F in A, b and the damping, x held fixed.

An operator with more columns than rows has many solutions without damping. The one that a method finds is

    x = o + C A.H w,    (A C A.H + damping^2) w = b - A o,

o = start and C = R R.H without damping, o = 0 and C = 1 with it: of this w is differentiated likewise.

Both systems are symmetric positive definite over the real numbers and are solved by conjugate gradients, in forward
and in reverse mode. Needed of A are ``A.mv``, ``A.H.mv`` and their derivatives in its arrays; the steps of the method
are not differentiated and nothing of them is stored.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner, is_complex
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution, Unrolled, solve
from jaxseis.solvers.solver import Solver


def solve_implicit(
    problem: LeastSquares,
    solver: Solver,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: Any = None,
    rtol: Any = 1e-6,
) -> Solution:
    """``solve`` for least squares, with the derivatives of the exact solution.

    Arguments:
        problem, solver, start, max_steps, driver, state: see ``solve``; ``Unrolled()`` has those of its steps.
        rtol: relative residual to which conjugate gradients solve for a derivative, in at most twice ``max_steps``.

    Returns a Solution whose ``value`` has derivatives in the arrays of the problem (and in the start, where the
    solution depends on it). A must have full rank, or the damping be positive. A value that is not converged has
    the derivatives it would have if it were; a derivative that needs more steps is as inaccurate as such a value.

    ```python
    jax.grad(lambda d: jnp.sum(solve_implicit(LeastSquares(A, d), LSQR()).value))(b)
    ```
    """
    if isinstance(driver, Unrolled):
        return solve(problem, solver, start, max_steps, driver, state)
    if start is not None:
        start = problem.as_start(start)
    fixed, method, origin, before = _constant((problem, solver, start, state))
    solution = solve(fixed, method, origin, max_steps, driver, before)
    value = _with_derivatives(problem, start, solution.value, rtol=_constant(rtol), max_steps=2 * max_steps)
    return eqx.tree_at(lambda s: s.value, solution, value)


def _constant(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: jax.lax.stop_gradient(v) if eqx.is_array(v) else v, x)


@eqx.filter_custom_jvp
def _with_derivatives(problem: LeastSquares, start: PyTree, x: PyTree, *, rtol: Any, max_steps: int) -> PyTree:
    return x


@_with_derivatives.def_jvp
def _derivative(primals: tuple, tangents: tuple, *, rtol: Any, max_steps: int) -> tuple[PyTree, PyTree]:
    problem, start, x = primals
    # Once more with its derivatives, for the sake of second ones.
    x = _with_derivatives(problem, start, x, rtol=rtol, max_steps=max_steps)

    solve_symmetric = partial(_solve_symmetric, rtol=rtol, max_steps=max_steps)
    if _real_size(problem.A.in_structure()) > _real_size(problem.b):
        return x, _derivative_by_range(solve_symmetric, (problem, start), tangents[:2])
    return x, _derivative_by_domain(solve_symmetric, problem, tangents[0], x)


def _derivative_by_domain(solve_symmetric: Callable, problem: LeastSquares, tangent: Any, x: PyTree) -> PyTree:
    """``(A.H A + damping^2)^-1 dF``."""
    _, dF = eqx.filter_jvp(lambda problem: problem.gradient(x), (problem,), (tangent,))

    def normal(v: PyTree) -> PyTree:
        return vec.add(problem.A.H.mv(problem.A.mv(v)), v, problem.damping**2)

    return solve_symmetric(normal, dF, lambda v: problem.precondition(problem.precondition_adjoint(v)))


def _derivative_by_range(solve_symmetric: Callable, primals: tuple, tangents: tuple) -> PyTree:
    """``do + d(C A.H) w + C A.H dw``."""

    def image(problem: LeastSquares, w: PyTree) -> PyTree:
        """``C A.H w``."""
        x = problem.A.H.mv(w)
        return vec.where(problem.damping > 0, x, problem.precondition(problem.precondition_adjoint(x)))

    def matrix(problem: LeastSquares, w: PyTree) -> PyTree:
        """``(A C A.H + damping^2) w``."""
        return vec.add(problem.A.mv(image(problem, w)), w, problem.damping**2)

    def origin(problem: LeastSquares, start: PyTree) -> PyTree:
        zero = vec.zeros(problem.A.in_structure())
        return zero if start is None else vec.where(problem.damping > 0, zero, start)

    def defect(problem: LeastSquares, start: PyTree) -> PyTree:
        """``b - A o``."""
        return problem.residual(origin(problem, start))

    problem, start = primals
    w = solve_symmetric(lambda v: matrix(problem, v), defect(problem, start))

    def at_fixed_w(problem: LeastSquares, start: PyTree) -> tuple[PyTree, PyTree]:
        left = vec.add(defect(problem, start), matrix(problem, w), -1.0)
        return left, vec.add(origin(problem, start), image(problem, w))

    _, (dleft, dx) = eqx.filter_jvp(at_fixed_w, primals, tangents)
    dw = solve_symmetric(lambda v: matrix(problem, v), dleft)
    return vec.add(dx, image(problem, dw))


def _same(x: PyTree) -> PyTree:
    return x


def _real_size(structure: PyTree) -> int:
    return sum(s.size * (2 if is_complex(s) else 1) for s in jax.tree.leaves(structure))


def _solve_symmetric(
    matvec: Callable, g: PyTree, precondition: Callable = _same, *, rtol: Any, max_steps: int
) -> PyTree:
    """The v for which ``matvec(v) = g``, matvec self-adjoint and positive; linear in g, and JAX can transpose it.

    Complex arrays are taken apart: what is self-adjoint for ``Re sum conj(x) y`` is symmetric for real pairs.
    """

    def on_parts(f: Callable) -> Callable:
        return lambda parts: _split(f(_join(parts, structure)))

    def solve(matvec: Callable, g: PyTree) -> PyTree:
        return _conjugate_gradients(matvec, g, on_parts(precondition), rtol, max_steps)

    structure = jax.eval_shape(lambda: g)
    parts = jax.lax.custom_linear_solve(on_parts(matvec), _split(g), solve, solve, symmetric=True)
    return _join(parts, structure)


def _conjugate_gradients(matvec: Callable, g: PyTree, precondition: Callable, rtol: Any, max_steps: int) -> PyTree:
    limit = jnp.maximum(rtol, jnp.finfo(vec.real_dtype(g)).eps) * vec.norm(g)

    def running(carry: tuple) -> Array:
        _, r, _, rz, k = carry
        return (vec.norm(r) > limit) & (rz > 0) & (k < max_steps)

    def step(carry: tuple) -> tuple:
        v, r, p, rz, k = carry
        q = matvec(p)
        length = rz / inner(p, q)
        v, r = vec.add(v, p, length), vec.add(r, q, -length)
        z = precondition(r)
        new = inner(r, z)
        return v, r, vec.add(z, p, new / rz), new, k + 1

    z = precondition(g)
    return jax.lax.while_loop(running, step, (vec.zeros(g), g, z, inner(g, z), 0))[0]


def _split(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: (v.real, v.imag) if is_complex(v) else v, x)


def _join(parts: PyTree, structure: PyTree) -> PyTree:
    return jax.tree.map(lambda s, p: jax.lax.complex(*p) if is_complex(s) else p, structure, parts)
