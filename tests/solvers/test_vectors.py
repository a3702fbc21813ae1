"""Arithmetic of pytrees."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis.solvers import _vectors as vec

X = {"a": jnp.array([3.0, 0.0], jnp.float32), "b": jnp.array([4j])}


def test_precision_and_kind_stay():
    for y in (vec.add(X, X, np.float64(2.0)), vec.scale(jnp.asarray(2.0), X), vec.zeros(X), vec.where(True, X, X)):
        assert jax.tree.map(lambda v: (v.shape, v.dtype), y) == jax.tree.map(lambda v: (v.shape, v.dtype), X)


def test_the_norm_is_that_of_all_arrays_and_has_a_derivative_at_zero():
    assert vec.norm(X) == 5.0
    np.testing.assert_array_equal(jax.grad(vec.norm)(jnp.zeros(2)), np.zeros(2))
    assert jnp.isnan(vec.norm(jnp.array([jnp.nan])))
    assert vec.real_dtype(X["a"]) == jnp.float32
    assert vec.real_dtype(X) == jnp.float64
