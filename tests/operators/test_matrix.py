"""A matrix as an operator."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators import (
    Matrix,
)


def test_matrix_takes_integers_and_lists():
    np.testing.assert_array_equal(Matrix([[1, 2], [3, 4]]) @ [1, 1], [3.0, 7.0])


def test_matrix_refuses_other_than_two_axes():
    with pytest.raises(ValueError, match=r"array of Matrix: expected two axes \(range, domain\), got shape \(3,\)\."):
        Matrix(jnp.ones(3))
