"""The solvers of lineax on our operators, and its operators as ours."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import Diagonal, FunctionOperator, LinearOperator, Roll, VStack, as_dense, from_lineax

A34, X4 = matrix(3, 4), normal(4, seed=3)

SOLVERS = [lx.LSMR(1e-12, 1e-12), lx.Normal(lx.CG(1e-12, 1e-12)), lx.QR(), lx.SVD()]


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: type(s).__name__)
def test_lineax_solves_least_squares(solver):
    M, b = normal(7, 4), normal(7, seed=1)
    A = FunctionOperator(lambda x: M @ x, jnp.zeros(4))
    solution = jax.jit(lambda A, b: lx.linear_solve(A, b, solver).value)(A, b)
    np.testing.assert_allclose(solution, jnp.linalg.lstsq(M, b)[0], rtol=1e-9)


def test_lineax_cg_on_the_normal_operator():
    A, b = FunctionOperator(lambda x: jnp.convolve(x, jnp.array([1.0, 0.4])), jnp.zeros(6)), normal(7)
    normal_operator = lx.TaggedLinearOperator(A.T @ A, lx.positive_semidefinite_tag)
    solution = jax.jit(lambda b: lx.linear_solve(normal_operator, A.T @ b, lx.CG(1e-12, 1e-12)).value)(b)
    np.testing.assert_allclose(solution, jnp.linalg.lstsq(as_dense(A), b)[0], rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS[:2], ids=lambda s: type(s).__name__)
def test_gradient_through_a_solve(solver):
    M, b = normal(7, 4), normal(7, seed=1)

    def through(M, b):
        A = 2.0 * FunctionOperator(lambda x: M @ x, jnp.zeros(4))
        return jnp.sum(lx.linear_solve(A, b, solver).value ** 3)

    def reference(M, b):
        return jnp.sum(jnp.linalg.lstsq(2.0 * M, b)[0] ** 3)

    for got, expected in zip(*(jax.jit(jax.grad(f, (0, 1)))(M, b) for f in (through, reference)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)


def test_lineax_solves_for_a_pytree():
    A, b = VStack([A34, Diagonal(jnp.full(4, 0.1))]), (normal(3, seed=1), jnp.zeros(4))
    solution = lx.linear_solve(A, b, lx.LSMR(1e-12, 1e-12)).value
    M = np.vstack([A34.array, 0.1 * np.eye(4)])
    np.testing.assert_allclose(solution, np.linalg.lstsq(M, np.concatenate(b), rcond=None)[0], rtol=1e-9)


def test_lineax_solves_over_the_real_numbers():
    F, x = fourier(), normal(4)
    solution = lx.linear_solve(F, F @ x, lx.Normal(lx.CG(1e-12, 1e-12))).value
    assert solution.dtype == float
    np.testing.assert_allclose(solution, x, rtol=1e-10)


def test_complex_least_squares():
    A, b = matrix(7, 4, dtype=complex), normal(7, dtype=complex)
    solution = lx.linear_solve(A, b, lx.LSMR(1e-12, 1e-12)).value
    np.testing.assert_allclose(solution, jnp.linalg.lstsq(A.array, b)[0], rtol=1e-9)


def test_direct_solvers_and_diagonals():
    A = matrix(4, 4)
    np.testing.assert_allclose(lx.linear_solve(A, X4, lx.LU()).value, jnp.linalg.solve(A.array, X4))
    np.testing.assert_allclose(lx.linear_solve(Diagonal(X4), X4).value, jnp.ones(4))
    np.testing.assert_allclose(lx.diagonal(A), jnp.diag(A.array))
    for got, offset in zip(lx.tridiagonal(A), (0, -1, 1), strict=True):
        np.testing.assert_allclose(got, jnp.diag(A.array, offset))


def test_mixing_with_operators_of_lineax():
    theirs = lx.MatrixLinearOperator(jnp.eye(4))
    S = Roll(1, 0, X4)
    np.testing.assert_allclose((A34 @ theirs).mv(X4), A34 @ X4)
    np.testing.assert_allclose((theirs @ S).mv(X4), S @ X4)
    np.testing.assert_allclose((S + theirs).mv(X4), S @ X4 + X4)
    np.testing.assert_allclose((S - theirs).mv(X4), S @ X4 - X4)


def test_operators_of_lineax_are_ours():
    theirs = lx.MatrixLinearOperator(A34.array)
    ours = from_lineax(theirs)
    np.testing.assert_allclose(as_dense(ours.H), A34.array.T)
    np.testing.assert_allclose(jax.jit(lambda A, x: A @ x)(2.0 * ours, X4), 2 * A34 @ X4)
    for made in (A34.T @ lx.MatrixLinearOperator(A34.array), A34 + theirs, A34 - theirs):
        assert isinstance(made, LinearOperator)
    np.testing.assert_allclose(as_dense(A34.T @ theirs), A34.array.T @ A34.array)
    assert from_lineax(A34) is A34


def test_arrays_and_tags_of_lineax_are_kept():
    def squares(m):
        return jnp.sum((from_lineax(lx.MatrixLinearOperator(m)) @ X4) ** 2)

    np.testing.assert_allclose(jax.grad(squares)(A34.array), 2 * jnp.outer(A34.array @ X4, X4))
    function = lx.FunctionLinearOperator(lambda x: X4**2 * x, X4, lx.positive_semidefinite_tag)
    assert lx.is_positive_semidefinite(from_lineax(function))
    assert not lx.is_diagonal(from_lineax(function).T)


def test_what_is_no_operator_of_lineax_is_named():
    with pytest.raises(ValueError, match="operator of from_lineax: expected an operator of lineax, got 3"):
        from_lineax(3)
    with pytest.raises(ValueError, match=r"Matrix @ MatrixLinearOperator: expected .* shape \(4,\)"):
        A34 @ lx.MatrixLinearOperator(jnp.eye(3))
