"""Conditions beside a state: arrays over the same space, or vectors that hold everywhere in it."""

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array


def join(x: Array, condition: Array | None) -> Array:
    """State and condition, channels side by side; a condition ``(batch, feature)`` is spread over the space."""
    if condition is None:
        return x
    if condition.ndim == 2 and x.ndim > 2:
        condition = condition.reshape(condition.shape[0], *(1,) * (x.ndim - 2), -1)
        condition = jnp.broadcast_to(condition, (*x.shape[:-1], condition.shape[-1]))
    if condition.shape[:-1] != x.shape[:-1]:
        expected = f"shape {x.shape[:-1]} and channels, or ({x.shape[0]}, features)"
        raise _checks.fail("condition", expected, f"shape {condition.shape}")
    return jnp.concatenate([x, condition.astype(x.dtype)], axis=-1)
