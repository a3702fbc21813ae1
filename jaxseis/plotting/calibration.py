"""The error of posterior means against the posterior's spread."""

from typing import TYPE_CHECKING

import numpy as np

from jaxseis.inference.calibration import Calibration
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def calibration(
    found: Calibration,
    ax: "Axes | None" = None,
    *,
    unit: str = "",
    label: str | None = None,
    title: str | None = None,
) -> "Axes":
    """Draw real errors against predicted ones; again, on the same axes, for another curve.

    On the diagonal errors are as large as the spread says, above it the posterior is too narrow or off, below too wide.

    Arguments:
        found: from `jaxseis.inference.uncertainty_calibration`.
        ax: the axes to draw on; those of a new figure by default.
        unit: of both axes.
        label: name of the curve in the legend, which is drawn if there is one.
        title: a title, if any.

    Returns the axes.

    ```python
    spread = np.linspace(0.1, 1.0, 10)
    ax = calibration(Calibration(spread, 1.2 * spread, np.mean(0.44 * spread**2)), label="flow")
    ```
    """
    ax = _axes.new_axes(4.8, 4.8) if ax is None else ax
    if not ax.lines:
        ax.axline((0, 0), slope=1, color="0.45", linewidth=1.0)
    ax.plot(found.spread, found.error, marker="o", markersize=4, linewidth=1.5, label=label)
    _, *curves = ax.lines
    limit = 1.05 * max(np.asarray(line.get_data()).max() for line in curves)
    ax.set_xlim(0, limit)
    ax.set_ylim(0, limit)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(fontsize=_axes.TICK, frameon=False, loc="upper left")
    tail = f" ({unit})" if unit else ""
    return _axes.label(ax, f"predicted error{tail}", f"error of the posterior mean{tail}", title)
