"""A model and its grid, read from and written to the format that the name of the file ends in."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.io.models import hdf5, npz, raw, segy
from jaxseis.io.models._velocity_unit import in_km_per_s
from jaxseis.io.models.raw import RawLayout

FORMATS: dict[str, Any] = {
    ".npz": npz,
    ".h5": hdf5,
    ".hdf5": hdf5,
    ".jld": hdf5,
    ".sgy": segy,
    ".segy": segy,
    ".bin": raw,
    ".raw": raw,
}
"""By the end of a file's name: what has ``read(path, names)`` and ``write(path, grid, arrays)``."""


def load_model(
    path: str | PathLike[str],
    names: Sequence[str] | str | None = None,
    *,
    layout: RawLayout | None = None,
    velocity_unit: str = "km/s",
) -> tuple[Grid, dict[str, np.ndarray]]:
    """A grid and the arrays that live on it, read from a file.

    | name of the file | what is in it |
    |---|---|
    | ``.npz`` | ``spacing`` and ``origin`` (metres, one number for each axis) and arrays such as ``vp``, ``rho`` |
    | ``.h5``, ``.hdf5``, ``.jld`` | JUDI's layout: ``n``, ``d``, ``o`` and arrays such as ``m`` (s^2/km^2), ``rho`` |
    | ``.sgy``, ``.segy`` | one array, one trace for each column of the grid |
    | ``.bin``, ``.raw`` | the numbers of one array: needs ``layout`` |

    Arrays have axes (x[, y], z). HDF5 files hold them in the reversed order of Julia, or in the order of NumPy if
    ``n`` says so; where ``n`` reads alike both ways, in that of Julia.

    Arguments:
        path: the file.
        names: of the arrays to read; by default all. The one array of a SEG-Y or raw file, which has no name
            there, goes by the name given here; by default ``vp``.
        layout: what a raw file does not say; with one, the file may have any name.
        velocity_unit: "km/s" or "m/s", the unit in the file of every array with the name of a velocity (``v``,
            ``vp``, ``vs``, ``velocity``, also followed by a number or by ``_`` and a word). Those in "m/s" are
            divided by 1000, and nothing else is converted.

    Returns the grid, and the arrays by name, as float32.
    Raises ValueError for an unknown ending, a missing array, arrays of different shapes, and velocities that
    look like another unit; ImportError naming what to install for HDF5 without h5py.

    ```python
    np.savez("model.npz", vp=np.full((201, 101), 2.0), spacing=(25.0, 25.0), origin=(0.0, 0.0))
    grid, arrays = load_model("model.npz")
    ```
    """
    path = Path(path)
    names = (names,) if isinstance(names, str) else tuple(names) if names else None
    grid, arrays = _format(path, layout).read(path, names)
    arrays = _checked(f" of {path}", grid, arrays)
    return grid, {name: in_km_per_s(f"'{name}' of {path}", name, a, velocity_unit) for name, a in arrays.items()}


def save_model(
    path: str | PathLike[str], grid: Grid, arrays: Mapping[str, Any], *, layout: RawLayout | None = None
) -> None:
    """Write a grid and the arrays that live on it, so that ``load_model`` gives them back as float32.

    The file takes its name when it is complete: an error or a killed process leaves no half file.

    Arguments:
        path: the file; its ending chooses the format, see ``load_model``. Names are kept: JUDI expects the squared
            slowness as ``m``. SEG-Y and raw files hold one array.
        grid: the grid.
        arrays: by name, of the shape of the grid; velocities in km/s.
        layout: of a raw file; by default little-endian 4-byte numbers, z fastest.

    Raises ValueError for an unknown ending, arrays that are not on the grid, and velocities that look like m/s.

    ```python
    grid = Grid(shape=(201, 101), spacing=25.0)
    save_model("model.npz", grid, {"vp": np.full(grid.shape, 2.0), "rho": np.full(grid.shape, 2.2)})
    ```
    """
    path = Path(path)
    if not arrays:
        raise _checks.fail("arrays", "at least one array on the grid", "none")
    checked = _checked("", grid, arrays)
    for name, values in checked.items():
        in_km_per_s(f"'{name}'", name, values, "km/s")
    _format(path, layout).write(path, grid, checked)


def _format(path: Path, layout: RawLayout | None) -> Any:
    """What reads and writes files of this name."""
    found = FORMATS.get(path.suffix.lower())
    if layout is not None and found in (None, raw):
        return layout
    if found is None:
        raise _checks.fail(
            "path", f"a name ending in {', '.join(FORMATS)}", path, "Raw binary of another name needs a layout."
        )
    if layout is not None:
        raise _checks.fail("layout", f"None, for {path} says by itself what it holds", layout)
    return found


def _checked(where: str, grid: Grid, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays as float32, or an error naming the first that is not one of real numbers on the grid."""
    checked = {}
    for name, values in arrays.items():
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise _checks.fail(f"'{name}'{where}", "real numbers", f"type {array.dtype}")
        _checks.shape_is(f"'{name}'{where}", array, grid.shape, grid.axes)
        checked[name] = np.ascontiguousarray(array, np.float32)
    return checked
