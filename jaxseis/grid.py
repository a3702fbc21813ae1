"""The grid on which model parameters live."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES


@jax.tree_util.register_static
@dataclass(frozen=True)
class Grid:
    """A regular grid: node ``i`` of an axis lies at ``origin + i * spacing``.

    Arguments:
        shape: nodes along (x, z) or (x, y, z); (z,) in one dimension.
        spacing: distance between nodes along each axis, metres; one number for all axes.
        origin: position of the first node, metres; zero by default.

    A grid is static: it has no array leaves, is hashable and compares by value.
    Raises ValueError if an axis has fewer than two nodes, or lengths disagree.

    ```python
    grid = Grid(shape=(401, 121), spacing=(25.0, 25.0))
    grid.extent  # (10000.0, 3000.0)
    ```
    """

    shape: tuple[int, ...]
    spacing: Any
    origin: Any = ()

    def __post_init__(self) -> None:
        if np.ndim(self.shape) != 1:
            raise _checks.fail("grid.shape", "1, 2 or 3 numbers of nodes, (x[, y], z)", self.shape)
        shape = tuple(_checks.whole("grid.shape", n, 0) for n in self.shape)
        if len(shape) not in SPACE_AXES:
            raise _checks.fail("grid.shape", "1, 2 or 3 axes, (x[, y], z)", self.shape)
        if min(shape) < 2:
            raise _checks.fail("grid.shape", "at least two nodes along each axis", self.shape)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "spacing", self._per_axis("spacing", self.spacing))
        object.__setattr__(self, "origin", self._per_axis("origin", self.origin if np.size(self.origin) else 0.0))
        _checks.finite("grid.origin", self.origin)
        for name, step in zip(self.axes, self.spacing, strict=True):
            _checks.positive(f"grid.spacing along {name}", step, "metres")

    def _per_axis(self, name: str, values: Any) -> tuple[float, ...]:
        array = np.broadcast_to(np.asarray(values, float), (len(self.shape),)) if np.ndim(values) == 0 else values
        if len(array) != len(self.shape):
            raise _checks.fail(f"grid.{name}", f"{len(self.shape)} numbers, one per axis", values)
        return tuple(float(v) for v in array)

    @property
    def ndim(self) -> int:
        """Number of space axes."""
        return len(self.shape)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the space axes, in array order."""
        return SPACE_AXES[self.ndim]

    @property
    def extent(self) -> tuple[float, ...]:
        """Distance from the first to the last node along each axis, metres."""
        return tuple((n - 1) * h for n, h in zip(self.shape, self.spacing, strict=True))

    def coordinates(self, axis: str) -> np.ndarray:
        """Positions of the nodes along the named axis, metres."""
        i = self.axes.index(axis)
        return self.origin[i] + self.spacing[i] * np.arange(self.shape[i])


def edge_slack(origin: float, spacing: float, nodes: int, dtype: Any) -> float:
    """Cells by which a position on the edge of the grid may lie outside by rounding."""
    farthest = max(abs(origin), abs(origin + (nodes - 1) * spacing))
    return max(1e-6, 4 * float(np.finfo(dtype).eps) * farthest / spacing)
