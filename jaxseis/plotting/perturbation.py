"""Images of model perturbations, gradients and migrated sections."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis.grid import Grid
from jaxseis.plotting import _axes, _section

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def perturbation(
    dm: Any,
    grid: Grid,
    ax: "Axes | None" = None,
    *,
    clip: float = 99.0,
    cmap: str = "gray",
    label: str = "squared slowness (s²/km²)",
    title: str | None = None,
    colorbar: bool = True,
) -> "Axes":
    """Draw a quantity of either sign, with colours symmetric about zero.

    Arguments:
        dm: the perturbation, gradient or image, ``grid.shape`` with axes (x, z).
        grid: the grid of two axes it lives on; its metres are drawn as kilometres.
        ax: the axes to draw on; those of a new figure by default.
        clip: percentile of the absolute values at which the colours saturate.
        cmap: ``"gray"`` for reflectivity, or a diverging map such as ``"RdBu_r"`` for model updates.
        label: what the colour bar says, with the unit.
        title: a title, if any.
        colorbar: whether to draw the colour bar.

    Returns the axes. Raises ValueError if the shape is not that of the grid, or ``clip`` no percentile.

    ```python
    grid = Grid((201, 101), 25.0)
    ax = perturbation(np.random.default_rng(0).normal(size=grid.shape), grid, cmap="RdBu_r")
    ```
    """
    limit = _axes.amplitude(np.asarray(dm), clip)
    ax, image = _section.section("dm", dm, grid, ax, (-limit, limit), cmap)
    if colorbar:
        _axes.colorbar(ax, image, label, extend="both" if clip < 100 else "neither")
    return _axes.label(ax, "x (km)", "depth (km)", title)
