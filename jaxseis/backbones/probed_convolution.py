"""Convolutions that keep a few random numbers for their weight gradient, not their input.

The idea is that of Louboutin et al., Ultra low memory convolution (arXiv 2106.06998). For ``y = x * w + b`` the
derivatives with respect to x and b need no x; that with respect to w is linear in x. Take r probes, signs ``Z`` of
shape (n, r) over the n pixels; forward, keep ``s = Z^T x`` for every sample and channel; backward, draw Z again and
put

    x^ = 1/r Z s = (1/r Z Z^T) x    in the place of x.

Unbiased: ``E[Z Z^T] = r I``, so ``E[x^] = x``, and the gradient is linear in x^. The zeros outside of the image are put
around x^ by the convolution, as around x, so this holds at the borders too, for any stride, padding and dilation.

Variance: an entry of the gradient is ``sum_b a_b^T x_b``, with ``x_b`` the channel's n pixels in sample b, and
``a_b`` the output's cotangent shifted by the entry's offset, zero outside. With ``M = sum_b x_b a_b^T``, exactly,

    var = 1/r (||M||_F^2 + tr(M M) - 2 sum_j M_jj^2),

Hutchinson's for signs; normal probes would not have the last term. For one sample the sum of the first two terms is
``||x||^2 ||a||^2 + (a^T x)^2``. The error falls as ``1/sqrt(r)``, and is that of all pixels: it suits noisy gradients.

Kept are ``batch x r x channels`` numbers, whatever the size of the image. What activations keep comes on top:
`nnx.relu` a byte a pixel, `nnx.gelu` its whole input. That is what JAX asks for: on the CPU, XLA prefers to keep the
input of a `nnx.relu` as well, and little is saved there.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array

CONVOLUTIONS = (nnx.Conv, nnx.ConvTranspose)


class ProbedConv(nnx.Module):
    """A convolution with exact outputs, input and bias gradients, and an unbiased estimate of its weights' gradient.

    Arguments:
        inputs, outputs: channels in and out.
        kernel_size: along each axis of space.
        probes: r, how many random numbers are kept for each sample and channel.
        rngs: random numbers.
        options: any others of `flax.nnx.Conv`.

    Call it with an image ``(batch, *space, inputs)`` and a random key, a new one for every step.

    ```python
    conv = ProbedConv(3, 16, (3, 3), probes=16, rngs=nnx.Rngs(0))
    y = conv(jnp.ones((8, 64, 64, 3)), jax.random.key(1))
    ```
    """

    def __init__(self, inputs: int, outputs: int, kernel_size, *, probes: int = 16, rngs: nnx.Rngs, **options):
        self.probes = _checks.whole("probes", probes, 1)
        self.conv = nnx.Conv(inputs, outputs, kernel_size, rngs=rngs, **options)

    def __call__(self, x: Array, key: Array) -> Array:
        return _run(self.probes, self.conv, x, key)


def probed(net: nnx.Module, key: Array, probes: int = 16) -> nnx.Module:
    """The same network, the same parameters, with estimates of its convolutions' weight gradients.

    Arguments:
        net: a network, such as `CNN`, `ResNet` or `UNet`; all of its `flax.nnx.Conv` and `flax.nnx.ConvTranspose` are
            replaced.
        key: random key of the probes, a new one for every step.
        probes: how many for each convolution.

    ```python
    net = CNN(1, 1, activation=nnx.relu, zero=False, rngs=nnx.Rngs(0))
    loss = lambda net, key: jnp.mean(probed(net, key)(jnp.ones((4, 32, 32, 1))) ** 2)
    gradient = jax.grad(loss)(net, jax.random.key(0))
    ```
    """
    _checks.whole("probes", probes, 1)
    parts, structure = jax.tree.flatten(net, is_leaf=_is_convolution)
    keys = jax.random.split(key, len(parts))
    made = [_Keyed(part, key, probes) if _is_convolution(part) else part for part, key in zip(parts, keys, strict=True)]
    return jax.tree.unflatten(structure, made)


class _Keyed(nnx.Module):
    """A convolution with the key of its probes."""

    def __init__(self, conv: nnx.Module, key: Array, probes: int):
        self.conv = conv
        self.key = nnx.data(key)
        self.probes = probes

    def __call__(self, x: Array) -> Array:
        return _run(self.probes, self.conv, x, self.key)


def _is_convolution(part) -> bool:
    return isinstance(part, CONVOLUTIONS)


def _run(probes: int, conv: nnx.Module, x: Array, key: Array) -> Array:
    return _probed(probes, jax.ShapeDtypeStruct(x.shape, x.dtype), conv, x, key)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _probed(probes: int, like: jax.ShapeDtypeStruct, conv: nnx.Module, x: Array, key: Array) -> Array:
    return conv(x)  # type: ignore[operator]


def _project(probes: int, like: jax.ShapeDtypeStruct, conv: nnx.Module, x: Array, key: Array):
    pixels = x.reshape(x.shape[0], -1, x.shape[-1])
    precision = jnp.promote_types(x.dtype, jnp.float32)
    sums = jnp.einsum("rn,bnc->brc", _signs(key, probes, like), pixels, preferred_element_type=precision)
    return conv(x), (conv, key, sums)  # type: ignore[operator]


def _estimate(probes: int, like: jax.ShapeDtypeStruct, kept, y_bar: Array):
    # Else the compiler may keep the probes of the forward pass, or make the estimates of all layers at once.
    (conv, key, sums), y_bar = jax.lax.optimization_barrier((kept, y_bar))
    pixels = jnp.einsum("rn,brc->bnc", _signs(key, probes, like), sums / probes).astype(like.dtype)
    # A convolution is affine in x: the cotangents of x and of the bias do not depend on where it is linearised.
    _, pull_back = jax.vjp(lambda conv, x: conv(x), conv, pixels.reshape(like.shape))
    return *pull_back(y_bar), None


def _signs(key: Array, probes: int, like: jax.ShapeDtypeStruct) -> Array:
    """Z^T, (probes, pixels)."""
    return jax.random.rademacher(key, (probes, math.prod(like.shape[1:-1])), like.dtype)


_probed.defvjp(_project, _estimate)
