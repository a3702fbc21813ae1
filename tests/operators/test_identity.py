"""The operators that do nothing, and what sums and products make of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import matrix, normal

from jaxseis.operators import (
    Identity,
    Zeros,
)

X4 = normal(4, seed=3)


def test_identity_returns_what_it_is_given():
    tree = {"m": X4, "q": (jnp.ones((2, 2)),)}
    assert jax.tree.all(jax.tree.map(np.array_equal, Identity(tree) @ tree, tree))
    np.testing.assert_array_equal((2 * Identity(X4) - Identity(X4)) @ X4, X4)


def test_zeros_give_zero():
    A = Zeros(jnp.zeros(3), {"a": jnp.zeros(2), "b": jnp.zeros(1, complex)})
    assert jax.tree.all(jax.tree.map(lambda v: not v.any(), A @ jnp.ones(3)))
    np.testing.assert_array_equal(A.T @ {"a": jnp.ones(2), "b": jnp.ones(1, complex)}, jnp.zeros(3))


def test_sums_drop_zeros_and_products_become_zero():
    A, zero = matrix(2, 3), Zeros(jnp.zeros(3), jnp.zeros(2))
    assert A + zero is A
    assert zero + A is A
    assert isinstance(zero + zero, type(A + A))
    assert isinstance(A @ Zeros(jnp.zeros(4), jnp.zeros(3)), Zeros)
    assert isinstance(Zeros(jnp.zeros(2), jnp.zeros(4)) @ A, Zeros)
    assert isinstance(-zero, Zeros)
    wider = A + Zeros(jnp.zeros(3), jnp.zeros(2, complex))  # the zero makes the range complex, and stays
    assert (wider @ jnp.ones(3)).dtype == complex


def test_zeros_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"Matrix @ Zeros: expected Zeros to give what Matrix acts on"):
        matrix(2, 3) @ Zeros(jnp.zeros(4), jnp.zeros(2))
