"""Data weights and shot weights of an objective."""

from typing import Any

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import TRACE_AXES, Array


def check_observed(observed: Array, shape: tuple[int, ...]) -> None:
    """An error unless the data have the shape of what is modelled."""
    _checks.shape_is("observed", observed, shape, (*TRACE_AXES, "component")[: len(shape)])


def combined(observed: Array, data_weights: Any, shot_weights: Any) -> Array:
    """One array of weights that broadcasts against the data (shot, time, receiver[, component])."""
    rest = (1,) * (observed.ndim - 1)
    weights = jnp.ones((observed.shape[0], *rest), observed.dtype)
    if shot_weights is not None:
        given = jnp.asarray(shot_weights, observed.dtype)
        _checks.shape_is("shot_weights", given, observed.shape[:1], ("shot",))
        weights = weights * given.reshape(-1, *rest)
    if data_weights is not None:
        given = jnp.asarray(data_weights, observed.dtype)
        try:
            weights = weights * jnp.broadcast_to(given, observed.shape)
        except ValueError as error:
            raise _checks.fail(
                "data_weights", f"an array that broadcasts to the data {observed.shape}", given.shape
            ) from error
    return weights
