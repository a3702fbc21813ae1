"""Gaussian smoothing of models and gradients inside jitted steps."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array
from jaxseis.grid import Grid


def gaussian_smoothing(grid: Grid, length: float) -> Callable[[Array], Array]:
    """The map from an array on ``grid`` to its mean under a Gaussian.

    Arguments:
        grid: where the arrays live.
        length: standard deviation, metres; zero changes nothing.

    Returns a function for JAX. The weights of every mean add up to one, at the edges too.

    ```python
    smooth = gaussian_smoothing(Grid((41, 31), 20.0), 40.0)
    smooth(jnp.ones((41, 31)))  # ones
    ```
    """
    if length == 0:
        return lambda x: x
    matrices = [_matrix(grid.coordinates(axis), length) for axis in grid.axes]

    def smooth(x: Array) -> Array:
        for axis, matrix in enumerate(matrices):
            x = jnp.moveaxis(jnp.tensordot(matrix.astype(x.dtype), x, (1, axis)), 0, axis)
        return x

    return smooth


def _matrix(points: np.ndarray, length: float) -> np.ndarray:
    weights = np.exp(-0.5 * (np.subtract.outer(points, points) / length) ** 2)
    return weights / weights.sum(1, keepdims=True)
