"""The norm of an operator against the largest singular value of its matrix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import Diagonal, FunctionOperator, Matrix, VStack, Zeros
from jaxseis.operators.dense import as_dense
from jaxseis.operators.norm import operator_norm

OPERATORS = {
    "tall": lambda: matrix(7, 4),
    "wide": lambda: matrix(3, 6),
    "complex": lambda: matrix(5, 4, dtype=complex),
    "fourier of real": fourier,
    "stack": lambda: VStack([matrix(3, 4), 2.0 * Diagonal(normal(4))]),
    "pytree": lambda: Diagonal({"m": jnp.array([1.0, 3.0]), "q": jnp.array([2j])}),
}


@pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS.keys())
def test_it_is_the_largest_singular_value(make):
    A = make()
    found = operator_norm(A, tolerance=1e-7, max_steps=1000)
    if isinstance(A, Diagonal):
        expected = 3.0
    elif isinstance(A, FunctionOperator):
        expected = 2.0  # the Fourier transform of four numbers
    else:
        expected = np.linalg.norm(np.asarray(as_dense(A)), 2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_tolerance_bounds_the_error_and_the_estimate_is_from_below():
    A = Matrix(jnp.diag(jnp.arange(1.0, 31.0)))
    for tolerance in (1e-1, 1e-2, 1e-4):
        found = float(operator_norm(A, tolerance=tolerance, max_steps=2000))
        assert 30 * (1 - tolerance) <= found <= 30 * (1 + 1e-14)


def test_float32_stays_float32():
    found = operator_norm(matrix(5, 4, dtype=jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, np.linalg.norm(np.asarray(normal(5, 4, dtype=jnp.float32)), 2), rtol=1e-3)


def test_of_zero_it_is_zero():
    assert operator_norm(Zeros(jnp.zeros(3), jnp.zeros(2))) == 0.0


def test_its_derivative_is_that_of_the_singular_value():
    M = normal(5, 4)
    norm = jax.jit(lambda M: operator_norm(Matrix(M), tolerance=1e-9, max_steps=2000))
    U, _, V = np.linalg.svd(M)
    np.testing.assert_allclose(jax.grad(norm)(M), np.outer(U[:, 0], V[0]), atol=1e-7)
    dM = normal(5, 4, seed=1)
    np.testing.assert_allclose(jax.jvp(norm, (M,), (dM,))[1], U[:, 0] @ np.asarray(dM) @ V[0], rtol=1e-7)


def test_the_key_decides_where_it_starts():
    A = matrix(6, 6)
    one, other = (operator_norm(A, jax.random.key(k), max_steps=2) for k in (1, 2))
    assert one != other


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="A: expected a linear operator"):
        operator_norm(jnp.eye(3))
    with pytest.raises(ValueError, match="tolerance: expected a positive number"):
        operator_norm(matrix(2, 2), tolerance=0.0)
    with pytest.raises(ValueError, match="max_steps: expected a whole number of at least 1"):
        operator_norm(matrix(2, 2), max_steps=0)


@pytest.mark.parametrize(
    ("dtype", "scale"), [(jnp.float32, 1e-30), (jnp.float32, 3e9), (float, 1e80), (float, 1e-300), (float, 1e305)]
)
def test_any_scale_will_do(dtype, scale):
    A = Matrix(scale * jnp.diag(jnp.array([1.0, 3.0], dtype)))
    np.testing.assert_allclose(operator_norm(A), 3 * scale, rtol=1e-6)


def test_the_derivative_at_a_small_scale():
    slope = jax.grad(lambda s: operator_norm(Matrix(s * jnp.diag(jnp.array([1.0, 3.0]))), tolerance=1e-7))(1e-80)
    np.testing.assert_allclose(slope, 3.0)


def test_what_is_no_operator_is_told_how_to_become_one():
    with pytest.raises(ValueError, match=r"A: expected a linear operator, .*from_scipy, from_pylops and from_lineax"):
        operator_norm(np.eye(2))
