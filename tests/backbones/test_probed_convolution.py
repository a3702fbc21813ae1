"""Convolutions that estimate their weights' gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.backbones import CNN, ProbedConv, UNet, probed

pytestmark = pytest.mark.slow

DOUBLE = {"param_dtype": jnp.float64}
KEYS = 4000


def normals(shape, seed):
    return jax.random.normal(jax.random.key(seed), shape, jnp.float64)


@pytest.fixture(scope="module")
def conv():
    return ProbedConv(2, 1, (3,), probes=4, rngs=nnx.Rngs(0), **DOUBLE)


X, Y_BAR = normals((2, 6, 2), 1), normals((2, 6, 1), 2)  # as many offsets as half of the pixels: borders weigh


def gradients(conv, x, y_bar, key):
    return jax.vjp(lambda conv, x: conv(x, key), conv, x)[1](y_bar)


def exact_gradients(conv, x, y_bar):
    return jax.vjp(lambda conv, x: conv(x), conv.conv, x)[1](y_bar)


@pytest.fixture(scope="module")
def estimates(conv):
    """The kernel's gradient for many keys, (key, offset, input, output)."""
    keys = jax.random.split(jax.random.key(5), KEYS)
    one = jax.jit(jax.vmap(lambda key: gradients(conv, X, Y_BAR, key)[0].conv.kernel[...]))
    return np.asarray(one(keys))


def matrices(x, y_bar):
    """M = sum_b x_b a_b^T of each entry of the kernel, (offset, input, pixel, pixel), written out."""
    padded = np.pad(np.asarray(y_bar)[..., 0], [(0, 0), (1, 1)])
    size = x.shape[1]
    shifted = np.stack([padded[:, 2 - o : 2 - o + size] for o in range(3)])  # a_b[j] = y_bar_b[j - (o - 1)]
    return np.einsum("bic,obj->ocij", np.asarray(x), shifted)


def test_output_is_that_of_the_convolution(conv):
    np.testing.assert_array_equal(conv(X, jax.random.key(0)), conv.conv(X))


def test_gradients_of_input_and_bias_are_exact(conv):
    (layer_bar, x_bar), (expected, expected_x) = gradients(conv, X, Y_BAR, jax.random.key(0)), exact_gradients(
        conv, X, Y_BAR
    )
    np.testing.assert_allclose(x_bar, expected_x, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(layer_bar.conv.bias[...], expected.bias[...], rtol=1e-13)
    assert float(jnp.abs(layer_bar.conv.kernel[...] - expected.kernel[...]).max()) > 1e-2  # an estimate


def test_the_estimate_is_unbiased_at_borders_too(conv, estimates):
    expected = np.asarray(exact_gradients(conv, X, Y_BAR)[0].kernel[...])
    np.testing.assert_allclose(np.trace(matrices(X, Y_BAR), axis1=2, axis2=3), expected[..., 0], rtol=1e-12)
    error = estimates.mean(axis=0) - expected
    standard_error = estimates.std(axis=0, ddof=1) / np.sqrt(KEYS)
    assert np.all(np.abs(error) < 4 * standard_error)
    # What cyclic shifts would give differs from the truth by far more than these bands.
    wrapped = np.einsum("bi,bic->c", np.roll(np.asarray(Y_BAR)[..., 0], -1, axis=1), np.asarray(X))
    assert np.all(np.abs(wrapped - expected[0, :, 0]) > 8 * standard_error[0, :, 0])


def test_variance_is_the_one_stated(estimates):
    m = matrices(X, Y_BAR)
    diagonal = np.diagonal(m, axis1=2, axis2=3)
    stated = ((m**2).sum((2, 3)) + np.einsum("ocij,ocji->oc", m, m) - 2 * (diagonal**2).sum(-1)) / 4
    found = estimates.var(axis=0, ddof=1)[..., 0]
    np.testing.assert_allclose(found, stated, rtol=0.12)


def test_variance_falls_with_the_number_of_probes(estimates):
    conv = ProbedConv(2, 1, (3,), probes=32, rngs=nnx.Rngs(0), **DOUBLE)
    keys = jax.random.split(jax.random.key(6), KEYS)
    more = jax.jit(jax.vmap(lambda key: gradients(conv, X, Y_BAR, key)[0].conv.kernel[...]))(keys)
    np.testing.assert_allclose(estimates.var(axis=0) / np.asarray(more).var(axis=0), 8.0, rtol=0.2)


def kept(net, size):
    """How many bytes the backward pass holds of two square images: of all that has their axis."""
    held = jax.eval_shape(lambda n, x: jax.vjp(lambda n, x: n(x), n, x)[1], net, jnp.zeros((2, size, size, 3)))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(held) if leaf.shape[:1] == (2,))


def test_what_is_kept_does_not_grow_with_the_image():
    exact = nnx.Conv(3, 5, (3, 3), rngs=nnx.Rngs(0), **DOUBLE)
    probing = probed(exact, jax.random.key(0), 4)
    assert kept(probing, 16) == kept(probing, 64) == 2 * 4 * 3 * 8  # batch, probes, channels, bytes
    assert kept(exact, 64) == 2 * 64 * 64 * 3 * 8


def test_a_network_keeps_less_by_the_inputs_of_its_convolutions():
    net = CNN(3, 1, width=8, depth=3, activation=nnx.relu, zero=False, rngs=nnx.Rngs(0), **DOUBLE)
    channels, size = 3 + 4 * 8, 32
    saved = kept(net, size) - kept(probed(net, jax.random.key(0), 2), size)
    assert saved == 2 * channels * (size**2 - 2) * 8


@pytest.mark.parametrize(
    "net",
    [
        CNN(1, 2, space=1, width=3, zero=False, rngs=nnx.Rngs(0), **DOUBLE),
        UNet(1, 2, space=1, width=2, levels=1, zero=False, rngs=nnx.Rngs(0), **DOUBLE),
    ],
    ids=["CNN", "UNet"],
)
def test_any_network_can_be_probed(net):
    x = normals((2, 7, 1), 3)

    @jax.jit
    def found(net, key):
        loss = lambda net, key: jnp.sum(jnp.sin(probed(net, key, 8)(x)))  # noqa: E731
        return probed(net, key, 8)(x), jax.grad(loss)(net, key)

    y, gradient = found(net, jax.random.key(0))
    np.testing.assert_allclose(y, net(x), rtol=1e-12, atol=1e-13)
    assert jax.tree.structure(gradient) == jax.tree.structure(net)
    exact = jax.grad(lambda net: jnp.sum(jnp.sin(net(x))))(net)
    np.testing.assert_allclose(gradient.last.bias[...], exact.last.bias[...], rtol=1e-10)


def test_convolutions_have_probes_of_their_own():
    net = CNN(2, 2, space=1, width=2, depth=2, rngs=nnx.Rngs(0), **DOUBLE)
    made = probed(net, jax.random.key(0))
    keys = [jax.random.key_data(part.key) for part in (made.first, *made.hidden, made.last)]
    assert len({tuple(np.asarray(k)) for k in keys}) == 4


def test_strides_dilation_and_low_precision():
    conv = ProbedConv(2, 3, (3, 3), strides=2, kernel_dilation=2, probes=4, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    x = jnp.ones((2, 9, 6, 2), jnp.bfloat16)
    y = conv(x, jax.random.key(0))
    layer_bar, x_bar = gradients(conv, x, jnp.ones_like(y), jax.random.key(0))
    assert (y.shape, y.dtype, x_bar.dtype) == ((2, 5, 3, 3), jnp.bfloat16, jnp.bfloat16)
    assert layer_bar.conv.kernel.dtype == jnp.float32
    assert bool(jnp.isfinite(layer_bar.conv.kernel[...]).all())


def test_at_least_one_probe():
    with pytest.raises(ValueError, match="probes: expected a whole number of at least 1, got 0"):
        ProbedConv(1, 1, (3,), probes=0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="probes: expected a whole number of at least 1, got 0"):
        probed(CNN(1, 1, rngs=nnx.Rngs(0)), jax.random.key(0), 0)
