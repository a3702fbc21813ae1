"""Where sources and receivers are."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis.acquisition import Geometry
from jaxseis.grid import Grid
from jaxseis.plotting import _axes, _section

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def geometry(
    sources: Geometry,
    receivers: Geometry,
    grid: Grid,
    ax: "Axes | None" = None,
    *,
    title: str | None = None,
) -> "Axes":
    """Mark sources (stars) and receivers (triangles) of all shots on a section.

    Arguments:
        sources: positions of the sources, metres.
        receivers: positions of the receivers, metres.
        grid: the grid of two axes; its metres are drawn as kilometres.
        ax: the axes to mark them on, such as those ``velocity`` returns; empty ones by default.
        title: a title, if any.

    Returns the axes. Raises ValueError if the grid has not two axes.

    ```python
    grid = Grid((201, 101), 25.0)
    sources = Geometry(x=jnp.linspace(500.0, 4500.0, 5), z=25.0)
    ax = geometry(sources, Geometry.spread(x=jnp.linspace(0.0, 5000.0, 101), z=50.0), grid)
    ```
    """
    ax = _section.section_axes(grid, ax)
    _mark(ax, receivers, "v", 26, facecolor="white", label="receivers")
    _mark(ax, sources, "*", 130, facecolor="#e6332a", label="sources")
    _axes.legend_above(ax)
    return _axes.label(ax, "x (km)", "depth (km)", title)


def _mark(ax: "Axes", points: Geometry, marker: str, size: float, **options: Any) -> None:
    """One marker for each place, smaller where there are many."""
    positions = np.asarray(points.positions)
    present = np.ones(positions.shape[:2], bool) if points.mask is None else np.asarray(points.mask)
    x, z = np.unique(positions[present], axis=0).T / 1000
    size = size * min(1.0, 60 / x.size)
    # Markers at the surface would be cut in half by the edge of the axes.
    ax.scatter(x, z, s=size, marker=marker, edgecolor="black", linewidth=0.5, clip_on=False, zorder=3, **options)
