"""Masked autoregressive flows."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, SPLINE, normals, perturbed

from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.autoregressive import MaskedAutoregressive
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.reverse_order import ReverseOrder
from jaxseis.flows.memory import Remat
from jaxseis.flows.networks.maf import MAF

MAPS = pytest.mark.parametrize("map", [Affine(), SPLINE], ids=["affine", "spline"])


def layer_of(map, features=6):
    return perturbed(MaskedAutoregressive(features, map=map, width=12, depth=1, rngs=nnx.Rngs(0), **DOUBLE), 0.3)


@MAPS
def test_its_jacobian_is_lower_triangular(map):
    layer = layer_of(map, 4)
    jacobian = jax.jit(jax.jacfwd(lambda x: layer.forward(x[None])[0][0]))(0.3 * normals((4,), 1, 1)[0])
    np.testing.assert_array_equal(jnp.triu(jacobian, 1), 0)
    assert float(jnp.min(jnp.abs(jacobian[jnp.tril_indices(4)]))) > 1e-8


@MAPS
def test_one_feature_after_the_other_undoes_it(map):
    layer, x = layer_of(map), 3 * normals((6,), 20, 1)
    y, log_det = layer.forward(x)
    again, minus = jax.jit(layer.inverse)(y)
    np.testing.assert_allclose(again, x, rtol=0, atol=1e-10)
    np.testing.assert_allclose(minus, -log_det, rtol=0, atol=1e-10)


def test_flipping_changes_who_sees_whom():
    np.testing.assert_array_equal(ReverseOrder().forward(jnp.array([[1.0, 2.0, 3.0]]))[0], [[3.0, 2.0, 1.0]])


def test_a_network_starts_as_a_normalisation_and_keeps_its_states():
    network, x = MAF(3, steps=2, width=4, rngs=nnx.Rngs(0), **DOUBLE), 3 + 2 * normals((3,), 30, 1)
    assert network.body.memory == Remat()
    z, _ = Flow(network).initialised(x).transform_and_log_det(x)
    np.testing.assert_allclose(z, (x - x.mean(0)) / x.std(0), rtol=0, atol=1e-12)


def test_samples_follow_the_condition():
    flow = Flow(perturbed(MAF(3, steps=2, width=4, condition_shape=(2,), rngs=nnx.Rngs(0), **DOUBLE)))
    condition = normals((2,), 2, 1)
    samples = flow.sample(jax.random.key(0), 400, condition)
    assert samples.shape == (400, 2, 3)
    z, _ = flow.transform_and_log_det(samples[:, 0], condition[0])
    np.testing.assert_allclose(z.mean(0), 0, atol=4 / np.sqrt(400))
    np.testing.assert_allclose(z.std(0), 1, atol=4 / np.sqrt(800))


def test_reversed_it_is_the_inverse_autoregressive_flow():
    network = perturbed(MAF(3, steps=2, width=4, rngs=nnx.Rngs(0), **DOUBLE))
    flow, z = Flow(network.reverse(), event_shape=(3,)), normals((3,), 5, 1)
    x, log_det = flow.inverse_and_log_det(z)
    np.testing.assert_allclose(x, Flow(network).transform_and_log_det(z)[0], rtol=0, atol=1e-12)
    expected = jnp.sum(-0.5 * (z**2 + jnp.log(2 * jnp.pi)), axis=1) - log_det
    np.testing.assert_allclose(flow.log_prob(x), expected, rtol=0, atol=1e-10)


def test_narrow_networks_are_refused():
    with pytest.raises(ValueError, match="width: expected a whole number of at least 8, got 4"):
        partial(MAF, 8, width=4)(rngs=nnx.Rngs(0))
