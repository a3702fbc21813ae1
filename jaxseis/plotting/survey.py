"""Maps of surveys."""

from typing import TYPE_CHECKING

import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES
from jaxseis.acquisition import Geometry
from jaxseis.plotting import _axes, _places

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"receivers": ("#2f5f93", "#a9c5e2"), "sources": ("#d62a1f", "#f5b3ac")}  # the second where they fill areas


def survey(
    sources: Geometry,
    receivers: Geometry,
    ax: "Axes | None" = None,
    *,
    most: int = 10_000,
    title: str | None = None,
) -> "Axes":
    """Draw where the sources and receivers of all shots are: seen from above, or x against depth in 2-D.

    Every place is a dot, however many shots use it, and the legend counts them. ``geometry`` marks a few of
    them on a model.

    Arguments:
        sources: positions of the sources, metres; drawn in kilometres.
        receivers: positions of the receivers, metres.
        ax: the axes to draw on; those of a new figure by default.
        most: of each, how many places are drawn one by one. More are thinned: one dot, at the mean position,
            for each cell of 1/200 of the picture; the legend then gives the size of the cell.
        title: a title, if any.

    Returns the axes. Raises ValueError if sources and receivers do not have the same coordinates, two or three.

    ```python
    x, y = (c.ravel() for c in np.meshgrid(np.arange(0.0, 5000.0, 50.0), np.arange(0.0, 3000.0, 300.0)))
    ax = survey(Geometry(x=2500.0, y=np.arange(0.0, 3000.0, 100.0), z=0.0), Geometry.spread(x=x, y=y, z=0.0))
    ```
    """
    _places.check_coordinates(sources, receivers)
    if sources.ndim == 1:
        raise _checks.fail("sources", "two or three coordinates", SPACE_AXES[1])
    found = {name: _seen(points, most) for name, points in (("receivers", receivers), ("sources", sources))}
    ax = _places.map_axes(np.concatenate([p.points for p in found.values()])) if ax is None else ax
    for name, drawn in sorted(found.items(), key=lambda item: -len(item[1].points)):  # the fewer on top
        _places.mark(ax, drawn, color=COLOURS[name][drawn.cell is not None], label=drawn.label(name), clip_on=False)
    if sources.ndim == 3:
        ax.set_aspect("equal", adjustable="datalim")
    elif not ax.yaxis_inverted():
        ax.invert_yaxis()
    _axes.legend_above(ax, columns=1)
    return _axes.label(ax, "x (km)", "y (km)" if sources.ndim == 3 else "depth (km)", title)


def _seen(geometry: Geometry, most: int) -> _places.Places:
    """The places in the first two coordinates, (x, y) or (x, z)."""
    positions, present = _places.positions(geometry)
    return _places.places(positions[present][:, :2], most)
