"""Joint densities of pairs, and the marginal and the posterior that are in them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed, small

from jaxseis.flows.composition import with_memory
from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.injector import Injector
from jaxseis.flows.networks.conditional_hint import ConditionalHINT

pytestmark = pytest.mark.slow

COUNT = 4
X, Y = normals((3,), COUNT, 1), normals((2,), COUNT, 2)


@pytest.fixture(scope="module")
def joint():
    return perturbed(ConditionalHINT((2,), (3,), steps=2, subnet=small, rngs=nnx.Rngs(0), **DOUBLE))


@pytest.fixture(scope="module")
def latents(joint):
    return jax.jit(lambda joint: joint.forward((Y, X)))(joint)


def log_normal(z):
    return jnp.sum(-0.5 * (z**2 + jnp.log(2 * jnp.pi)), axis=1)


def test_the_joint_density_is_that_of_y_times_that_of_x_given_y(joint, latents):
    (z_y, z_x), log_det = latents
    expected = log_normal(z_y) + log_normal(z_x) + log_det
    log_y, log_x = Flow(joint.marginal()).log_prob(Y), Flow(joint.posterior()).log_prob(X, Y)
    np.testing.assert_allclose(log_y + log_x, expected, rtol=0, atol=1e-12)


def test_lanes_alone_give_the_latents_of_the_joint_flow(joint, latents):
    (z_y, z_x), _ = latents
    np.testing.assert_allclose(Flow(joint.marginal()).transform_and_log_det(Y)[0], z_y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(Flow(joint.posterior()).transform_and_log_det(X, Y)[0], z_x, rtol=0, atol=1e-12)


def test_the_marginal_inverts(joint, latents):
    (z_y, _), _ = latents
    np.testing.assert_allclose(Flow(joint.marginal()).inverse(z_y), Y, rtol=0, atol=1e-10)


def test_the_first_lane_does_not_see_the_second(joint):
    run = with_memory(joint, "store").forward
    derivative = jax.jit(jax.jacfwd(lambda x: run((Y[:1], x))[0][0]))(X[:1])
    np.testing.assert_array_equal(derivative, 0)


def test_all_of_the_second_lane_sees_the_first(joint):
    run = with_memory(joint, "store").forward
    derivative = jax.jit(jax.jacfwd(lambda y: run((y, X[:1]))[0][1]))(Y[:1])
    assert float(jnp.min(jnp.abs(derivative))) > 1e-6


def test_samples_of_the_posterior_have_standard_normal_latents(joint):
    flow = Flow(joint.posterior())
    samples = flow.sample(jax.random.key(0), 500, Y[0])
    assert samples.shape == (500, 3)
    z, _ = flow.transform_and_log_det(samples, Y[0])
    np.testing.assert_allclose(z.mean(0), 0, atol=4 / np.sqrt(500))
    np.testing.assert_allclose(z.std(0), 1, atol=4 / np.sqrt(1000))


def test_initialising_the_posterior_initialises_both_lanes():
    joint = ConditionalHINT((2,), (3,), steps=2, subnet=small, rngs=nnx.Rngs(0), **DOUBLE)
    x, y = 3 + 2 * normals((3,), 50, 1), 5 * normals((2,), 50, 2)
    posterior = Flow(joint.posterior()).initialised(x, y).bijection
    z_y, z_x = jax.jit(lambda joint: joint.forward((y, x))[0])(posterior.joint)
    for z in (z_y, z_x):
        np.testing.assert_allclose(z.var(0).sum(), z.shape[1], rtol=1e-10)  # mixed by a rotation


def test_both_have_to_have_the_same_space():
    with pytest.raises(ValueError, match=r"y_shape and x_shape: expected the same space, got \(8, 2\) and \(4, 2\)"):
        ConditionalHINT((8, 2), (4, 2), rngs=nnx.Rngs(0))


def test_an_injector_wants_a_condition():
    make = partial(Injector, 2, small, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="condition_channels: expected a whole number of at least 1, got 0"):
        make(condition_channels=0)
