"""Elementwise products."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    Diagonal,
    Mask,
    structure_of,
)

X4 = normal(4, seed=3)


def test_diagonal_multiplies_elementwise():
    w = normal(2, 3)
    np.testing.assert_array_equal(Diagonal(w) @ w, w * w)


def test_diagonal_broadcasts_to_the_structure():
    w, d = normal(5, 1), normal(2, 5, 3, dtype=complex)
    A = Diagonal(w, structure_of(d))
    np.testing.assert_allclose(A @ d, w * d)
    np.testing.assert_allclose(A.H @ d, w * d)


def test_diagonal_keeps_the_precision_of_its_operand():
    A = Diagonal(normal(4), jax.ShapeDtypeStruct((4,), jnp.float32))
    assert (A @ X4.astype(jnp.float32)).dtype == jnp.float32


def test_diagonal_is_differentiable_in_its_weights():
    slope = jax.grad(lambda w: jnp.sum((Diagonal(w) @ X4) ** 2))(jnp.ones(4))
    np.testing.assert_allclose(slope, 2 * X4**2)


@pytest.mark.parametrize(
    ("weights", "structure", "message"),
    [
        (
            jnp.ones(3), jnp.ones(4),
            "weights of Diagonal: expected an array that broadcasts to shape (4,) of float64, "
            "got shape (3,) of float64.",
        ),
        (
            jnp.ones((2, 4)), jnp.ones(4),
            "weights of Diagonal: expected an array that broadcasts to shape (4,) of float64, "
            "got shape (2, 4) of float64.",
        ),
        (
            {"a": jnp.ones(4)}, jnp.ones(4),
            "weights of Diagonal: expected an array that broadcasts to shape (4,) of float64, got {'a': f64[4]}.",
        ),
    ],
)  # fmt: skip
def test_diagonal_refuses_weights_that_do_not_broadcast(weights, structure, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        Diagonal(weights, structure)
    assert str(error.value) == message


def test_a_mask_keeps_what_is_true():
    keep = np.array([[True], [False]])
    x = normal(2, 3, dtype=complex)
    P = Mask(keep, x)
    np.testing.assert_array_equal(P @ x, np.where(keep, x, 0))
    assert P.T is P
    np.testing.assert_array_equal((P @ P) @ x, P @ x)


def test_a_mask_must_be_one():
    with pytest.raises(ValueError, match="mask of Mask: expected booleans, got int.*Write mask != 0, or Diagonal"):
        Mask([1, 0], jnp.zeros(2))
    with pytest.raises(ValueError, match=r"mask of Mask: expected an array that broadcasts to shape \(2,\)"):
        Mask(np.ones(3, bool), jnp.zeros(2))


def test_neighbouring_diagonals_become_one():
    a, b = normal(4), normal(4, seed=1)
    product = Diagonal(a) @ (2.0 * Diagonal(b))
    assert isinstance(product.operator, Diagonal)
    np.testing.assert_allclose(product @ X4, 2 * a * b * X4)
    mixed = Diagonal(1j * a, X4) @ Diagonal(b)  # the first makes real numbers complex: they stay apart
    np.testing.assert_allclose(mixed @ X4, 1j * a * b * X4)
    np.testing.assert_allclose(jax.grad(lambda w: jnp.sum((Diagonal(w) @ Diagonal(b)) @ X4))(a), b * X4)
