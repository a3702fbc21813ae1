"""Stationary wavelet transforms against PyWavelets, for any length, under shifts, and undone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
from helpers.operators.transforms import normal, struct
from helpers.tolerances import assert_close

from jaxseis.operators.stationary_wavelet import SWT


@pytest.mark.parametrize(
    ("shape", "axes", "wavelet", "level"), [((3, 16), (1,), "db3", 3), ((8, 4), (0, 1), "haar", 2)]
)
def test_it_is_that_of_pywavelets(shape, axes, wavelet, level):
    x = normal(*shape)
    expected = pywt.swtn(np.asarray(x), wavelet, level, axes=axes, trim_approx=True, norm=True)
    assert_close(SWT(x, axes=axes, wavelet=wavelet, level=level) @ x, tuple(expected))


def test_an_orthogonal_one_is_tight_for_any_length():
    x = normal(7, 5)
    W = SWT(x, wavelet="db3", level=3)
    c = W @ x
    np.testing.assert_allclose(sum(jnp.vdot(v, v) for v in jax.tree.leaves(c)), jnp.vdot(x, x), rtol=1e-12)
    np.testing.assert_allclose(W.T @ c, x, atol=1e-12)


def test_the_inverse_undoes_a_biorthogonal_one():
    x = normal(9, dtype=complex)
    W = SWT(x, wavelet="bior3.1", level=2)
    np.testing.assert_allclose(W.inverse() @ (W @ x), x, atol=1e-12)


def test_coefficients_of_a_shifted_signal_are_shifted():
    x = normal(11)
    W = SWT(x, wavelet="sym4", level=2)
    assert_close(W @ jnp.roll(x, 3), jax.tree.map(lambda v: jnp.roll(v, 3), W @ x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wavelet": "db0"}, "wavelet of SWT: expected a discrete wavelet of PyWavelets.*got 'db0'"),
        ({"level": 1.5}, "level of SWT: expected a whole number of at least 1, got 1.5"),
    ],
)
def test_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        SWT(struct(8), **arguments)
