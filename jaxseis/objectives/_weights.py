"""Data weights and shot weights of an objective."""

from typing import Any

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array


def combined(observed: Array, data_weights: Any, shot_weights: Any) -> Array:
    """One array of weights that broadcasts against the data (shot, time, receiver)."""
    weights = jnp.ones((observed.shape[0], 1, 1), observed.dtype)
    if shot_weights is not None:
        given = jnp.asarray(shot_weights, observed.dtype)
        _checks.shape_is("shot_weights", given, observed.shape[:1], ("shot",))
        weights = weights * given[:, None, None]
    if data_weights is not None:
        given = jnp.asarray(data_weights, observed.dtype)
        try:
            weights = weights * jnp.broadcast_to(given, observed.shape)
        except ValueError as error:
            raise _checks.fail(
                "data_weights", f"an array that broadcasts to the data {observed.shape}", given.shape
            ) from error
    return weights
