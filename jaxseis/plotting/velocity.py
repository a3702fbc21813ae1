"""Images of velocity models."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis.grid import Grid
from jaxseis.plotting import _axes, _section

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def velocity(
    v: Any,
    grid: Grid,
    ax: "Axes | None" = None,
    *,
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
    label: str = "velocity (km/s)",
    title: str | None = None,
    colorbar: bool = True,
) -> "Axes":
    """Draw a model such as velocity or density as an image.

    Arguments:
        v: the model, ``grid.shape`` with axes (x, z), km/s.
        grid: the grid of two axes it lives on; its metres are drawn as kilometres.
        ax: the axes to draw on; those of a new figure by default.
        limits: smallest and largest value of the colours, km/s; those of ``v`` by default. Give both
            models of a comparison the same.
        cmap: name of a matplotlib colour map.
        label: what the colour bar says, with the unit.
        title: a title, if any.
        colorbar: whether to draw the colour bar.

    Returns the axes. Raises ValueError if the shape is not that of the grid, or the grid has not two axes.

    ```python
    grid = Grid((201, 101), 25.0)
    ax = velocity(np.full(grid.shape, 2.0), grid)
    ```
    """
    limits = limits or (float(np.min(v)), float(np.max(v)))
    ax, image = _section.section("v", v, grid, ax, limits, cmap)
    if colorbar:
        _axes.colorbar(ax, image, label)
    return _axes.label(ax, "x (km)", "depth (km)", title)
