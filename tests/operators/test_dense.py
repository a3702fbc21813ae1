"""Operators as matrices."""

import numpy as np
from helpers.operators.basic import fourier

from jaxseis.operators import (
    as_dense,
)


def test_dense_form_of_a_real_domain_and_complex_range_is_real():
    dft = np.fft.fft(np.eye(4))
    np.testing.assert_allclose(as_dense(fourier()), np.vstack([dft.real, dft.imag]), atol=1e-15)
    np.testing.assert_allclose(as_dense(fourier(complex)), dft, atol=1e-15)
