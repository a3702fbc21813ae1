"""Squeezes by orthogonal wavelets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
from helpers.flow_layers import normals

from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.wavelet_squeeze import Wavelet

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shape", [(8, 2), (4, 6, 3), (2, 4, 6, 2)])
def test_the_haar_wavelet_is_the_haar_squeeze(shape):
    x = normals(shape, 2, 1)
    y = Wavelet("haar").squeeze(x)
    np.testing.assert_allclose(y, Haar().squeeze(x), rtol=0, atol=1e-14)
    np.testing.assert_allclose(Wavelet("haar").unsqueeze(y), Haar().unsqueeze(y), rtol=0, atol=1e-14)


@pytest.mark.parametrize("family", ["db2", "db7", "sym6", "coif2"])
@pytest.mark.parametrize("shape", [(2, 1), (16, 1), (4, 6, 1)])
def test_it_is_orthogonal_also_where_the_wavelet_is_longer_than_the_axis(family, shape):
    size = int(np.prod(shape))
    matrix = jax.jit(Wavelet(family).squeeze)(jnp.eye(size).reshape(size, *shape)).reshape(size, size)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(size), rtol=0, atol=1e-10)


def test_its_channels_are_the_bands_of_pywavelets():
    x = normals((8, 12, 2), 1, 1)
    y = Wavelet("db3").squeeze(x)
    bands = pywt.dwtn(np.asarray(x[0]), "db3", mode="periodization", axes=(0, 1))
    for index, key in enumerate(("aa", "ad", "da", "dd")):
        np.testing.assert_allclose(y[0, ..., 2 * index : 2 * index + 2], bands[key], rtol=0, atol=1e-12)


def test_it_inverts_in_single_precision():
    x = normals((16, 16, 1), 2, 1).astype(jnp.float32)
    y, log_det = Wavelet("db4").forward(x)
    again, _ = Wavelet("db4").inverse(y)
    assert (y.dtype, again.dtype) == (jnp.float32, jnp.float32)
    np.testing.assert_allclose(again, x, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(log_det, 0)


@pytest.mark.parametrize("family", ["bior2.2", "dmey"])
def test_a_wavelet_that_is_not_orthogonal_is_refused(family):
    with pytest.raises(ValueError, match=f"family: expected an orthogonal wavelet, .* got '{family}'"):
        Wavelet(family)


def test_an_unknown_wavelet_is_refused():
    with pytest.raises(ValueError, match="wavelet of Wavelet: expected a discrete wavelet of PyWavelets"):
        Wavelet("daubechies")


def test_odd_sizes_are_refused():
    with pytest.raises(ValueError, match=r"x: expected axes of space of even size, got shape \(1, 5, 4, 1\)"):
        Wavelet("db2").forward(jnp.ones((1, 5, 4, 1)))
