"""Solvers of lineax in our form, and our operators in theirs."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx
import pytest
from helpers.least_squares import normal

from jaxseis.operators import BlockDiag, Diagonal, Identity, Matrix
from jaxseis.solvers import Compiled, Status
from jaxseis.solvers.lineax_solver import bicgstab, cg, gmres

A = normal(5, 5) + 5 * jnp.eye(5)
B = normal(5, seed=1)


@pytest.mark.parametrize("method", [cg, gmres, bicgstab])
def test_it_solves_in_any_units_and_has_derivatives(method):
    a = A @ A.T if method is cg else A
    solution = method(Matrix(1e9 * a), 1e-9 * B, rtol=1e-10)
    assert solution.converged
    np.testing.assert_allclose(solution.value, 1e-18 * np.linalg.solve(a, B), rtol=1e-8)
    assert solution.curves()["residual"][-1] < 1e-9 * 1e-9
    assert solution.curves()["iterations"][-1] > 0
    ours = jax.jit(jax.grad(lambda a, b: jnp.sum(method(Matrix(a), b, rtol=1e-10).value), (0, 1)))(a, B)
    adjoint = np.linalg.solve(a.T, np.ones(5))
    for got, expected in zip(ours, (-np.outer(adjoint, np.linalg.solve(a, B)), adjoint), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)


def test_complex_systems_starts_and_preconditioners():
    a = normal(5, 5, dtype=complex)
    a, b = a @ a.conj().T + jnp.diag(jnp.logspace(0, 4, 5)), normal(5, seed=1, dtype=complex)
    exact = np.linalg.solve(a, b)
    near = exact + 1e-3 * normal(5, seed=2, dtype=complex)
    solution = cg(Matrix(a), b, near, preconditioner=Diagonal(1 / jnp.diag(a).real, b), rtol=1e-10)
    assert solution.converged
    np.testing.assert_allclose(solution.value, exact, rtol=1e-8)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.complex64])
@pytest.mark.parametrize("method", [cg, gmres, bicgstab])
def test_derivatives_in_single_precision(method, dtype):
    root, b, c = normal(5, 5, dtype=dtype), normal(5, seed=1, dtype=dtype), normal(5, seed=2, dtype=dtype)
    a = root.conj().T @ root + 2 * jnp.eye(5, dtype=dtype)

    def derivatives(solve):
        f = lambda a, b: jnp.sum(c * solve(a, b)).real  # noqa: E731
        mapped = jax.vmap(lambda b: jax.grad(f, 1)(a, b))(jnp.stack([b, c]))
        return jax.grad(f, (0, 1))(a, b), jax.jvp(f, (a, b), (root, c))[1], mapped

    got, expected = (
        jax.jit(lambda s=s: derivatives(s))() for s in (lambda a, b: method(Matrix(a), b).value, jnp.linalg.solve)
    )
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * np.max(np.abs(other)))


def test_every_driver_has_derivatives_and_second_ones():
    f = lambda t: jnp.sum(cg(Matrix(A @ A.T), t * B, driver=Compiled(), rtol=1e-10).value ** 2)  # noqa: E731
    np.testing.assert_allclose(jax.jit(jax.grad(jax.grad(f)))(1.0), 2 * f(1.0), rtol=1e-8)


def test_where_nothing_is_to_do_no_step_is_taken():
    twice, ones = 2 * Identity(jnp.zeros(3)), jnp.ones(3)
    for b, start in ((0 * ones, None), (ones, 0.5 * ones)):
        solution = bicgstab(twice, b, start)
        assert solution.converged
        assert int(solution.steps) == 0
        np.testing.assert_array_equal(twice @ solution.value, b)


def test_where_lineax_breaks_down_x_stays_and_it_is_told():
    solution = bicgstab(2 * Identity(jnp.zeros(3)), jnp.ones(3))
    assert solution.status == Status.breakdown
    np.testing.assert_array_equal(solution.value, jnp.zeros(3))


def test_small_operators_in_single_precision():
    a = Diagonal(jnp.array([1e-12, 2e-12, 3e-12], jnp.float32))
    solution = cg(a, 1e-12 * jnp.ones(3, jnp.float32))
    assert solution.converged
    np.testing.assert_allclose(solution.value, [1.0, 1 / 2, 1 / 3], rtol=1e-5)


def test_too_few_iterations_are_told_and_a_state_goes_on():
    few = cg(Matrix(A @ A.T), B, max_steps=2, rtol=1e-10)
    assert few.status == Status.max_steps
    more = cg(Matrix(A @ A.T), B, state=few.state, rtol=1e-10)
    assert more.converged
    np.testing.assert_allclose(more.value, np.linalg.solve(A @ A.T, B), rtol=1e-8)


@pytest.mark.parametrize("solver", [lx.LSMR(rtol=1e-10, atol=1e-10), lx.Normal(lx.CG(rtol=1e-10, atol=1e-10))])
def test_lineax_takes_our_operators(solver):
    blocks = BlockDiag([Matrix(normal(6, 4)), Identity(jnp.zeros(3))])
    b = normal(6, seed=1), normal(3, seed=2)
    x = lx.linear_solve(blocks, b, solver).value
    np.testing.assert_allclose(x[0], np.linalg.lstsq(normal(6, 4), b[0])[0], rtol=1e-6)
    np.testing.assert_allclose(x[1], b[1], rtol=1e-6)


def test_optimistix_takes_our_operators():
    blocks = BlockDiag([Matrix(normal(6, 4)), Identity(jnp.zeros(3))])
    b = normal(6, seed=1), normal(3, seed=2)
    solver = optx.GaussNewton(rtol=1e-8, atol=1e-8, linear_solver=lx.Normal(lx.CG(rtol=1e-10, atol=1e-10)))
    residual = lambda x, b: jax.tree.map(jnp.subtract, blocks @ x, b)  # noqa: E731
    x = optx.least_squares(residual, solver, blocks.T @ b, b).value
    np.testing.assert_allclose(x[0], np.linalg.lstsq(normal(6, 4), b[0])[0], rtol=1e-6)
