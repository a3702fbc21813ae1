"""Operators over a batch axis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import matrix, normal

from jaxseis.operators import (
    Batched,
    Diagonal,
)


def test_one_operator_serves_every_slice():
    A, x = matrix(3, 4), normal(5, 4)
    np.testing.assert_allclose(Batched(A, 5) @ x, x @ A.array.T, rtol=1e-12)
    np.testing.assert_allclose(Batched(A, 5).T @ normal(5, 3), normal(5, 3) @ A.array, rtol=1e-12)


def test_each_slice_may_have_its_own():
    w, x = normal(5, 4), normal(5, 4, seed=1)
    A = Batched(jax.vmap(Diagonal)(w), 5, axis=0)
    np.testing.assert_allclose(A @ x, w * x)
    np.testing.assert_allclose(jax.grad(lambda w: jnp.sum(Batched(jax.vmap(Diagonal)(w), 5, axis=0) @ x))(w), x)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="operator of Batched: expected array leaves with a first axis of 4"):
        Batched(jax.vmap(Diagonal)(normal(5, 4)), 4, axis=0)
    with pytest.raises(ValueError, match="axis of Batched: expected None or 0, got 1"):
        Batched(matrix(2, 2), 4, axis=1)
