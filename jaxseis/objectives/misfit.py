"""Misfits between predicted and observed data: plain JAX functions of two arrays.

Any function ``(predicted, observed) -> number`` that JAX can differentiate is a misfit; its adjoint
source is its gradient in the first argument.
"""

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array


def least_squares(predicted: Array, observed: Array, weights: Array | float = 1.0) -> Array:
    """``1/2 |w (predicted - observed)|^2``.

    Arguments:
        predicted, observed: data (shot, time, receiver), or any two arrays of one shape.
        weights: broadcast against the data: data weights, or (shot, 1, 1) shot weights.

    Returns a number. Its gradient in ``predicted`` is ``w^2 (predicted - observed)``.
    Raises ValueError if the shapes differ.

    ```python
    least_squares(F(m) @ q, d)
    ```
    """
    _checks.shape_is("observed", observed, jnp.shape(predicted))
    return 0.5 * jnp.sum((weights * (predicted - observed)) ** 2)
