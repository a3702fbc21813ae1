"""Sources against receivers."""

from typing import TYPE_CHECKING

import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES
from jaxseis.acquisition import Geometry
from jaxseis.plotting import _axes, _places

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def stacking_chart(
    sources: Geometry,
    receivers: Geometry,
    ax: "Axes | None" = None,
    *,
    axis: str = "x",
    most: int = 10_000,
    title: str | None = None,
) -> "Axes":
    """Draw a dot for every trace of a line: where its receiver is against where its source is.

    Rows are shots, columns are receivers, and diagonals have one offset: a moving spread is a band along the
    diagonal, a fixed one a rectangle. Gaps are traces that were not recorded.

    Arguments:
        sources: positions of the sources, metres; drawn in kilometres.
        receivers: positions of the receivers, metres.
        ax: the axes to draw on; those of a new figure by default.
        axis: the coordinate along which the line goes, ``"x"``, ``"y"`` or ``"z"``.
        most: how many traces are drawn one by one; more are thinned as in ``survey``.
        title: a title, if any.

    Returns the axes. Raises ValueError if sources and receivers have other coordinates or numbers of shots than
    each other, or ``axis`` is none of them.

    ```python
    x = np.arange(0.0, 5000.0, 100.0)
    ax = stacking_chart(Geometry(x=x, z=10.0), Geometry(x=x[:, None] + np.arange(100.0, 1100.0, 50.0), z=10.0))
    ```
    """
    drawn = _places.places(_traces(sources, receivers, axis), most)
    ax = _places.map_axes(drawn.points) if ax is None else ax
    _places.mark(ax, drawn, color="#4c78a8", label=drawn.label("traces"), clip_on=False)
    ax.set_aspect("equal", adjustable="datalim")
    _axes.legend_above(ax, columns=1)
    return _axes.label(ax, f"receiver {axis} (km)", f"source {axis} (km)", title)


def _traces(sources: Geometry, receivers: Geometry, axis: str) -> np.ndarray:
    """Receiver and source of every trace along one coordinate, (trace, 2)."""
    _places.check_coordinates(sources, receivers)
    axes = SPACE_AXES[sources.ndim]
    if axis not in axes:
        raise _checks.fail("axis", f"one of {axes}", repr(axis))
    if None not in (sources.shots, receivers.shots) and sources.shots != receivers.shots:
        raise _checks.fail("receivers", f"{sources.shots} shots, as the sources have", receivers.shots)
    (shot, fired), (spread, there) = _places.positions(sources), _places.positions(receivers)
    along = axes.index(axis)
    pairs = np.broadcast_arrays(spread[:, None, :, along], shot[:, :, None, along])
    return np.stack(pairs, axis=-1)[fired[:, :, None] & there[:, None, :]]
