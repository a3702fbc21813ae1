"""NumPy archives: the arrays by name, ``spacing`` and ``origin``."""

from pathlib import Path

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.io._atomic import atomic
from jaxseis.io.models._contents import chosen, reserved

GEOMETRY = ("spacing", "origin")


def read(path: Path, names: tuple[str, ...] | None) -> tuple[Grid, dict[str, np.ndarray]]:
    """The grid of an archive and its arrays, all or those that are named."""
    with np.load(path) as archive:
        for name in GEOMETRY:
            if name not in archive.files:
                raise _checks.fail(str(path), f"an array named '{name}'", f"only {sorted(archive.files)}")
        spacing, origin = (tuple(np.ravel(archive[name])) for name in GEOMETRY)
        arrays = {name: archive[name] for name in chosen(path, archive.files, GEOMETRY, names)}
    shape = arrays.get("vp", next(iter(arrays.values()))).shape
    return Grid(shape, spacing, origin), arrays


def write(path: Path, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
    """An archive without compression: models hardly shrink, and mapped files stay possible."""
    reserved(arrays, GEOMETRY)
    with atomic(path) as temporary, temporary.open("wb") as file:  # under a bare name, savez would append .npz
        np.savez(file, allow_pickle=False, spacing=grid.spacing, origin=grid.origin, **arrays)
