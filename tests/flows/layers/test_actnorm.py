"""Normalisation of channels."""

import jax.numpy as jnp
import numpy as np
from helpers.flow_layers import DOUBLE, normals

from jaxseis.flows.layers.actnorm import ActNorm


def test_channels_of_the_batch_become_standard():
    x = normals((6, 5, 3), 4, 1) * jnp.array([1e-6, 1.0, 1e6]) + jnp.array([0.0, -3.0, 1e7])
    layer, y = ActNorm(3, **DOUBLE).initialised(x)
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-8)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-8)
    np.testing.assert_allclose(layer.forward(x)[0], y)


def test_a_channel_that_does_not_vary_is_only_shifted():
    x = jnp.full((4, 3, 1), 7.3)
    layer, y = ActNorm(1, **DOUBLE).initialised(x)
    np.testing.assert_allclose(y, 0, atol=1e-12)
    assert jnp.all(jnp.isfinite(layer.forward(x + 1)[0]))


def test_the_layer_that_is_initialised_stays_as_it_was():
    layer = ActNorm(2, **DOUBLE)
    layer.initialised(5 + normals((2,), 10, 1))
    np.testing.assert_array_equal(layer.shift[...], 0)
