"""Leapfrog layers and networks of them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed

from jaxseis.flows.composition import Chain
from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.leapfrog import Leapfrog, Pair
from jaxseis.flows.layers.shuffle import Checkerboard
from jaxseis.flows.networks.hyperbolic import Hyperbolic

STEP = 0.3


@pytest.fixture(scope="module")
def layer():
    return perturbed(Leapfrog(2, space=1, width=5, step=STEP, rngs=nnx.Rngs(0), **DOUBLE))


@pytest.fixture(scope="module")
def force(layer):
    """``-W^T a(W u + b)`` from three states in time."""
    def second_difference(u):
        u = u.reshape(1, 6, 2)
        (_, following), _ = layer.forward((u, u))
        return ((following - u) / STEP**2).ravel()

    return jax.jit(second_difference)


def test_its_force_has_a_symmetric_jacobian_that_pulls_back(force):
    jacobian = jax.jacfwd(force)(normals((12,), 1, 1)[0])
    np.testing.assert_allclose(jacobian, jacobian.T, rtol=0, atol=1e-12)
    assert float(jnp.linalg.eigvalsh(jacobian)[-1]) < 1e-12


def test_its_force_is_that_of_the_convolution_and_its_transpose(layer, force):
    u = normals((12,), 1, 1)[0]
    matrix = jax.jacfwd(lambda u: layer.convolution(u.reshape(1, 6, 2)).ravel())(u)
    bias = jnp.tile(layer.bias[...], 6)
    np.testing.assert_allclose(force(u), -matrix.T @ jnp.tanh(matrix @ u + bias), rtol=0, atol=1e-12)


def test_it_keeps_the_current_state_and_volume(layer):
    state = tuple(normals((6, 2), 3, seed) for seed in (1, 2))
    (current, _), log_det = layer.forward(state)
    np.testing.assert_array_equal(current, state[1])
    np.testing.assert_array_equal(log_det, 0)


def test_many_layers_neither_die_nor_blow_up():
    chain = Chain(lambda rngs: Leapfrog(2, space=1, rngs=rngs, **DOUBLE), 100, rngs=nnx.Rngs(0))
    state = (normals((6, 2), 1, 1),) * 2
    last, _ = jax.jit(lambda c: c.forward(state))(chain)
    again, _ = jax.jit(lambda c: c.inverse(last))(chain)
    assert 0.3 < float(jnp.linalg.norm(last[1]) / jnp.linalg.norm(state[1])) < 3
    np.testing.assert_allclose(again[0], state[0], rtol=0, atol=1e-11)


def test_it_goes_down_and_up_again():
    flow = Flow(Hyperbolic((8, 4, 2), scales=(0, 2, 1), steps=1, width=3, rngs=nnx.Rngs(0)))
    assert flow.latents().shape == (4, 2, 8)
    assert flow.sample(jax.random.key(0), 2).shape == (2, 8, 4, 2)


def test_it_takes_other_squeezes_and_is_initialised_stage_by_stage():
    x = 3 + 2 * normals((4, 4, 1), 10, 1)
    options = {"scales": (1,), "steps": 1, "width": 3, "squeeze": Checkerboard(), **DOUBLE}
    flow = Flow(Hyperbolic((4, 4, 1), rngs=nnx.Rngs(0), **options)).initialised(x)
    first = flow.bijection.body.layers[1]
    y, _ = first.forward(Checkerboard().squeeze(x))
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(Leapfrog, 2, kernel=2), "kernel: expected an odd number, got 2"),
        (partial(Leapfrog, 2, step=0.0), "step: expected a positive number of time, got 0.0"),
        (partial(Hyperbolic, (6, 4, 1), scales=(1, 2)), r"event_shape: expected .* divisible by 4, got \(6, 4, 1\)"),
        (partial(Hyperbolic, (4,)), r"event_shape: expected \(\*space, channel\)"),
        (partial(Hyperbolic, (4, 4, 1), scales=(0, 1)), r"scales: expected none of 0 for an odd number of channels"),
    ],
)
def test_impossible_shapes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(rngs=nnx.Rngs(0))


def test_pairs_want_an_even_number_of_channels():
    with pytest.raises(ValueError, match=r"x: expected an even number of channels, got shape \(1, 4, 3\)"):
        Pair().forward(jnp.ones((1, 4, 3)))
