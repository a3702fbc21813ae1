"""Many points made ready to draw: each place once, and one for each small cell where there are too many."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import Geometry
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS = 200  # along the longer side of a thinned picture
TOUCHING = 12.0  # points^2: markers of neighbouring cells overlap, so that rounding to pixels leaves no pattern


class Places(NamedTuple):
    """Points (place, 2) to draw, metres, how many there are in truth, and the cell that has one of them."""

    points: np.ndarray
    count: int
    cell: float | None

    def label(self, name: str) -> str:
        """What a legend says: how many there are, and how many of them are drawn."""
        thinning = "" if self.cell is None else f", one dot every {float(f'{self.cell:.2g}'):,g} m"
        return f"{self.count:,} {name}{thinning}"


def places(points: np.ndarray, most: int) -> Places:
    """Every place once; if that is more than ``most``, the mean of those in each cell."""
    distinct = np.unique(points[:, 0] + 1j * points[:, 1])  # a sort of numbers is much faster than one of rows
    points = np.stack([distinct.real, distinct.imag], axis=1)
    if len(points) <= most:
        return Places(points, len(points), None)
    low, cell = points.min(axis=0), float(np.ptp(points, axis=0).max()) / CELLS
    along, across = np.floor((points - low) / cell).astype(int).T
    _, of_point, shared = np.unique(along * (CELLS + 1) + across, return_inverse=True, return_counts=True)
    means = [np.bincount(of_point, values) / shared for values in points.T]
    return Places(np.stack(means, axis=1), len(points), cell)


def positions(geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Positions (shot or 1, point, space), metres, and which of them are there."""
    values = np.asarray(geometry.positions, float)
    return values, np.ones(values.shape[:2], bool) if geometry.mask is None else np.asarray(geometry.mask)


def check_coordinates(sources: Geometry, receivers: Geometry) -> None:
    """An error unless both have the same coordinates."""
    if receivers.ndim != sources.ndim:
        raise _checks.fail("receivers", f"{sources.ndim} coordinates, as the sources have", receivers.ndim)


def mark(ax: "Axes", drawn: Places, **options: Any) -> None:
    """Dots in kilometres, smaller where there are many."""
    size = float(np.clip(4000 / len(drawn.points), 2.0, 16.0)) if drawn.cell is None else TOUCHING
    # One image instead of thousands of paths in a file of vectors
    ax.scatter(*drawn.points.T / 1000, s=size, linewidth=0, rasterized=True, **options)


def map_axes(points: np.ndarray) -> "Axes":
    """New axes with room for points (place, 2) in one scale."""
    width, height = np.maximum(np.ptp(points, axis=0), 1e-9)
    return _axes.new_axes(7.0, float(np.clip(6.0 * height / width, 2.5, 7.0)) + 0.8)
