"""Filters of migrated images: the Laplacian, and a power of depth."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import Grid


def laplacian_filter(image: Any, spacing: float | Sequence[float] = 1.0) -> Array:
    """``-(d^2/dx^2 + d^2/dz^2) image`` by second differences: it removes the smooth haze of turning waves.

    Beyond its edges the image goes on as it is at them, which makes the filter symmetric.

    Arguments:
        image: axes (x, z) or (x, y, z).
        spacing: distance between nodes, one number or one for each axis, such as ``grid.spacing``. Only its
            proportions change the picture; 1 means cells.

    Returns an array like ``image``, divided by the square of the unit of ``spacing``; linear in the image.
    Raises ValueError if ``spacing`` is not positive or has not one number for each axis.

    ```python
    laplacian_filter(jnp.zeros((5, 5)).at[2, 2].set(1.0))[2]  # [0, -1, 4, -1, 0]
    ```
    """
    image = jnp.asarray(image)
    steps = np.full(image.ndim, spacing, float) if np.ndim(spacing) == 0 else np.asarray(spacing, float)
    _checks.shape_is("spacing", steps, (image.ndim,))
    if not np.all(steps > 0):
        raise _checks.fail("spacing", "positive numbers", spacing)
    return jnp.asarray(sum(_curvature(image, axis) / -float(h**2) for axis, h in enumerate(steps)))


def depth_scaling(grid: Grid, power: float = 1.0) -> Array:
    """Weights ``depth^power`` that make up for waves spreading out; multiply an image by them.

    Arguments:
        grid: the grid of the image; depth is counted from its top, metres.
        power: the exponent, not negative. In 2-D, amplitudes fall with the root of the distance on the way
            down and on the way up, which 1 makes up for.

    Returns an array (z,), which broadcasts to the image, metres to that power.
    Raises ValueError if ``power`` is negative.

    ```python
    depth_scaling(Grid((11, 5), 10.0))  # [0, 10, 20, 30, 40]
    ```
    """
    power = _checks.number("power", power, "a number, not negative", lambda x: 0 <= x < np.inf)
    return jnp.asarray((grid.coordinates("z") - grid.origin[-1]) ** power)


def _curvature(image: Array, axis: int) -> Array:
    """Second difference along one axis, edges repeated."""
    edges = [(1, 1) if a == axis else (0, 0) for a in range(image.ndim)]
    return jnp.diff(jnp.pad(image, edges, mode="edge"), n=2, axis=axis)
