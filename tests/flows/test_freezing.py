"""Frozen parameters stay in any loop of training, and take nothing from data."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from jaxseis.backbones.mlp import MLP
from jaxseis.flows.flow import Flow
from jaxseis.flows.freezing import frozen
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.training.losses import maximum_likelihood, reverse_kl

KEY = jax.random.key(0)
OPTIONS = {"width": 3, "depth": 1, "param_dtype": jnp.float64, "rngs": nnx.Rngs(0)}
X, C = jax.random.normal(KEY, (6, 2)), jax.random.normal(KEY, (6, 3))


def half_frozen():
    summary = MLP(3, 2, zero=False, **OPTIONS)
    network = RealNVP(2, steps=1, condition_shape=(2,), **OPTIONS)
    moved = jax.tree.map(lambda p: p + 0.1, (network, summary))
    return Flow(moved[0], condition_shape=(3,), summary=frozen(moved[1]))


def test_a_plain_loop_leaves_frozen_parameters_where_they_are():
    start = flow = half_frozen()
    optimizer = optax.adam(0.1)
    state = optimizer.init(flow)

    @jax.jit
    def step(flow, state):
        gradient = jax.grad(lambda flow: maximum_likelihood(flow, X, C))(flow)
        change, state = optimizer.update(gradient, state, flow)
        return optax.apply_updates(flow, change), state

    for _ in range(2):
        flow, state = step(flow, state)
    for before, after in zip(jax.tree.leaves(start.summary), jax.tree.leaves(flow.summary), strict=True):
        np.testing.assert_array_equal(before, after)
    for before, after in zip(jax.tree.leaves(start.bijection), jax.tree.leaves(flow.bijection), strict=True):
        assert not np.array_equal(before, after)


def test_there_is_no_gradient_through_samples_either():
    flow = half_frozen()
    gradient = jax.jit(jax.grad(lambda flow: reverse_kl(flow, lambda x: -jnp.sum(x**2, -1), KEY, 4, C[0])))(flow)
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient.summary))
    assert all(leaf.any() for leaf in jax.tree.leaves(gradient.bijection))


def test_a_frozen_layer_takes_nothing_from_data():
    layer = frozen(ActNorm(2, param_dtype=jnp.float64))
    for initialised in (layer.initialised, layer.initialised_inverse):
        same, y = initialised(5 * X + 1)
        np.testing.assert_array_equal(y, 5 * X + 1)
        assert same is layer
