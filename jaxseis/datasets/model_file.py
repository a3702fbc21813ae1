"""Models kept in NumPy archives (.npz)."""

from os import PathLike

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid

REQUIRED = ("vp", "spacing", "origin")


def load_model(path: str | PathLike[str]) -> tuple[Grid, dict[str, np.ndarray]]:
    """A grid and the arrays that live on it, read from a NumPy archive.

    Arguments:
        path: an ``.npz`` file with ``vp`` (km/s, axes (x, z) or (x, y, z)), ``spacing`` and ``origin``
            (metres, one number for each axis), and any other arrays of the shape of ``vp``, such as
            ``vp_smooth`` and ``vs`` (km/s) or ``rho`` (g/cm3).

    Returns the grid, and every array but ``spacing`` and ``origin`` by name, as float32.
    Raises ValueError naming an array that is missing or of another shape.

    ```python
    np.savez("model.npz", vp=np.full((201, 101), 2.0), spacing=(25.0, 25.0), origin=(0.0, 0.0))
    grid, arrays = load_model("model.npz")
    ```
    """
    with np.load(path) as archive:
        contents = {name: archive[name] for name in archive.files}
    for name in REQUIRED:
        if name not in contents:
            raise _checks.fail(str(path), f"an array named '{name}'", f"only {sorted(contents)}")
    spacing, origin = (tuple(np.ravel(contents.pop(name))) for name in ("spacing", "origin"))
    grid = Grid(contents["vp"].shape, spacing, origin)
    for name, array in contents.items():
        _checks.shape_is(f"'{name}' of {path}", array, grid.shape, grid.axes)
    return grid, {name: array.astype(np.float32) for name, array in contents.items()}
