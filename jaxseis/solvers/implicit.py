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
from jaxseis.operators._structure import from_real_parts, inner, is_complex, real_parts
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solve import Driver, Solution, Unrolled, solve
from jaxseis.solvers.solver import Solver

_MOST = 1000  # equations that a derivative may need a step each for, whatever max_steps


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
        rtol: relative residual to which conjugate gradients solve for a derivative, in at most twice as many steps as
            ``max_steps``, or as A has rows or columns up to 1000, whichever is more.

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
    fixed, method, origin, before = vec.constant((problem, solver, start, state))
    solution = solve(fixed, method, origin, max_steps, driver, before)
    # Runs that are resumed have few steps, and their derivatives need all.
    enough = 2 * max(max_steps, min(_real_size(problem.A.in_structure()), _real_size(problem.b), _MOST))
    value = _with_derivatives(problem, start, solution.value, rtol=vec.constant(rtol), max_steps=enough)
    return eqx.tree_at(lambda s: s.value, solution, value)


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
    problem, start = primals
    w = solve_symmetric(partial(_range_matrix, problem), _defect(problem, start))

    def at_fixed_w(problem: LeastSquares, start: PyTree) -> tuple[PyTree, PyTree]:
        left = vec.add(_defect(problem, start), _range_matrix(problem, w), -1.0)
        return left, vec.add(_origin(problem, start), _image(problem, w))

    _, (dleft, dx) = eqx.filter_jvp(at_fixed_w, primals, tangents)
    dw = solve_symmetric(partial(_range_matrix, problem), dleft)
    return vec.add(dx, _image(problem, dw))


def _image(problem: LeastSquares, w: PyTree) -> PyTree:
    """``C A.H w``."""
    x = problem.A.H.mv(w)
    return vec.where(problem.damping > 0, x, problem.precondition(problem.precondition_adjoint(x)))


def _range_matrix(problem: LeastSquares, w: PyTree) -> PyTree:
    """``(A C A.H + damping^2) w``."""
    return vec.add(problem.A.mv(_image(problem, w)), w, problem.damping**2)


def _origin(problem: LeastSquares, start: PyTree) -> PyTree:
    zero = vec.zeros(problem.A.in_structure())
    return zero if start is None else vec.where(problem.damping > 0, zero, start)


def _defect(problem: LeastSquares, start: PyTree) -> PyTree:
    """``b - A o``."""
    return problem.residual(_origin(problem, start))


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
        return lambda parts: real_parts(f(from_real_parts(parts, structure)))

    def solve(matvec: Callable, g: PyTree) -> PyTree:
        return _conjugate_gradients(matvec, g, on_parts(precondition), rtol, max_steps)

    structure = jax.eval_shape(lambda: g)
    parts = jax.lax.custom_linear_solve(on_parts(matvec), real_parts(g), solve, solve, symmetric=True)
    return from_real_parts(parts, structure)


def _conjugate_gradients(matvec: Callable, g: PyTree, precondition: Callable, rtol: Any, max_steps: int) -> PyTree:
    size = vec.norm(g)
    g = vec.scale(1 / jnp.where(size > 0, size, 1), g)
    limit = jnp.maximum(rtol, jnp.finfo(size.dtype).eps)

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
    v, *_ = jax.lax.while_loop(running, step, (vec.zeros(g), g, z, inner(g, z), 0))
    return vec.scale(size, v)
