"""Arithmetic of pytrees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.solvers import _vectors as vec

X = {"a": jnp.array([3.0, 0.0], jnp.float32), "b": jnp.array([4j])}


def test_precision_and_kind_stay():
    for y in (vec.add(X, X, np.float64(2.0)), vec.scale(jnp.asarray(2.0), X), vec.zeros(X), vec.where(True, X, X)):
        assert jax.tree.map(lambda v: (v.shape, v.dtype), y) == jax.tree.map(lambda v: (v.shape, v.dtype), X)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_squares_need_not_be_held_by_the_precision(size):
    x = size * jnp.array([3.0, -4.0], jnp.float32)
    np.testing.assert_allclose(vec.norm(x), 5 * size, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(vec.norm)(x), [0.6, -0.8], rtol=1e-6)
    np.testing.assert_allclose(vec.norm({"a": x, "b": 1j * x}), 5 * np.sqrt(2) * size, rtol=1e-6)
    assert vec.norm(jnp.array([jnp.inf, size], jnp.float32)) == jnp.inf
    assert vec.norm(jnp.zeros((0, 3))) == 0


def test_a_ratio_has_a_value_where_the_divisor_vanishes():
    np.testing.assert_array_equal(vec.over(jnp.array([1.0, 1.0]), jnp.array([2.0, 0.0]), 7.0), [0.5, 7.0])
    assert jax.grad(lambda b: vec.over(1.0, b))(0.0) == 0


def test_the_norm_is_that_of_all_arrays_and_has_a_derivative_at_zero():
    assert vec.norm(X) == 5.0
    np.testing.assert_array_equal(jax.grad(vec.norm)(jnp.zeros(2)), np.zeros(2))
    assert jnp.isnan(vec.norm(jnp.array([jnp.nan])))
    assert vec.real_dtype(X["a"]) == jnp.float32
    assert vec.real_dtype(X) == jnp.float64
