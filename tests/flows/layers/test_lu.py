"""Mixing of channels by triangular factors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed

from jaxseis.flows.composition import Chain
from jaxseis.flows.layers.lu import LU


@pytest.mark.parametrize("channels", [1, 2, 7, 48])
def test_it_starts_at_an_orthogonal_matrix(channels):
    matrix = LU(channels, rngs=nnx.Rngs(0), **DOUBLE).matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(channels), rtol=0, atol=1e-12)


def test_the_layers_of_a_chain_start_at_different_orthogonal_matrices():
    layers = Chain(lambda rngs: LU(5, rngs=rngs, **DOUBLE), 3, rngs=nnx.Rngs(0)).layers
    matrices = jax.vmap(LU.matrix)(layers)
    np.testing.assert_allclose(jnp.einsum("lij,lkj->lik", matrices, matrices), [np.eye(5)] * 3, rtol=0, atol=1e-12)
    assert float(jnp.max(jnp.abs(matrices[0] - matrices[1]))) > 0.1


def test_it_mixes_all_channels():
    assert float(jnp.min(jnp.abs(LU(4, rngs=nnx.Rngs(0), **DOUBLE).matrix()))) > 1e-3


def test_its_elimination_needs_no_pivoting():
    layers = Chain(lambda rngs: LU(16, rngs=rngs, **DOUBLE), 50, rngs=nnx.Rngs(0)).layers
    assert float(jnp.max(jnp.abs(layers.factors[...]))) < 4


def test_the_inverse_matrix_is_the_inverse():
    layer = perturbed(LU(6, rngs=nnx.Rngs(0), **DOUBLE))
    np.testing.assert_allclose(layer.matrix() @ layer.inverse_matrix(), np.eye(6), rtol=0, atol=1e-11)


def test_every_pixel_counts_in_the_log_determinant():
    layer, x = perturbed(LU(3, rngs=nnx.Rngs(0), **DOUBLE)), normals((4, 5, 3), 2, 1)
    expected = 20 * jnp.linalg.slogdet(layer.matrix())[1]
    np.testing.assert_allclose(layer.forward(x)[1], [expected] * 2, rtol=1e-12)


def test_it_wants_channels():
    with pytest.raises(ValueError, match="channels: expected a whole number of at least 1, got 0"):
        LU(0, rngs=nnx.Rngs(0))
