"""A vertical section of a model as an image, in kilometres, depth down."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ELONGATED = 6.0  # beyond this, one scale for both directions leaves a ribbon nobody can read


def section_axes(grid: Grid, ax: "Axes | None") -> "Axes":
    """The axes a section of ``grid`` is drawn on, limits and aspect set."""
    if grid.ndim != 2:
        raise _checks.fail("grid", "two axes (x, z)", grid.axes, "Draw a section: values[:, j, :] on its own grid.")
    ratio = grid.extent[0] / grid.extent[1]
    in_proportion = 1 / MOST_ELONGATED < ratio < MOST_ELONGATED
    if ax is None:
        ax = _axes.new_axes(8.0, float(np.clip(6.5 / ratio, 2.0, 7.0)) + 0.8)
    (left, top), (width, depth) = grid.origin, grid.extent
    ax.set_xlim(left / 1000, (left + width) / 1000)
    ax.set_ylim((top + depth) / 1000, top / 1000)
    ax.set_aspect("equal" if in_proportion else "auto")
    return ax


def section(
    name: str, values: Any, grid: Grid, ax: "Axes | None", limits: tuple[float, float], cmap: str
) -> tuple["Axes", Any]:
    """The image of ``values`` (x, z) with cells centred on the nodes; the axes and the image."""
    values = np.asarray(values, float)
    _checks.shape_is(name, values, grid.shape, grid.axes)
    ax = section_axes(grid, ax)
    half = np.asarray(grid.spacing) / 2
    low, high = np.asarray(grid.origin) - half, np.asarray(grid.origin) + grid.extent + half
    extent = tuple(np.array([low[0], high[0], high[1], low[1]]) / 1000)
    frame = ax.get_xlim(), ax.get_ylim(), ax.get_aspect()
    image = ax.imshow(values.T, extent=extent, vmin=limits[0], vmax=limits[1], cmap=cmap, aspect=frame[2])
    # imshow widens the axes to whole cells; the outer nodes are the edges of the model.
    ax.set_xlim(frame[0])
    ax.set_ylim(frame[1])
    return ax, image
