"""Latent correction: a flow trained on other observations comes nearer to the posterior of one far away."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.diagonal_affine import DiagonalAffine
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.training.fit import fit
from jaxseis.flows.training.latent_correction import latent_correction
from jaxseis.flows.training.losses import gaussian_likelihood, reverse_kl

pytestmark = pytest.mark.slow

A = jnp.asarray([[1.0, 0.3], [-0.2, 0.7], [0.4, 0.4]])
TRAINED_ON = jnp.asarray([[0.7, 0.0], [0.1, 0.5], [0.2, 0.4]])  # another operator than that of the observation
SIGMA = 0.5
FAR = jnp.asarray([6.0, -4.0, 3.0])  # and five deviations away
COVARIANCE = jnp.linalg.inv(jnp.eye(2) + A.T @ A / SIGMA**2)
MEAN = COVARIANCE @ A.T @ FAR / SIGMA**2


def draw(key, n):
    """Samples x of the prior, and their data."""
    a, b = jax.random.split(key)
    x = jax.random.normal(a, (n, 2))
    return x, x @ TRAINED_ON.T + SIGMA * jax.random.normal(b, (n, 3))


def divergence(flow):
    """Of the posterior from the normal distribution with the flow's mean and covariance: ``KL(flow || posterior)``."""
    x = flow.sample(jax.random.key(9), 4000, FAR)
    mean, covariance = x.mean(0), jnp.cov(x.T)
    r = mean - MEAN
    quadratic = jnp.trace(jnp.linalg.solve(COVARIANCE, covariance)) + r @ jnp.linalg.solve(COVARIANCE, r)
    return 0.5 * (quadratic - 2 - jnp.linalg.slogdet(covariance)[1] + jnp.linalg.slogdet(COVARIANCE)[1])


@pytest.fixture(scope="module")
def amortised():
    flow = Flow(RealNVP(2, steps=2, width=8, depth=1, condition_shape=(3,), param_dtype=jnp.float64, rngs=nnx.Rngs(0)))
    options = {"steps": 200, "batch_size": 64, "optimizer": optax.adam(1e-2), "validation": 0, "progress": False}
    return fit(flow, draw, key=jax.random.key(0), **options).flow


def test_the_posterior_far_from_the_training_data_is_approached(amortised):
    likelihood = gaussian_likelihood(lambda x: A @ x, FAR, SIGMA)
    prior = gaussian_likelihood(lambda x: x, jnp.zeros(2), 1.0)

    def loss(flow, x, condition, key):
        return reverse_kl(flow, lambda x: likelihood(x) + prior(x), key, 32, FAR)

    flow = latent_correction(amortised)
    options = {"steps": 150, "optimizer": optax.adam(5e-2), "validation": 0, "progress": False}
    corrected = fit(flow, loss=loss, key=jax.random.key(1), **options).flow
    before, after = divergence(amortised), divergence(corrected)
    assert before > 1
    assert after < 0.1
    # log Z - KL: the bound is below the evidence, and near it.
    evidence = jax.scipy.stats.multivariate_normal.logpdf(FAR, jnp.zeros(3), A @ A.T + SIGMA**2 * jnp.eye(3))
    bound = -loss(corrected, None, None, jax.random.key(2))
    assert evidence - 0.3 < bound < evidence + 0.1
    for a, b in zip(jax.tree.leaves(corrected.bijection.layers[0]), jax.tree.leaves(amortised.bijection), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_correction_starts_where_the_flow_is():
    options = {"scales": 2, "steps": 1, "width": 3, "param_dtype": jnp.float64}
    flow = Flow(Glow((4, 4, 1), condition_shape=(2,), rngs=nnx.Rngs(0), **options))
    corrected, c = latent_correction(flow), jnp.ones(2)
    x = flow.sample(jax.random.key(0), 3, c)
    np.testing.assert_allclose(corrected.sample(jax.random.key(0), 3, c), x, atol=1e-12)
    np.testing.assert_allclose(corrected.log_prob(x, c), flow.log_prob(x, c), rtol=1e-12)
    trained = nnx.split(corrected, nnx.Param, ...)[1]
    assert sum(leaf.size for leaf in jax.tree.leaves(trained)) == 2 * 16


def test_the_layer_has_parameters_for_every_number_in_its_precision():
    layer = DiagonalAffine((jax.ShapeDtypeStruct((3, 2), jnp.float32), jax.ShapeDtypeStruct((4,), jnp.float32)))
    assert [leaf.shape for leaf in jax.tree.leaves(layer)] == [(3, 2), (4,)] * 2
    assert {leaf.dtype for leaf in jax.tree.leaves(layer)} == {jnp.dtype("float32")}
