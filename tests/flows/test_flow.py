"""Densities and samples of flows: shapes, batches, conditions, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed

from jaxseis.backbones.mlp import MLP
from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.networks.real_nvp import RealNVP

RNGS = nnx.Rngs(0)
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def flow():
    return perturbed(Flow(RealNVP(3, steps=2, width=4, rngs=RNGS, **DOUBLE)))


@pytest.fixture(scope="module")
def conditional():
    """With a summary network of five numbers."""
    network = RealNVP(3, steps=2, width=4, condition_shape=(2,), rngs=RNGS, **DOUBLE)
    summary = MLP(5, 2, width=4, zero=False, rngs=RNGS, **DOUBLE)
    return perturbed(Flow(network, condition_shape=(5,), summary=summary))


def test_the_density_of_an_affine_map_is_normal():
    x = 3 + 2 * normals((4,), 500, 0)
    flow = Flow(ActNorm(4, **DOUBLE), event_shape=(4,)).initialised(x)
    expected = jax.scipy.stats.norm.logpdf(x, x.mean(0), x.std(0)).sum(1)
    np.testing.assert_allclose(flow.log_prob(x), expected, rtol=1e-12)
    samples = flow.sample(KEY, 20_000)
    np.testing.assert_allclose(samples.mean(0), x.mean(0), atol=0.06)
    np.testing.assert_allclose(samples.std(0), x.std(0), rtol=0.02)


def test_a_density_integrates_to_one():
    flow = perturbed(Flow(RealNVP(2, steps=2, width=4, rngs=RNGS, **DOUBLE)))
    ticks = jnp.linspace(-12, 12, 601)
    points = jnp.stack(jnp.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    integral = jnp.exp(flow.log_prob(points)).sum() * (ticks[1] - ticks[0]) ** 2
    np.testing.assert_allclose(integral, 1, atol=1e-6)


def test_a_sample_alone_is_one_of_a_batch(flow):
    x = normals((3,), 4, 1)
    np.testing.assert_allclose(flow.log_prob(x[2]), flow.log_prob(x)[2], rtol=1e-12)
    z, log_det = flow.transform_and_log_det(x[2])
    assert (z.shape, log_det.shape) == ((3,), ())
    np.testing.assert_allclose(flow.inverse(z), x[2], atol=1e-12)


def test_one_condition_holds_for_all_samples(conditional):
    x, c = normals((3,), 4, 1), normals((5,), 4, 2)
    each = [conditional.log_prob(x[i], c[1]) for i in range(4)]
    np.testing.assert_allclose(conditional.log_prob(x, c[1]), each, rtol=1e-12)
    assert not np.allclose(conditional.log_prob(x, c), each)


def test_samples_of_several_conditions_are_those_of_each(conditional):
    c = normals((5,), 2, 2)
    samples = conditional.sample(KEY, 40_000, c)
    assert samples.shape == (40_000, 2, 3)
    alone = conditional.sample(jax.random.key(9), 40_000, c[1])
    np.testing.assert_allclose(samples[:, 1].mean(0), alone.mean(0), atol=0.05)
    assert not np.allclose(samples[:, 0].mean(0), alone.mean(0), atol=0.05)


def test_the_summary_is_differentiated(conditional):
    x, c = normals((3,), 4, 1), normals((5,), 4, 2)
    gradient = jax.grad(lambda flow: flow.log_prob(x, c).sum())(conditional)
    assert all(float(jnp.abs(g).max()) > 0 for g in jax.tree.leaves(gradient.summary))


def test_the_log_probability_of_samples_comes_with_them(conditional):
    c = normals((5,), 2, 2)
    x, log_p = conditional.sample_and_log_prob(KEY, 3, c)
    np.testing.assert_allclose(log_p[2], conditional.log_prob(x[2], c), rtol=1e-10)


@pytest.mark.parametrize("call", [jax.jit, lambda f: f])
def test_wrong_shapes_are_refused(flow, conditional, call):
    with pytest.raises(ValueError, match=r"x: expected shape \(3,\), or a batch \(n, 3\), got \(4, 2\)"):
        call(flow.log_prob)(jnp.ones((4, 2)))
    with pytest.raises(ValueError, match=r"condition: expected one of shape \(5,\), got None"):
        call(lambda x: conditional.log_prob(x))(jnp.ones((4, 3)))
    with pytest.raises(ValueError, match=r"condition: expected shape \(5,\), or a batch \(n, 5\), got \(4, 3\)"):
        call(conditional.log_prob)(jnp.ones((4, 3)), jnp.ones((4, 3)))
    with pytest.raises(ValueError, match="condition: expected one, or one for each of 4 samples, got 2"):
        call(conditional.log_prob)(jnp.ones((4, 3)), jnp.ones((2, 5)))
    with pytest.raises(ValueError, match="condition: expected none, got one"):
        call(flow.log_prob)(jnp.ones((4, 3)), jnp.ones((4, 5)))


def test_numbers_that_are_none_are_refused(flow):
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at index \(1, 0\)"):
        flow.log_prob(jnp.ones((4, 3)).at[1, 0].set(jnp.nan))


def test_lists_of_rows_are_arrays_and_an_empty_one_is_refused(flow, conditional):
    x, c = normals((3,), 2, 1), normals((5,), 2, 2)
    np.testing.assert_array_equal(flow.log_prob(x.tolist()), flow.log_prob(x))
    np.testing.assert_array_equal(conditional.log_prob(list(x), c.tolist()), conditional.log_prob(x, c))
    with pytest.raises(ValueError, match="x: expected at least one of them, got none"):
        flow.log_prob(x[:0])


def test_a_channel_that_does_not_vary_is_refused(flow):
    x = normals((3,), 10, 1).at[:, 1].set(7.0)
    with pytest.raises(ValueError, match="x: expected channels that vary, got the same number throughout channel 1"):
        flow.initialised(x)


def test_an_event_without_a_shape_is_refused():
    with pytest.raises(ValueError, match="event_shape: expected the shape of one sample, got None. ActNorm has none"):
        Flow(ActNorm(3))


def test_the_latents_are_known_without_running():
    flow = Flow(Glow((9, 8, 1), scales=2, steps=1, width=4, rngs=RNGS))
    shapes = [z.shape for z in flow.latents()]
    assert shapes == [(1, 8, 1), (4, 4, 2), (2, 2, 8)]
    assert sum(map(np.prod, shapes)) == 9 * 8


@pytest.mark.parametrize("memory", ["invert", "store"])
def test_conditions_may_be_whole_numbers(memory):
    flow = Flow(RealNVP(2, steps=2, width=4, condition_shape=(3,), memory=memory, rngs=RNGS))
    x, label = jnp.ones((3, 2)), jnp.eye(3, dtype=int)
    gradient = jax.grad(lambda flow: flow.log_prob(x, label).sum())(flow)
    assert {leaf.dtype for leaf in jax.tree.leaves(gradient)} == {jnp.dtype("float32")}
    assert flow.log_prob(x, label).dtype == jnp.float32


def test_a_layer_without_parameters_is_a_flow():
    assert Flow(Haar(), event_shape=(4, 4, 1)).log_prob(jnp.zeros((4, 4, 1))).shape == ()


def test_a_summary_wants_the_shape_of_what_it_is_given():
    with pytest.raises(ValueError, match="condition_shape: expected the shape of what the summary is given, got None"):
        Flow(RealNVP(2, steps=1, condition_shape=(2,), rngs=RNGS), summary=MLP(5, 2, rngs=RNGS))
