"""Convolutions beside those of JAX: values, and derivatives of every kind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import normals

from jaxseis.backbones.convolution import Conv, convolve

CASES = {
    "1-D": ((7, 2), (3,), "SAME"),
    "2-D": ((5, 6, 2), (3, 5), "SAME"),
    "2-D, inside": ((5, 6, 2), (3, 2), "VALID"),
    "2-D, even kernel": ((5, 6, 2), (2, 4), "SAME"),
    "2-D, wide margins": ((4, 3, 2), (2, 3), [(3, 0), (1, 4)]),
    "3-D": ((4, 3, 5, 2), (3, 1, 3), "SAME"),
}


def both(shape, kernel, padding):
    """A function of a state and a kernel, by this primitive and by JAX, with both arguments."""
    dims = len(kernel)
    ends = (0, dims + 1, *range(1, dims + 1))
    layout = jax.lax.ConvDimensionNumbers(ends, (dims + 1, dims, *range(dims)), ends)

    def of(convolution):
        return lambda x, w: convolution(x, w, (1,) * dims, padding, dimension_numbers=layout)

    state, weights = normals(shape, 3, 1), normals((*kernel[1:], 2, 4), kernel[0], 2)
    return of(convolve), of(jax.lax.conv_general_dilated), (state, weights)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_values_and_derivatives_are_those_of_jax(case):
    ours, theirs, arguments = both(*case)
    directions = jax.tree.map(lambda a: jnp.cos(3 * a), arguments)

    def derivatives(f):
        def value(x, w):
            return jnp.sum(jnp.sin(f(x, w)))
        gradient = jax.grad(value, argnums=(0, 1))
        return f(*arguments), jax.jvp(f, arguments, directions), gradient(*arguments), jax.jvp(
            gradient, arguments, directions
        )

    got, expected = jax.jit(lambda: (derivatives(ours), derivatives(theirs)))()
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (1, None)])
def test_vmap(axes):
    ours, theirs, (x, w) = both(*CASES["2-D"])
    x = x if axes[0] is None else jnp.stack([x, 2 * x], axis=axes[0])
    w = w if axes[1] is None else jnp.stack([w, w**2])
    def value(f):
        return jax.vmap(f, in_axes=axes)(x, w)
    np.testing.assert_allclose(value(ours), value(theirs), rtol=1e-12, atol=1e-12)
    def gradient(f):
        return jax.grad(lambda x, w: jnp.sum(jax.vmap(f, in_axes=axes)(x, w) ** 2), argnums=(0, 1))(x, w)
    for a, b in zip(gradient(ours), gradient(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("options", [{"strides": 2}, {"kernel_dilation": 2}, {"feature_group_count": 2}, {}])
def test_layers_are_those_of_flax(options):
    x = normals((6, 5, 4), 2, 1)
    ours, theirs = (make(4, 6, (3, 3), rngs=nnx.Rngs(0), **options) for make in (Conv, nnx.Conv))
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


def test_derivatives_have_the_layout_that_is_fast():
    """Batch first, channels last, whatever is differentiated: XLA turns no convolution round in a loop."""
    ours, _, (x, w) = both(*CASES["2-D"])
    text = str(jax.jit(jax.grad(lambda x, w: jnp.sum(ours(x, w) ** 2), argnums=(0, 1))).lower(x, w).as_text())
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    assert len(convolutions) == 3
    assert all("dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]" in line for line in convolutions)
