"""Axes to transform along, and maps with real coefficients extended to complex arrays and to any axis."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.operators._real import axes_of
from jaxseis.operators._structure import describe, is_complex


def axes_to_transform(name: str, axes: int | Sequence[int] | None, structure: jax.ShapeDtypeStruct) -> tuple[int, ...]:
    """Axes counted from the first, all of them if None: at least one, and none without samples."""
    found = axes_of(name, axes, structure)
    if not found or 0 in (structure.shape[a] for a in found):
        raise _checks.fail(f"axes of {name}", f"one or more, with samples, of {describe(structure)}", axes)
    return found


def part(x: Array, axis: int, start: int, stop: int | None, step: int = 1) -> Array:
    """``x[..., start:stop:step, ...]`` along an axis, as JAX slices it quickest."""
    return jax.lax.slice_in_dim(x, start, stop, step, axis)


def by_parts(f: Callable[[Array], Array], x: Array) -> Array:
    """``f(x)`` for a linear map ``f`` of real arrays; a complex x as its real and its imaginary part."""
    return jax.lax.complex(f(x.real), f(x.imag)) if is_complex(x) else f(x)


def along(f: Callable[[Array], Array], x: Array, axis: int) -> Array:
    """``f``, a linear map of the last axis of real arrays, along another axis."""
    return jnp.moveaxis(by_parts(f, jnp.moveaxis(x, axis, -1)), -1, axis)
