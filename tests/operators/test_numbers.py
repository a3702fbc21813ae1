"""Parts, conjugates and precision."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    Cast,
    Conj,
    Imag,
    Real,
)

Z = normal(3, dtype=complex)


def test_parts_and_conjugates():
    np.testing.assert_array_equal(Real(Z) @ Z, np.real(Z))
    np.testing.assert_array_equal(Imag(Z) @ Z, np.imag(Z))
    np.testing.assert_array_equal(Conj(Z) @ Z, np.conj(Z))
    np.testing.assert_array_equal((Real(Z) + 1j * Imag(Z)) @ Z, Z)


def test_a_cast_goes_there_and_back():
    C = Cast("float32", jnp.zeros(3))
    assert (C @ jnp.ones(3)).dtype == jnp.float32
    assert (C.T @ jnp.ones(3, jnp.float32)).dtype == jnp.float64
    up = Cast(complex, jnp.zeros(3))
    np.testing.assert_array_equal(up.T @ Z, np.real(Z))


def test_a_cast_never_drops_an_imaginary_part():
    message = "dtype of Cast: expected a floating type that loses no imaginary part, got float64"
    with pytest.raises(ValueError, match=message):
        Cast(float, Z)
    with pytest.raises(ValueError, match="dtype of Cast: .*got int32"):
        Cast("int32", jnp.zeros(2))
