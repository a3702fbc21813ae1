"""Images as the output of untrained networks."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from helpers.learned import check_gradient

from jaxseis.backbones import CNN
from jaxseis.networks import DeepDecoder, DeepPrior, WeakPrior

SHAPE = (12, 10)


def small(shape=SHAPE):
    network = partial(CNN, space=len(shape), width=4, zero=False, param_dtype=jnp.float64)
    return DeepPrior(shape, channels=2, network=network, param_dtype=jnp.float64, rngs=nnx.Rngs(0))


@pytest.mark.parametrize("shape", [(9,), (12, 10)])
def test_an_image_of_any_size_comes_from_weights_alone(shape):
    prior = DeepPrior(shape, width=4, levels=1, rngs=nnx.Rngs(0))
    assert prior().shape == shape
    np.testing.assert_array_equal(prior(), prior())
    assert float(prior().std()) > 0


def test_the_seed_is_that_of_the_noise():
    def made(seed):
        return DeepPrior((12,), width=4, levels=1, seed=seed, rngs=nnx.Rngs(0))()

    assert float(jnp.abs(made(0) - made(1)).max()) > 0


def test_gradients_are_those_of_differences():
    check_gradient(lambda prior: jnp.sum(prior() ** 2), small())
    weak = WeakPrior(small(), start=jnp.ones(SHAPE))
    check_gradient(lambda weak: jnp.sum(weak() ** 3) + weak.penalty(2.0), weak)


def test_a_weak_prior_is_an_image_of_its_own():
    weak = WeakPrior(small())
    np.testing.assert_array_equal(weak(), jnp.zeros(SHAPE))
    np.testing.assert_allclose(weak.penalty(3.0), 4.5 * jnp.sum(weak.prior() ** 2))
    with pytest.raises(ValueError, match="start"):
        WeakPrior(small(), start=jnp.ones((3, 3)))


@pytest.mark.parametrize("shape", [(9,), (12, 10), (5, 4, 9)])
def test_a_decoder_makes_an_image_of_any_size(shape):
    assert DeepDecoder(shape, width=4, levels=2, rngs=nnx.Rngs(0))().shape == shape
    decoder = DeepDecoder(shape, width=4, levels=1, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    check_gradient(lambda decoder: jnp.sum(decoder() ** 3), decoder)


def test_a_decoder_wants_nodes_on_its_coarsest_grid():
    with pytest.raises(ValueError, match=r"levels: expected a coarsest grid of 3 nodes.*Take fewer"):
        DeepDecoder((8, 8), levels=3, rngs=nnx.Rngs(0))


PRIORS = {
    "decoder": (partial(DeepDecoder, width=16, levels=2), 1e-2, 300),
    "U-Net, stopped early": (partial(DeepPrior, width=8, levels=2), 1e-3, 100),
}


@pytest.mark.parametrize("name", ["decoder", pytest.param("U-Net, stopped early", marks=pytest.mark.slow)])
def test_images_are_fitted_before_their_noise(name):
    make, rate, steps = PRIORS[name]
    x, z = jnp.meshgrid(jnp.linspace(0, 3, 32), jnp.linspace(0, 3, 24), indexing="ij")
    truth = jnp.sin(2 * x + z)
    noisy = truth + 0.5 * jax.random.normal(jax.random.key(0), truth.shape)
    prior, optimizer = make(truth.shape, rngs=nnx.Rngs(0)), optax.adam(rate)

    @jax.jit
    def step(prior, state):
        gradient = jax.grad(lambda prior: jnp.mean((prior() - noisy) ** 2))(prior)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(prior, updates), state

    state = optimizer.init(prior)
    for _ in range(steps):
        prior, state = step(prior, state)
    error, given = (float(jnp.sqrt(jnp.mean((image - truth) ** 2))) for image in (prior(), noisy))
    assert error < 0.6 * given
