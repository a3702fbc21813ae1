"""Weights of models, gradients and images that mute the water and what is around sources."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import Geometry
from jaxseis.grid import Grid
from jaxseis.model import water_mask
from jaxseis.preconditioners._step import ramp


def water_taper(velocity: Any, grid: Grid, width: float, water: float = 1.5) -> Array:
    """Weights that are zero in the water and rise to one over ``width`` below it, as a squared sine.

    Arguments:
        velocity: model of axes (x, z) or (x, y, z), km/s.
        grid: its grid.
        width: of the taper, metres, counted from the last node in the water. Where there is no water it starts
            just above the top of the grid.
        water: velocity of the water, km/s; see ``water_mask``.

    Returns an array ``grid.shape``; multiply an image or gradient by it.
    Raises ValueError if ``width`` is negative or ``velocity`` has another shape or looks like m/s.

    ```python
    grid = Grid((5, 4), 10.0)
    water_taper(np.full(grid.shape, 2.0), grid, width=20.0)[0]  # [0.5, 1, 1, 1]
    ```
    """
    _checks.shape_is("velocity", velocity, grid.shape, grid.axes)
    width = _checks.number("width", width, "a number of metres, not negative", lambda x: 0 <= x < np.inf)
    below = np.cumsum(~water_mask(velocity, water), axis=-1)  # nodes below the bottom of the water
    return jnp.where(below == 0, 0, ramp(jnp.asarray(below * grid.spacing[-1], float), width))


def point_taper(points: Geometry, grid: Grid, radius: float) -> Array:
    """Weights that are zero at sources or receivers and rise to one at a distance, as a squared sine.

    Arguments:
        points: of all shots; padding does not count.
        grid: the grid of the image or gradient to be multiplied.
        radius: the distance at which the weight is one, metres.

    Returns an array ``grid.shape``. Raises ValueError if ``radius`` is not positive or ``points`` have another
    number of coordinates than the grid.

    ```python
    weights = point_taper(Geometry(x=jnp.array([100.0, 500.0]), z=20.0), Grid((61, 41), 10.0), radius=50.0)
    ```
    """
    radius = _checks.positive("radius", radius, "metres")
    if points.ndim != grid.ndim:
        raise _checks.fail("points", f"{grid.ndim} coordinates, as the grid has", points.ndim)
    distance = np.full(grid.shape, np.inf)
    for point in _places(points):
        box, away = _around(point, grid, radius)
        distance[box] = np.minimum(distance[box], away)
    return ramp(jnp.asarray(distance), radius)


def _places(points: Geometry) -> np.ndarray:
    """Every place once, (place, space), metres."""
    positions = np.asarray(points.positions)
    present = np.ones(positions.shape[:2], bool) if points.mask is None else np.asarray(points.mask)
    return np.unique(positions[present], axis=0)


def _around(point: np.ndarray, grid: Grid, radius: float) -> tuple[tuple[slice, ...], np.ndarray]:
    """The box of nodes within a radius of a point, and their distances to it."""
    box, squares = [], []
    for axis, x in zip(grid.axes, point, strict=True):
        nodes = grid.coordinates(axis)
        box.append(slice(*np.searchsorted(nodes, (x - radius, x + radius))))
        squares.append((nodes[box[-1]] - x) ** 2)
    return tuple(box), np.sqrt(sum(np.meshgrid(*squares, indexing="ij", sparse=True)))
