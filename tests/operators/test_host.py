"""Operators that run outside JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    HostOperator,
    as_dense,
    dot_test,
)


def cumulative():
    return HostOperator(np.cumsum, lambda y: np.cumsum(y[::-1])[::-1], jnp.zeros(4), jnp.zeros(4))


def test_it_composes_with_jax():
    A, x = cumulative(), normal(4)
    np.testing.assert_allclose(jax.jit(lambda x: A @ (2 * x))(x), 2 * np.cumsum(x))
    np.testing.assert_allclose(jax.hessian(lambda x: 0.5 * jnp.sum((A @ x) ** 2))(x), as_dense(A.T @ A), rtol=1e-12)
    assert dot_test(A)


def test_what_runs_on_the_host_may_write_to_its_argument():
    def doubled(x):
        x *= 2
        return x

    np.testing.assert_array_equal(HostOperator(doubled, doubled, jnp.zeros(2), jnp.zeros(2)) @ jnp.ones(2), [2.0, 2.0])


def test_a_structure_of_several_arrays_is_refused():
    with pytest.raises(ValueError, match="in_structure of HostOperator: expected one array"):
        HostOperator(np.cumsum, np.cumsum, (jnp.zeros(2), jnp.zeros(2)), jnp.zeros(2))
