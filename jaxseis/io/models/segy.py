"""One array as a SEG-Y section: one trace a column of the grid, depth in place of time."""

from pathlib import Path

import numpy as np

from jaxseis.grid import Grid
from jaxseis.io.models._contents import single


def read(path: Path, names: tuple[str, ...] | None) -> tuple[Grid, dict[str, np.ndarray]]:
    """The grid of a section and its values, by the name given or as ``vp``."""
    from jaxseis.io.segy import read_section

    grid, values = read_section(path)
    return grid, {single(path, names or ("vp",)): values}


def write(path: Path, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
    """A section of one array."""
    from jaxseis.io.segy import SegyFormat, write_section

    millimetres = 1000 * grid.spacing[-1]
    early = millimetres < 2**15 and millimetres == round(millimetres) and grid.shape[-1] < 2**15
    write_section(path, arrays[single(path, arrays)], grid, SegyFormat() if early else SegyFormat(revision=(2, 1)))
