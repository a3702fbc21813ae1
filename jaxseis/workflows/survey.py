"""Sources and receivers of a survey section, inside a model."""

from typing import NamedTuple

import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import Geometry, TimeAxis
from jaxseis.grid import Grid
from jaxseis.workflows.config import Line, Survey


class Acquisition(NamedTuple):
    """Sources, receivers and the time axis of a recording."""

    sources: Geometry
    receivers: Geometry
    time: TimeAxis


def acquisition_of(survey: Survey, grid: Grid) -> Acquisition:
    """Where and when a survey records.

    Arguments:
        survey: lines of positions; two lines make a rectangle of points in three dimensions.
        grid: of the model. Receivers that move with the source are left out where they would be outside.

    Raises ValueError if the survey has not as many dimensions as the grid.

    ```python
    acquisition_of(survey, Grid((201, 101), 20.0)).receivers.points
    ```
    """
    sources = _points(survey.source_x_m, survey.source_y_m, survey.source_z_m)
    receivers = _points(survey.receiver_x_m, survey.receiver_y_m, survey.receiver_z_m)
    for name, points in (("source_y_m", sources), ("receiver_y_m", receivers)):
        if points.shape[1] != grid.ndim:
            raise _checks.fail(f"[survey] {name}", f"positions of {grid.ndim} coordinates", f"{points.shape[1]}")
    spread = _moving(sources, receivers, grid) if survey.moving else _spread(receivers)
    return Acquisition(_one_each(sources), spread, TimeAxis(survey.record_ms, survey.step_ms))


def _points(x: Line, y: Line | None, z: float) -> np.ndarray:
    """Points (point, space), x fastest."""
    lines = [np.linspace(*line) for line in (x, y) if line is not None]
    columns = [c.ravel() for c in np.meshgrid(*lines)]
    return np.stack([*columns, np.full(columns[0].shape, z)], axis=1)


def _named(points: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip("xyz" if points.shape[1] == 3 else "xz", points.T, strict=True))


def _one_each(points: np.ndarray) -> Geometry:
    return Geometry(**_named(points))


def _spread(points: np.ndarray) -> Geometry:
    return Geometry.spread(**_named(points))


def _moving(sources: np.ndarray, offsets: np.ndarray, grid: Grid) -> Geometry:
    horizontal = np.append(np.ones(grid.ndim - 1), 0)
    tables = [offsets + horizontal * source for source in sources]
    low, high = np.asarray(grid.origin), np.asarray(grid.origin) + grid.extent
    inside = [table[np.all((table >= low) & (table <= high), axis=1)] for table in tables]
    for number, table in enumerate(inside):
        if not len(table):
            raise _checks.fail("[survey] receiver_x_m", "receivers inside the model", f"none for source {number}")
    return Geometry.ragged(inside)
