"""Kronecker products."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import (
    Kronecker,
    Restriction,
    VStack,
    as_dense,
    dot_test,
)


def test_it_is_that_of_numpy():
    A, B = matrix(3, 2), matrix(4, 5, seed=1)
    np.testing.assert_allclose(as_dense(Kronecker(A, B)), np.kron(A.array, B.array), rtol=1e-12)
    np.testing.assert_allclose(as_dense(Kronecker(A, B).T), np.kron(A.array, B.array).T, rtol=1e-12)


def test_natural_shapes_and_mixed_numbers():
    A, F = Restriction([1, 1, 0], 0, jnp.zeros((2, 3), complex)), fourier()
    x = normal(2, 3, 4)
    K = Kronecker(A, F)
    np.testing.assert_allclose(K @ x, np.fft.fft(x)[np.array([1, 1, 0])], atol=1e-12)
    assert dot_test(K)


def test_what_does_not_fit_is_named():
    message = "right of Kronecker: expected an operator that gives float64, for Matrix, got complex128"
    with pytest.raises(ValueError, match=message):
        Kronecker(matrix(3, 2), fourier())
    with pytest.raises(ValueError, match="left of Kronecker: expected an operator between single arrays"):
        Kronecker(VStack([matrix(3, 2)]), matrix(2, 2))


def test_empty_arrays():
    K = Kronecker(matrix(2, 0), matrix(3, 2))
    np.testing.assert_array_equal(K @ jnp.zeros((0, 2)), jnp.zeros((2, 3)))
    assert (K.T @ jnp.ones((2, 3))).shape == (0, 2)


def test_what_is_no_operator_is_named():
    with pytest.raises(ValueError, match="right of Kronecker: expected an operator between single arrays, got 3"):
        Kronecker(matrix(2, 2), 3)
