"""Losses of flows: values against closed forms, gradients, physics, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.flows.composition import with_memory
from jaxseis.flows.flow import Flow
from jaxseis.flows.freezing import Frozen, frozen
from jaxseis.flows.layers.diagonal_affine import DiagonalAffine
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.training.losses import gaussian_likelihood, maximum_likelihood, reverse_kl, sticking_the_landing
from jaxseis.operators import Diagonal, Matrix

KEY = jax.random.key(3)
A = jnp.asarray([[1.0, 0.5], [-0.3, 0.8], [0.2, 0.1]])
DATA = jnp.asarray([0.4, -1.0, 0.3])


def gaussian(mean, deviation):
    """The flow of independent normal numbers."""
    mean, deviation = jnp.asarray(mean), jnp.asarray(deviation)
    layer = DiagonalAffine(mean)
    layer.log_scales[0][...], layer.shifts[0][...] = jnp.log(deviation), mean
    return Flow(layer.reverse(), event_shape=mean.shape)


def log_normal(x):
    return jax.scipy.stats.norm.logpdf(x).sum(-1)


def real_nvp(**options):
    return Flow(RealNVP(2, steps=2, width=5, depth=1, param_dtype=jnp.float64, rngs=nnx.Rngs(0), **options))


def moved(flow):
    """The flow away from where it starts."""
    return jax.tree.map(lambda p: p + 0.1 * jax.random.normal(KEY, p.shape), flow)


def test_maximum_likelihood_is_the_mean_of_the_density_in_nats():
    x = jax.random.normal(KEY, (7, 2))
    flow = gaussian([1.0, -2.0], [0.5, 3.0])
    expected = -jax.scipy.stats.norm.logpdf(x, jnp.asarray([1.0, -2.0]), jnp.asarray([0.5, 3.0])).sum(-1).mean()
    np.testing.assert_allclose(maximum_likelihood(flow, x), expected, rtol=1e-13)


@pytest.mark.parametrize("loss", [reverse_kl, sticking_the_landing])
def test_the_divergence_of_normal_distributions_has_its_closed_form(loss):
    m, s = jnp.asarray([0.3, -0.2]), jnp.asarray([0.7, 1.2])
    expected = jnp.sum(0.5 * (s**2 + m**2 - 1) - jnp.log(s))
    value = jax.jit(loss, static_argnums=(1, 3))(gaussian(m, s), log_normal, KEY, 20000)
    np.testing.assert_allclose(value, expected, atol=0.02)


def test_the_divergence_of_a_density_from_itself_is_zero():
    assert abs(reverse_kl(gaussian(jnp.zeros(2), jnp.ones(2)), log_normal, KEY, 5)) < 1e-13


def test_where_the_flow_is_the_target_only_sticking_the_landing_has_no_noise():
    flow = gaussian(jnp.zeros(2), jnp.ones(2))
    size = {
        loss: max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(jax.grad(loss)(flow, log_normal, KEY, 4)))
        for loss in (reverse_kl, sticking_the_landing)
    }
    assert size[sticking_the_landing] < 1e-13 < 1e-2 < size[reverse_kl]


def test_the_two_gradients_agree_in_the_mean():
    flow = gaussian([0.5, 0.0], [1.5, 0.8])
    first, second = (jax.grad(loss)(flow, log_normal, KEY, 20000) for loss in (reverse_kl, sticking_the_landing))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(a, b, atol=0.05)


def test_gradients_by_inversion_are_those_of_stored_states_through_a_likelihood():
    flow = moved(real_nvp(condition_shape=(3,)))
    likelihood = gaussian_likelihood(lambda x: jnp.tanh(A @ x), DATA, 0.5)
    gradient = jax.jit(jax.grad(lambda flow: reverse_kl(flow, likelihood, KEY, 6, DATA)))
    inverting, storing = (gradient(with_memory(flow, memory)) for memory in ("invert", "store"))
    leaves = list(zip(jax.tree.leaves(inverting), jax.tree.leaves(storing), strict=True))
    assert max(float(jnp.abs(b).max()) for _, b in leaves) > 0.1
    for a, b in leaves:
        np.testing.assert_allclose(a, b, atol=1e-10)


def test_a_batch_of_conditions_has_a_density_each():
    flow, conditions = moved(real_nvp(condition_shape=(3,))), jax.random.normal(KEY, (4, 3))
    x, log_q = flow.sample_and_log_prob(KEY, 5, conditions)
    assert x.shape == (5, 4, 2)
    np.testing.assert_allclose(log_q[2], flow.log_prob(x[2], conditions), rtol=1e-12)
    for loss in (reverse_kl, sticking_the_landing):
        np.testing.assert_allclose(
            loss(flow, log_normal, KEY, 5, conditions), jnp.mean(log_q - log_normal(x)), rtol=1e-10
        )


def test_a_likelihood_takes_operators_and_functions_and_has_its_constants():
    x, sigma = jax.random.normal(KEY, (5, 2)), jnp.asarray([0.1, 0.2, 0.3])
    expected = jax.scipy.stats.norm.logpdf(DATA, x @ A.T, sigma).sum(-1)
    for forward in (Matrix(A), lambda x: A @ x):
        np.testing.assert_allclose(gaussian_likelihood(forward, DATA, sigma)(x), expected, rtol=1e-12)


def test_a_likelihood_takes_images_of_one_channel_for_an_operator_without_channels():
    images = jax.random.normal(KEY, (4, 3, 2, 1))
    operator = Diagonal(jnp.arange(1.0, 7.0).reshape(3, 2))
    likelihood = gaussian_likelihood(operator, jnp.ones((3, 2)), 0.5)
    np.testing.assert_array_equal(likelihood(images), likelihood(images[..., 0]))


def test_a_pair_has_a_joint_density():
    first, second = gaussian(jnp.zeros(3), jnp.ones(3)), gaussian(jnp.ones(2), 2 * jnp.ones(2))
    layer = DiagonalAffine((jnp.zeros(3), jnp.zeros(2)))
    layer.log_scales[1][...], layer.shifts[1][...] = jnp.log(2 * jnp.ones(2)), jnp.ones(2)
    flow = Flow(layer.reverse(), event_shape=((3,), (2,)))
    pair = flow.sample(KEY, 4)
    assert jax.tree.map(jnp.shape, pair) == ((4, 3), (4, 2))
    np.testing.assert_allclose(flow.log_prob(pair), first.log_prob(pair[0]) + second.log_prob(pair[1]), rtol=1e-12)
    np.testing.assert_allclose(maximum_likelihood(flow, pair), -flow.log_prob(pair).mean(), rtol=1e-13)
    again = flow.inverse(flow.transform_and_log_det(pair)[0])
    np.testing.assert_allclose(again[1], pair[1], rtol=1e-12)
    assert flow.log_prob(jax.tree.map(lambda leaf: leaf[0], pair)).shape == ()
    with pytest.raises(ValueError, match="x: expected 2 arrays, got 1"):
        flow.log_prob(pair[0])
    with pytest.raises(ValueError, match=r"x: expected shape \(3,\), or a batch \(n, 3\), got \(4, 2\)"):
        flow.log_prob(pair[::-1])


def test_samples_are_taken_to_the_precision_of_the_parameters():
    flow = real_nvp()
    x = np.asarray([[1.0, 2.0], [0.5, 0.0]], np.float32)
    assert flow.log_prob(x).dtype == jnp.float64
    assert flow.log_prob(np.asarray([[1, 2], [3, 4]])).dtype == jnp.float64


def test_frozen_parameters_stay_where_they_are_and_count():
    flow = real_nvp()
    x = jax.random.normal(KEY, (3, 2))
    np.testing.assert_array_equal(frozen(flow).log_prob(x), flow.log_prob(x))
    kinds = {type(part) for part in jax.tree.leaves(frozen(flow), is_leaf=lambda p: isinstance(p, nnx.Variable))}
    assert kinds == {Frozen}


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: gaussian_likelihood(Matrix(A), DATA, 0.0), "sigma: expected positive standard deviations"),
        (lambda: gaussian_likelihood(Matrix(A), DATA[:2], 1.0)(jnp.zeros((4, 2))), r"data: expected shape \(3,\)"),
        (lambda: reverse_kl(real_nvp(), lambda x: x, KEY, 4), r"log_density: expected one number .* shape \(4,\)"),
        (lambda: reverse_kl(real_nvp(), log_normal, KEY, 0), "n: expected a whole number of at least 1"),
        (lambda: maximum_likelihood(real_nvp(), jnp.full((3, 2), jnp.nan)), r"x: expected finite .* nan at index"),
        (
            lambda: maximum_likelihood(real_nvp(condition_shape=(1,)), jnp.ones((3, 2)), jnp.full((3, 1), jnp.inf)),
            r"condition: expected finite numbers, got inf at index \(0, 0\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run()
