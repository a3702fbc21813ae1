"""Layers made of layers do what their parts do."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed, small

from jaxseis.flows.composition import Chain, Parallel, Sequential, with_memory
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.layers.identity import Identity
from jaxseis.flows.memory import Invert, Store

CLOSE = {"rtol": 0, "atol": 1e-10}


def step(channels, rngs):
    return Sequential([ActNorm(channels, **DOUBLE), Coupling(channels, small, rngs=rngs)])


def layers(channels=3):
    """Three that do not commute."""
    rngs = nnx.Rngs(1)
    mixing, coupling = Householder(channels, rngs=rngs, **DOUBLE), Coupling(channels, small, rngs=rngs)
    return [perturbed(layer) for layer in (ActNorm(channels, **DOUBLE), mixing, coupling)]


def assert_trees_close(got, expected):
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def test_a_sequence_runs_its_layers_in_order_and_adds_their_log_determinants():
    parts, x = layers(), normals((3,), 4, 1)
    y, total = x, 0.0
    for layer in parts:
        y, log_det = layer.forward(y)
        total = total + log_det
    assert_trees_close(Sequential(parts).forward(x), (y, total))


@pytest.mark.parametrize("wrap", [lambda layer: layer, lambda layer: layer.reverse()], ids=["as it is", "reversed"])
def test_going_back_through_the_inverse_of_a_sequence_gives_the_derivatives_of_its_inverse(wrap):
    layer = wrap(Sequential(layers()))
    y, y_bar, log_det_bar = normals((3,), 4, 1), normals((3,), 4, 2), jnp.linspace(0.5, 2.0, 4)

    @jax.jit
    def both(layer):
        (x, _), pull_back = jax.vjp(lambda layer, y: layer.inverse(y), layer, y)
        return pull_back((y_bar, log_det_bar)), layer.backward_inverse(x, None, y_bar, log_det_bar)

    (layer_bar, expected), (state, bars) = both(layer)
    np.testing.assert_allclose(state, y, **CLOSE)
    assert_trees_close((bars.layer, bars.x), (layer_bar, expected))


def test_parallel_layers_do_not_see_each_other():
    first, second = perturbed(step(2, nnx.Rngs(0))), perturbed(step(3, nnx.Rngs(1)))
    x = normals((5,), 4, 1)
    y, log_det = Parallel(first, second, channels=2).forward(x)
    (a, one), (b, two) = first.forward(x[:, :2]), second.forward(x[:, 2:])
    np.testing.assert_allclose(y, jnp.concatenate([a, b], axis=1), **CLOSE)
    np.testing.assert_allclose(log_det, one + two, **CLOSE)


def test_parallel_layers_are_initialised_with_their_own_channels():
    x = 3 + 2 * normals((5,), 50, 1)
    layer, y = Parallel(ActNorm(2, **DOUBLE), Identity(), channels=2).initialised(x)
    np.testing.assert_allclose(y[:, :2].mean(0), 0, **CLOSE)
    np.testing.assert_allclose(y[:, :2].std(0), 1, **CLOSE)
    np.testing.assert_array_equal(y[:, 2:], x[:, 2:])
    np.testing.assert_allclose(layer.forward(x)[0], y, **CLOSE)


def test_the_first_of_two_parallel_layers_has_channels():
    with pytest.raises(ValueError, match="channels: expected a whole number of at least 1, got 0"):
        Parallel(Identity(), Identity(), channels=0)


def test_reversing_twice_gives_the_layer():
    layer = ActNorm(3)
    assert layer.reverse().reverse() is layer


def test_a_chain_is_a_sequence_of_its_layers():
    chain, x = perturbed(Chain(partial(step, 3), 3, rngs=nnx.Rngs(0))), normals((3,), 4, 1)
    parts = [jax.tree.map(lambda p, i=i: p[i], chain.layers) for i in range(3)]
    assert_trees_close(jax.jit(lambda c: c.forward(x))(chain), Sequential(parts).forward(x))


def test_the_layers_of_a_chain_start_differently():
    vectors = Chain(lambda rngs: Householder(3, rngs=rngs), 2, rngs=nnx.Rngs(0)).layers.vectors[...]
    assert float(jnp.min(jnp.abs(vectors[0] - vectors[1]))) > 0


def test_a_chain_is_initialised_layer_by_layer():
    x = 3 + 2 * normals((3,), 50, 1)
    chain, y = jax.jit(lambda c: c.initialised(x))(Chain(partial(step, 3), 2, rngs=nnx.Rngs(0)))
    first = jax.tree.map(lambda p: p[0], chain.layers).layers[0]
    np.testing.assert_allclose(first.forward(x)[0].mean(0), 0, **CLOSE)
    np.testing.assert_allclose(y.std(0), 1, **CLOSE)  # couplings start as the identity


def test_another_memory_leaves_parameters_and_the_original_as_they_were():
    network = Sequential([Identity(), Chain(partial(step, 2), 2, rngs=nnx.Rngs(0))])
    other = with_memory(network, "store")
    assert (network.layers[1].memory, other.layers[1].memory) == (Invert(), Store())
    for a, b in zip(jax.tree.leaves(network), jax.tree.leaves(other), strict=True):
        assert a is b


def test_an_unknown_memory_is_refused():
    with pytest.raises(ValueError, match="memory: expected 'invert', 'remat', 'store' or one of their classes"):
        with_memory(Chain(partial(step, 2), 2, rngs=nnx.Rngs(0)), "forget")


@pytest.mark.parametrize("name", ["Sequential", "Chain", "Parallel"])
def test_a_reversed_layer_is_initialised_from_its_own_side(name):
    x = 100 + 5 * normals((4,), 200, 3)
    layers = {
        "Sequential": lambda: Sequential([ActNorm(4, **DOUBLE), Householder(4, rngs=nnx.Rngs(0), **DOUBLE)]),
        "Chain": lambda: Chain(lambda rngs: ActNorm(4, **DOUBLE), 2, rngs=nnx.Rngs(0)),
        "Parallel": lambda: Parallel(ActNorm(1, **DOUBLE), ActNorm(3, **DOUBLE), channels=1),
    }
    layer, y = layers[name]().reverse().initialised(x)
    np.testing.assert_allclose(layer.forward(x)[0], y, atol=1e-10)
    np.testing.assert_allclose(jnp.sum(y.mean(0) ** 2) + jnp.sum(y.var(0)), 4, rtol=1e-9)
    np.testing.assert_allclose(layer.inverse(y)[0], x, rtol=1e-10)
