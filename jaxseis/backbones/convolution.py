"""Convolutions that are as fast inside of a loop as outside of it, and so are their derivatives.

XLA's compiler for CPU brings convolutions into the layout of its fast kernels, ``(batch, *space, channel)`` with
kernels ``(*space, input, output)``, in the main program but not in the body of a loop. The derivatives that JAX writes
have other layouts, and in a scan over layers they are many times slower (benchmarks/flows.py measures it). Here

    y[n, i, o] = sum_{k, c} x[n, i + k - low, c] w[k, c, o],    x zero outside,

is a primitive whose transposes are the same thing again, in that layout: with ``w'`` turned round in space, inputs and
outputs exchanged,

    x_bar = y_bar * w',    w_bar = (x with samples for channels) * (y_bar with samples for inputs).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks, _compat
from jaxseis._types import Array

Padding = tuple[tuple[int, int], ...]


def convolve(x: Array, kernel: Array, strides: Sequence[int], padding: Any, **options: Any) -> Array:
    """What `jax.lax.conv_general_dilated` gives for channels last; `flax.nnx.Conv` takes it in its place.

    Convolutions with strides, dilations, groups or a precision of their own are left to JAX.
    """
    if not _is_plain(strides, **options):
        return jax.lax.conv_general_dilated(x, kernel, strides, padding, **options)
    if isinstance(padding, str):
        padding = jax.lax.padtype_to_pads(x.shape[1:-1], kernel.shape[:-2], strides, padding)
    return _correlate(x, kernel, padding=tuple((int(low), int(high)) for low, high in padding))[0]


def _is_plain(strides: Sequence[int], **options: Any) -> bool:
    steps = (*strides, *(options.get("lhs_dilation") or ()), *(options.get("rhs_dilation") or ()))
    others = (options.get("precision"), options.get("preferred_element_type"))
    return set(steps) <= {1} and options.get("feature_group_count", 1) == 1 and others == (None, None)


def _direct(x: Array, w: Array, *, padding: Padding) -> list[Array]:
    ends = (0, x.ndim - 1, *range(1, x.ndim - 1))  # batch, channels, space
    layout = jax.lax.ConvDimensionNumbers(ends, (x.ndim - 1, x.ndim - 2, *range(x.ndim - 2)), ends)
    return [jax.lax.conv_general_dilated(x, w, (1,) * len(padding), padding, dimension_numbers=layout)]


def _shapes(x: Array, w: Array, *, padding: Padding) -> list[jax.ShapeDtypeStruct]:
    space = (n + sum(p) - k + 1 for n, p, k in zip(x.shape[1:-1], padding, w.shape, strict=False))
    return [jax.ShapeDtypeStruct((x.shape[0], *space, w.shape[-1]), x.dtype)]


def _jvp(primals: Sequence[Array], tangents: Sequence[Any], *, padding: Padding) -> tuple[list[Array], list[Any]]:
    (x, w), (dx, dw) = primals, tangents
    y = _correlate(x, w, padding=padding)
    terms = [_correlate(dx, w, padding=padding)[0]] if not isinstance(dx, _compat.Zero) else []
    terms += [_correlate(x, dw, padding=padding)[0]] if not isinstance(dw, _compat.Zero) else []
    return y, [sum(terms[1:], terms[0])]


def _transpose(y_bars: Sequence[Any], x: Any, w: Any, *, padding: Padding) -> list[Any]:
    (y_bar,) = y_bars
    if _compat.is_undefined(x):
        turned = jnp.swapaxes(jnp.flip(w, range(len(padding))), -1, -2)
        around = tuple((k - 1 - low, k - 1 - high) for k, (low, high) in zip(w.shape, padding, strict=False))
        return [_correlate(y_bar, turned, padding=around)[0], None]
    samples_last, samples_inside = jnp.swapaxes(x, 0, -1), jnp.moveaxis(y_bar, 0, -2)
    return [None, jnp.moveaxis(_correlate(samples_last, samples_inside, padding=padding)[0], 0, -2)]


def _batch(operands: Sequence[Array], axes: Sequence[Any], *, padding: Padding) -> tuple[list[Array], list[int]]:
    (x, w), (axis, kernels) = operands, axes
    if kernels is None:  # more samples
        x = jnp.moveaxis(x, axis, 0)
        (y,) = _correlate(x.reshape(-1, *x.shape[2:]), w, padding=padding)
        return [y.reshape(*x.shape[:2], *y.shape[1:])], [0]
    return [jax.vmap(lambda x, w: _direct(x, w, padding=padding)[0], in_axes=(axis, kernels))(x, w)], [0]


_correlate = _compat.define_primitive("correlate_channels", _direct, _shapes, _jvp, _transpose, _batch)

Conv = partial(nnx.Conv, conv_general_dilated=convolve)
"""`flax.nnx.Conv` by these convolutions."""


def odd_kernel(kernel: int, space: int) -> tuple[int, ...]:
    """The kernel's size along every axis: odd, so that a convolution keeps the size of space."""
    if _checks.whole("kernel", kernel, 1) % 2 == 0:
        raise _checks.fail("kernel", "an odd number", kernel)
    return (kernel,) * space
