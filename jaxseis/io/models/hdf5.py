"""HDF5 in the layout of JUDI: datasets ``n`` (nodes), ``d`` and ``o`` (spacing and origin, m), and the arrays.

JUDI is written in Julia, which lays arrays out with the first axis fastest: its (x[, y], z) is a dataset of
shape (z[, y], x). ``n`` tells that order from the order of NumPy, except where it reads alike forwards and
backwards; such a file is taken as one of JUDI's.
"""

from pathlib import Path
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.io._atomic import atomic
from jaxseis.io.models._contents import chosen, reserved

GEOMETRY = ("n", "d", "o")


def read(path: Path, names: tuple[str, ...] | None) -> tuple[Grid, dict[str, np.ndarray]]:
    """The grid of a file and its datasets, all or those that are named."""
    h5py = _h5py()
    with h5py.File(path, "r") as file:
        # Groups hold what other programs note about themselves
        datasets = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        for name in GEOMETRY:
            if name not in datasets:
                raise _checks.fail(str(path), f"a dataset named '{name}'", f"only {sorted(datasets)}")
        n, d, o = (tuple(np.ravel(datasets[name][()])) for name in GEOMETRY)
        grid = Grid(n, d, o)
        wanted = chosen(path, datasets, GEOMETRY, names)
        return grid, {name: _oriented(datasets[name][()], grid.shape) for name in wanted}


def write(path: Path, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
    """A file as JUDI would have written it."""
    reserved(arrays, GEOMETRY)
    with atomic(path) as temporary, _h5py().File(temporary, "w") as file:
        for name, values in zip(GEOMETRY, (grid.shape, grid.spacing, grid.origin), strict=True):
            file[name] = values
        for name, values in arrays.items():
            file[name] = values.T


def _oriented(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Axes (x[, y], z), whichever way round they are stored."""
    values = np.asarray(values)
    return values.T if values.shape == shape[::-1] else values


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError("HDF5 files need h5py: pip install 'jaxseis[hdf5]'") from error
    return h5py
