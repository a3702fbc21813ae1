"""Where and when: the time axis of a recording, and the positions of sources and receivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import Grid, edge_slack


@jax.tree_util.register_static
@dataclass(frozen=True)
class TimeAxis:
    """Samples ``0, step, 2 step, ...`` up to and including ``duration`` (milliseconds).

    Raises ValueError if either is not positive or if fewer than two samples fit.

    ```python
    TimeAxis(duration=4000.0, step=4.0).size  # 1001
    ```
    """

    duration: float
    step: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", _checks.positive("time.step", self.step, "milliseconds"))
        object.__setattr__(self, "duration", _checks.positive("time.duration", self.duration, "milliseconds"))
        if self.size < 2:
            raise _checks.fail(
                "time",
                "at least two samples",
                f"duration {self.duration} ms with step {self.step} ms",
                "Times are in milliseconds: seconds(2.0) gives 2000.0.",
            )

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(np.floor(self.duration / self.step * (1 + 1e-12) + 1e-9)) + 1

    @property
    def values(self) -> np.ndarray:
        """Times of the samples, milliseconds."""
        return self.step * np.arange(self.size)


class Geometry(eqx.Module):
    """Positions of sources or receivers, for every shot.

    ``Geometry(x=..., z=...)`` has one entry a shot: a vector of length ``shots`` (one point in
    each), or an array ``(shots, points)`` (several simultaneous points in each). Numbers broadcast.
    ``Geometry.spread(x=..., z=...)`` is one table of points shared by all shots, and
    ``Geometry.ragged([...])`` a table of its own, of any length, for each shot.

    Attributes:
        positions: ``(shots or 1, points, space)``, metres, columns in the order (x[, y], z).
        mask: ``(shots or 1, points)``, False where a ragged table was padded; None if no padding.
        shared: whether all shots use the one table.

    Raises ValueError if coordinates do not broadcast together or are not finite.

    ```python
    sources = Geometry(x=jnp.linspace(500.0, 9500.0, 16), z=25.0)           # 16 shots
    receivers = Geometry.spread(x=jnp.linspace(0.0, 10000.0, 401), z=50.0)  # 401 traces in each
    ```
    """

    positions: Array
    mask: Array | None
    shared: bool = eqx.field(static=True)

    def __init__(self, *, x: Any = None, y: Any = None, z: Any = None):
        table = _table(x, y, z)
        if table.ndim > 3:
            raise _checks.fail("geometry", "coordinates of shape (shots,) or (shots, points)", table.shape[:-1])
        table = table.reshape((1,) * (2 - table.ndim) + table.shape) if table.ndim < 2 else table
        self.positions = table if table.ndim == 3 else table[:, None, :]
        self.mask = None
        self.shared = False

    @staticmethod
    def _make(positions: Array, mask: Array | None, shared: bool) -> "Geometry":
        self = object.__new__(Geometry)
        for name, value in (("positions", positions), ("mask", mask), ("shared", shared)):
            object.__setattr__(self, name, value)
        return self

    @staticmethod
    def spread(*, x: Any = None, y: Any = None, z: Any = None) -> "Geometry":
        """One table of points, ``(points,)`` in each coordinate, used by every shot."""
        table = _table(x, y, z)
        if table.ndim > 2:
            raise _checks.fail("geometry", "coordinates of shape (points,)", table.shape[:-1])
        return Geometry._make(jnp.atleast_2d(table)[None], None, True)

    @staticmethod
    def ragged(tables: Sequence[Any]) -> "Geometry":
        """A table ``(points of this shot, space)`` for each shot; shorter ones are padded and masked."""
        rows = [np.atleast_2d(np.asarray(t, float)) for t in tables]
        if not rows or len({r.shape[1] for r in rows}) != 1 or min(len(r) for r in rows) == 0:
            raise _checks.fail("tables", "one non-empty (points, space) array per shot", [r.shape for r in rows])
        for row in rows:
            _checks.finite("tables", row)
        longest = max(len(r) for r in rows)
        padded = np.stack([np.concatenate([r, np.repeat(r[:1], longest - len(r), 0)]) for r in rows])
        mask = np.arange(longest)[None] < np.array([len(r) for r in rows])[:, None]
        return Geometry._make(jnp.asarray(padded), None if mask.all() else jnp.asarray(mask), False)

    @staticmethod
    def padded(positions: Any, mask: Any) -> "Geometry":
        """Tables ``(shots, points, space)`` of one length; ``mask (shots, points)`` is False where there is padding."""
        _checks.finite("positions", positions)
        _checks.shape_is("mask", mask, np.shape(positions)[:2], ("shot", "point"))
        mask = np.asarray(mask, bool)
        if not mask.any(axis=1).all():
            raise _checks.fail("mask", "at least one point in each shot", f"none in shot {int(np.argmin(mask.any(1)))}")
        return Geometry._make(jnp.asarray(positions, dtype=float), None if mask.all() else jnp.asarray(mask), False)

    def __getitem__(self, shots: Any) -> "Geometry":
        """The geometry of the selected shots; a shared spread stays what it is."""
        if self.shared:
            return self
        pick = keep_axis(shots, self.positions.shape[0])
        return Geometry._make(self.positions[pick], None if self.mask is None else self.mask[pick], False)

    @property
    def shots(self) -> int | None:
        """Number of shots, or None for a shared spread, which fits any number."""
        return None if self.shared else self.positions.shape[0]

    @property
    def points(self) -> int:
        """Points in each shot, padding included."""
        return self.positions.shape[1]

    @property
    def ndim(self) -> int:
        """Number of space coordinates."""
        return self.positions.shape[2]


def _table(x: Any, y: Any, z: Any) -> Array:
    given = {name: jnp.asarray(v, dtype=float) for name, v in (("x", x), ("y", y), ("z", z)) if v is not None}
    if "z" not in given:
        raise _checks.fail("geometry", "coordinates x[, y] and z", f"only {sorted(given) or 'nothing'}")
    try:
        columns = jnp.broadcast_arrays(*given.values())
    except ValueError as error:
        shapes = {name: v.shape for name, v in given.items()}
        raise _checks.fail("geometry", "coordinates that broadcast together", shapes) from error
    for name, column in given.items():
        _checks.when_concrete(lambda c, n=name: _checks.finite(f"geometry.{n}", c), column)
    return jnp.stack(columns, axis=-1)


def keep_axis(shots: Any, count: int) -> Any:
    """A selection of ``count`` shots as an index that keeps the shot axis: ``3`` becomes ``[3]``.

    Raises IndexError for shots that do not exist, which ends a ``for`` loop too, and ValueError for none
    at all. JAX would take the last one instead.
    """
    index = np.arange(count)[shots] if isinstance(shots, slice) else jnp.atleast_1d(jnp.asarray(shots))
    if index.size == 0:
        raise _checks.fail("shots", "at least one", f"an empty selection, {shots!r}")
    _checks.when_concrete(lambda i: _check_shots(i, count), index)
    return index


def _check_shots(index: Any, count: int) -> None:
    values = np.asarray(index)
    if values.dtype == bool:
        if values.shape != (count,):
            raise IndexError(f"shots: expected a mask of {count} shots, got shape {values.shape}.")
    elif np.any((values < -count) | (values >= count)):
        outside = values[(values < -count) | (values >= count)][0]
        raise IndexError(f"shots: expected numbers from 0 to {count - 1}, got {outside}.")


def check_inside(name: str, geometry: Geometry, grid: Grid) -> None:
    """An error that lists the points of ``geometry`` lying outside ``grid`` (concrete positions)."""
    positions = np.asarray(geometry.positions, float)
    low = np.asarray(grid.origin)
    high = low + np.asarray(grid.extent)
    axes = zip(grid.origin, grid.spacing, grid.shape, strict=True)
    slack = np.array([h * edge_slack(o, h, n, geometry.positions.dtype) for o, h, n in axes])
    outside = np.any((positions < low - slack) | (positions > high + slack), axis=-1)
    if geometry.mask is not None:
        outside &= np.asarray(geometry.mask)
    if outside.any():
        listed = [
            f"shot {s} point {p} at ({', '.join(f'{v:g}' for v in positions[s, p])}) m"
            for s, p in np.argwhere(outside)[:5]
        ]
        more = f" and {int(outside.sum()) - 5} more" if outside.sum() > 5 else ""
        box = " x ".join(f"[{a:g}, {b:g}]" for a, b in zip(low, high, strict=True))
        raise _checks.fail(name, f"positions inside the grid {box} m", "; ".join(listed) + more)
