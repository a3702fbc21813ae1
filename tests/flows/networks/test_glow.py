"""Glow: sizes, conditions, and what stays right after training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from helpers.flow_layers import normals, perturbed

from jaxseis.flows.composition import with_memory
from jaxseis.flows.flow import Flow
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.training.losses import maximum_likelihood
from jaxseis.operators.checks import taylor_test

RNGS = nnx.Rngs(0)


@pytest.mark.parametrize(("options", "message"), [
    ({"scales": 4}, r"event_shape: expected \(\*space, channel\) with at least 16 along every axis of space"),
    ({"scales": 2, "odd": "refuse"}, r"event_shape: expected axes of space divisible by 2\^scales = 4, got"),
    ({"scales": 0}, "scales: expected a whole number of at least 1, got 0"),
    ({"odd": "pad", "scales": 1}, "odd: expected 'trim' or 'refuse', got 'pad'"),
    ({"memory": "none", "scales": 1}, "memory: expected 'invert', 'remat', 'store'"),
])  # fmt: skip
def test_what_makes_no_network_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Glow((8, 9, 1), steps=1, width=2, rngs=RNGS, **options)


def test_half_of_the_channels_leave_after_each_scale():
    def shapes(**options):
        network = Glow((8, 8, 2), steps=1, width=2, rngs=RNGS, **options)
        return [z.shape for z in Flow(network).latents()]
    assert shapes(scales=3) == [(4, 4, 4), (2, 2, 8), (1, 1, 32)]
    assert shapes(scales=3, split=False) == [(1, 1, 128)]


def smooth(key, n, dtype):
    """Smooth random images, (n, 7, 8, 1)."""
    noise = jax.random.normal(key, (n, 7, 8, 1), dtype)
    return noise + jnp.roll(noise, 1, 1) + jnp.roll(noise, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float64, 1e-10), (jnp.float32, 1e-5)])
@pytest.mark.parametrize("steps", [0, 200])
def test_it_inverts_before_and_after_training(dtype, tolerance, steps):
    x = smooth(jax.random.key(1), 64, dtype)
    flow = Flow(Glow((7, 8, 1), scales=2, steps=4, width=16, param_dtype=dtype, rngs=RNGS)).initialised(x)
    optimizer = optax.adam(1e-3)

    def step(carry, key):
        flow, state = carry
        gradient = jax.grad(maximum_likelihood)(flow, smooth(key, 64, dtype))
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(flow, updates), state), None

    keys = jax.random.split(jax.random.key(2), steps)
    train = jax.jit(lambda flow: jax.lax.scan(step, (flow, optimizer.init(flow)), keys)[0][0])
    trained = train(flow) if steps else flow
    z, log_det = trained.transform_and_log_det(x)
    again, minus = trained.inverse_and_log_det(z)
    np.testing.assert_allclose(again, x, atol=tolerance * float(jnp.abs(x).max()))
    np.testing.assert_allclose(minus, -log_det, atol=tolerance * float(jnp.abs(log_det).max() + 1))
    assert steps == 0 or maximum_likelihood(trained, x) < maximum_likelihood(flow, x) - 1


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["invert", "remat", "store"])
def test_gradients_in_all_parameters_have_taylor_slopes(memory):
    network = Glow((5, 4, 1), scales=2, steps=2, width=4, param_dtype=jnp.float64, rngs=RNGS)
    flow = with_memory(perturbed(Flow(network)), memory)
    x = normals((5, 4, 1), 3, 1)
    assert taylor_test(jax.jit(lambda flow: maximum_likelihood(flow, x)), flow)
