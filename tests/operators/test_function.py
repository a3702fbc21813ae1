"""A JAX function as an operator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    FunctionOperator,
    LinearOperator,
    dot_test,
    linearity_test,
    structure_of,
)

X4 = normal(4, seed=3)


def test_function_operator_applies_the_function():
    D = FunctionOperator(jnp.diff, jnp.zeros(5))
    np.testing.assert_array_equal(D @ jnp.arange(5.0) ** 2, [1.0, 3.0, 5.0, 7.0])
    np.testing.assert_array_equal(D.T @ jnp.ones(4), [-1.0, 0.0, 0.0, 0.0, 1.0])


def test_function_operator_uses_the_adjoint_it_is_given():
    given = FunctionOperator(jnp.cumsum, X4, adjoint=lambda y: 7.0 * y)
    np.testing.assert_allclose(given.T @ X4, 7.0 * X4)
    assert not dot_test(given)
    np.testing.assert_allclose(FunctionOperator(jnp.cumsum, X4).T @ X4, jnp.cumsum(X4[::-1])[::-1])


def test_function_operator_refuses_an_adjoint_of_another_structure():
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        FunctionOperator(jnp.diff, jnp.zeros(5), adjoint=lambda y: y)
    assert str(error.value) == (
        "adjoint of FunctionOperator: expected a result of shape (5,) of float64, got shape (4,) of float64."
    )


def test_arrays_closed_over_have_derivatives():
    def energy(taps):
        A = FunctionOperator(lambda x: jnp.convolve(x, taps), X4)
        return jnp.sum(jax.jit(lambda A, x: A @ x)(A, X4) ** 2)

    taps = normal(3)
    expected = jax.grad(lambda t: jnp.sum(jnp.convolve(X4, t) ** 2))(taps)
    np.testing.assert_allclose(jax.grad(energy)(taps), expected)


def test_numpy_arrays_may_be_closed_over():
    M = np.arange(12.0).reshape(3, 4)
    A = FunctionOperator(lambda x: M @ x, X4)
    np.testing.assert_allclose(jax.jit(lambda A: A @ X4)(A), M @ X4)


def test_a_function_that_is_not_linear_is_found_out():
    class Shifted(LinearOperator):
        def mv(self, x):
            return x + 1.0

        def in_structure(self):
            return structure_of(X4)

    assert not linearity_test(Shifted())
