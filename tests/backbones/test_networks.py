"""What single backbones promise beyond the contract."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.backbones import CNN, MLP, DeepSet, Pyramid, ResidualBlock, ResNet, SetTransformer, UNet
from jaxseis.flows.flow import Flow
from jaxseis.flows.networks.glow import Glow

pytestmark = pytest.mark.slow

DOUBLE = {"param_dtype": jnp.float64}
SETS = {
    "DeepSet": partial(DeepSet, width=8, **DOUBLE),
    "SetTransformer": partial(SetTransformer, width=8, heads=2, blocks=2, **DOUBLE),
}


def normals(shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape, jnp.float64)


def test_a_residual_block_starts_as_the_identity():
    x = normals((2, 4, 3))
    np.testing.assert_array_equal(ResidualBlock(3, space=1, rngs=nnx.Rngs(0), **DOUBLE)(x), x)


def reach(net, size):
    """How many pixels the middle one of the output depends on."""
    x = normals((1, size, 1))
    return int(jnp.count_nonzero(jax.jit(jax.grad(lambda x: net(x)[0, size // 2, 0]))(x)))


def test_what_a_pixel_sees():
    net = ResNet(1, 1, space=1, width=3, blocks=2, zero=False, rngs=nnx.Rngs(0), **DOUBLE)
    net = jax.tree.map(lambda p: p + 0.3, net)
    assert reach(net, 21) == 1 + 2 * (3 - 1) * (2 + 1)


def test_coarse_scales_see_far():
    flat, deep = (
        jax.tree.map(lambda p: p + 0.3, UNet(1, 1, space=1, width=2, levels=n, zero=False, rngs=nnx.Rngs(0), **DOUBLE))
        for n in (0, 2)
    )
    assert reach(deep, 41) > 2 * reach(flat, 41)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_a_u_net_takes_any_size(size):
    net = UNet(1, 2, space=1, width=2, levels=3, zero=False, rngs=nnx.Rngs(0), **DOUBLE)
    assert jax.eval_shape(net, jax.ShapeDtypeStruct((3, size, 1), jnp.float64)).shape == (3, size, 2)


@pytest.mark.parametrize("space", [(8, 8), (13, 11)])
def test_shapes_of_a_pyramid(space):
    net = Pyramid(1, space=2, width=3, scales=3, rngs=nnx.Rngs(0), **DOUBLE)
    found = jax.eval_shape(net, jax.ShapeDtypeStruct((2, *space, 1), jnp.float64))
    assert tuple(f.shape[1:] for f in found) == net.shapes(space)
    assert net.shapes((13, 11)) == ((6, 5, 3), (3, 2, 6), (1, 1, 12))


@pytest.mark.parametrize("space", [(9,), (7, 5)])
def test_a_pyramid_sees_every_plane_of_odd_sizes(space):
    net = Pyramid(1, space=len(space), width=2, scales=2, rngs=nnx.Rngs(0), **DOUBLE)
    seen = jax.jit(jax.grad(lambda x: sum(jnp.sum(f**2) for f in net(x))))(normals((1, *space, 1)))
    assert bool(jnp.all(seen != 0))


def test_a_pyramid_is_a_summary_for_glow():
    pyramid = Pyramid(1, space=1, width=2, scales=2, rngs=nnx.Rngs(0), **DOUBLE)
    shapes = pyramid.shapes((7,))
    cnn = partial(CNN, space=1, width=3, zero=False, **DOUBLE)
    glow = Glow((7, 1), scales=2, steps=1, subnet=cnn, condition_shape=shapes, rngs=nnx.Rngs(1), **DOUBLE)
    flow = Flow(glow, condition_shape=(7, 1), summary=pyramid)
    x, condition = normals((3, 7, 1), 1), normals((3, 7, 1), 2)
    z, _ = flow.transform_and_log_det(x, condition)
    np.testing.assert_allclose(flow.inverse(z, condition), x, atol=1e-10)
    gradient = jax.grad(lambda flow: flow.log_prob(x, condition).sum())(flow)
    assert all(float(jnp.abs(g).max()) > 0 for g in jax.tree.leaves(gradient.summary.first))


@pytest.mark.parametrize("name", SETS)
def test_the_order_of_a_set_does_not_matter(name):
    run, x = jax.jit(SETS[name](2, 3, rngs=nnx.Rngs(0))), normals((4, 6, 2))
    np.testing.assert_allclose(run(x[:, np.array([3, 0, 5, 1, 4, 2])]), run(x), rtol=1e-12, atol=1e-12)
    assert float(jnp.abs(run(x.at[:, 0].add(1.0)) - run(x)).max()) > 1e-3


@pytest.mark.parametrize("name", SETS)
def test_masked_members_do_not_count(name):
    net, x = SETS[name](2, 3, rngs=nnx.Rngs(0)), normals((4, 6, 2))
    mask = jnp.broadcast_to(jnp.arange(6) < 4, (4, 6))
    got = jax.jit(net)(x.at[:, 4:].set(1e3), mask)
    np.testing.assert_allclose(got, jax.jit(net)(x[:, :4]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SETS)
def test_derivatives_do_not_know_what_is_masked(name):
    """Padding of NaN, as measurements that are missing may be."""
    net, x = SETS[name](2, 3, rngs=nnx.Rngs(0)), normals((4, 6, 2))
    mask = jnp.broadcast_to(jnp.arange(6) < 4, (4, 6))
    slope = jax.jit(jax.grad(lambda net, x: jnp.sum(net(x, mask) ** 2), argnums=(0, 1)))
    got, expected = slope(net, x.at[:, 4:].set(jnp.nan)), slope(net, x.at[:, 4:].set(0.0))
    jax.tree.map(np.testing.assert_array_equal, got, expected)
    assert all(bool(jnp.isfinite(g).all()) for g in jax.tree.leaves(got))


def test_members_relate_in_a_set_transformer():
    """A deep set of one-member summaries is their mean; attention is not."""
    x = normals((1, 2, 2))
    net = SETS["SetTransformer"](2, 3, rngs=nnx.Rngs(0))
    alone = [net(x[:, i : i + 1]) for i in range(2)]
    assert float(jnp.abs(net(x) - sum(alone) / 2).max()) > 1e-3


def test_an_empty_set_has_a_summary():
    net = SETS["DeepSet"](2, 3, rngs=nnx.Rngs(0))
    assert bool(jnp.isfinite(net(normals((2, 4, 2)), jnp.zeros((2, 4), bool))).all())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(ResNet, kernel=2), "kernel: expected an odd number, got 2"),
        (partial(UNet, kernel=4), "kernel: expected an odd number, got 4"),
        (partial(ResNet, blocks=-1), "blocks: expected a whole number of at least 0, got -1"),
        (partial(UNet, levels=1.5), "levels: expected a whole number of at least 0, got 1.5"),
        (partial(MLP, depth=-2), "depth: expected a whole number of at least 0, got -2"),
        (partial(SetTransformer, width=10, heads=4), "width: expected a multiple of the 4 heads, got 10"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make(1, 1, rngs=nnx.Rngs(0))


def test_an_image_too_small_for_a_pyramid():
    net = Pyramid(1, space=2, width=2, scales=3, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"space: expected at least 8 along every axis, got \(16, 7\). Fewer scales."):
        net(jnp.zeros((1, 16, 7, 1)))
