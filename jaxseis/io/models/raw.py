"""Raw binary: the numbers of one array and nothing else."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.io._atomic import atomic
from jaxseis.io.models._contents import single


@dataclass(frozen=True)
class RawLayout:
    """What a raw binary file does not say about itself.

    Arguments:
        shape: nodes along (x, z) or (x, y, z).
        spacing: distance between nodes along each axis, metres; one number for all axes.
        origin: position of the first node, metres; zero by default.
        dtype: NumPy's name of the numbers, "<f4" (little-endian, 4 bytes) by default.
        order: "C" for z fastest, "F" for x fastest.

    Raises ValueError for anything else.

    ```python
    layout = RawLayout(shape=(401, 121), spacing=25.0, dtype=">f4")
    grid, arrays = load_model("vp.bin", layout=layout)
    ```
    """

    shape: tuple[int, ...]
    spacing: Any
    origin: Any = ()
    dtype: str = "<f4"
    order: Literal["C", "F"] = "C"

    def __post_init__(self) -> None:
        _ = self.grid
        try:
            kind = np.dtype(self.dtype).kind
        except TypeError:
            kind = "unknown"
        if kind not in "iuf":
            raise _checks.fail("layout.dtype", 'the name of a type of real numbers, such as "<f4"', repr(self.dtype))
        if self.order not in ("C", "F"):
            raise _checks.fail("layout.order", '"C" (z fastest) or "F" (x fastest)', repr(self.order))

    @property
    def grid(self) -> Grid:
        """The grid of the array."""
        return Grid(self.shape, self.spacing, self.origin)

    def read(self, path: Path, names: tuple[str, ...] | None) -> tuple[Grid, dict[str, np.ndarray]]:
        """The array of a file of this layout, by the name given or as ``vp``."""
        expected = math.prod(self.grid.shape) * np.dtype(self.dtype).itemsize
        if path.stat().st_size != expected:
            counts = f"{' x '.join(map(str, self.grid.shape))} numbers of type {self.dtype}"
            raise _checks.fail(str(path), f"{expected} bytes ({counts})", f"{path.stat().st_size} bytes")
        values = np.fromfile(path, self.dtype).reshape(self.grid.shape, order=self.order)
        return self.grid, {single(path, names or ("vp",)): values}

    def write(self, path: Path, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
        """One array in this layout."""
        if grid != self.grid:
            raise _checks.fail("layout", f"that of {grid}", self.grid)
        if np.dtype(self.dtype).kind != "f":
            raise _checks.fail("layout.dtype", "fractions, to write a model", repr(self.dtype))
        values = arrays[single(path, arrays)].astype(self.dtype)
        with atomic(path) as temporary:
            temporary.write_bytes(values.tobytes(self.order))


def read(path: Path, names: tuple[str, ...] | None) -> tuple[Grid, dict[str, np.ndarray]]:
    """An error: nothing can be read without a layout."""
    raise _checks.fail("layout", f"a RawLayout, for {path} holds nothing but numbers", None)


def write(path: Path, grid: Grid, arrays: dict[str, np.ndarray]) -> None:
    """One array as little-endian 4-byte numbers, z fastest."""
    RawLayout(grid.shape, grid.spacing, grid.origin).write(path, grid, arrays)
