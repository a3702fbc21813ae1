"""States of a flow: arrays (batch, *space, channel), and pytrees of them."""

import jax
import jax.numpy as jnp

from jaxseis import _compat
from jaxseis._types import Array, PyTree


def no_log_det(x: PyTree) -> Array:
    """Zero for every sample."""
    first = jax.tree.leaves(x)[0]
    return _compat.varying_like(jnp.zeros(first.shape[0], first.dtype), x)


def sum_sample(x: Array) -> Array:
    """The sum over all axes but the batch."""
    return x.reshape(x.shape[0], -1).sum(axis=1)


def pixels(x: Array) -> int:
    """How many places in space a sample has."""
    return x[0, ..., 0].size


def add(a: PyTree, b: PyTree) -> PyTree:
    """The sum of two pytrees."""
    return jax.tree.map(jnp.add, a, b)


def per_sample(numbers: Array, like: Array) -> Array:
    """``(batch,)`` numbers with axes of length one, to broadcast against an array over the batch."""
    return numbers.reshape(-1, *(1,) * (like.ndim - 1))
