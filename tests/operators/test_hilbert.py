"""The Hilbert transform against SciPy and on a sinusoid."""

import numpy as np
import pytest
import scipy.signal
from helpers.operators.transforms import normal, struct

from jaxseis.operators.hilbert import Hilbert


@pytest.mark.parametrize("n", [7, 8])
def test_it_is_the_imaginary_part_of_the_analytic_signal(n):
    x = normal(3, n)
    np.testing.assert_allclose(Hilbert(1, x) @ x, scipy.signal.hilbert(x, axis=1).imag, atol=1e-14)


def test_a_cosine_becomes_a_sine():
    t = 2 * np.pi * np.arange(20) / 20
    H = Hilbert(0, t)
    np.testing.assert_allclose(H @ np.cos(3 * t), np.sin(3 * t), atol=1e-14)
    np.testing.assert_allclose(H.T @ np.cos(3 * t), -np.sin(3 * t), atol=1e-14)


def test_it_refuses_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="axis of Hilbert"):
        Hilbert(2, struct(3, 4))
