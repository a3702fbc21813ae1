"""Operators of low rank."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    LowRank,
    Outer,
    as_dense,
)


def test_it_is_a_product_of_matrices():
    U, V = normal(3, 2), normal(4, 2, seed=1, dtype=complex)
    np.testing.assert_allclose(as_dense(LowRank(U, V)), U @ V.conj().T, rtol=1e-12)
    x = normal(2, 2, dtype=complex)
    natural = LowRank(U, V.reshape(2, 2, 2))
    np.testing.assert_allclose(natural @ x, U @ (V.conj().T @ x.ravel()), rtol=1e-12)


def test_an_outer_product():
    u, v = normal(3, dtype=complex), normal(2, seed=1)
    np.testing.assert_allclose(as_dense(Outer(u, v))[:3], np.outer(u, v).real, rtol=1e-12)
    np.testing.assert_allclose(Outer(u, v) @ jnp.ones(2), u * v.sum(), rtol=1e-12)


def test_ranks_that_differ_are_named():
    with pytest.raises(ValueError, match=r"left and right of LowRank: .*got shapes \(3, 2\) and \(3, 1\)"):
        LowRank(jnp.ones((3, 2)), jnp.ones((3, 1)))
