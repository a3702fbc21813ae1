"""Models and images as SEG-Y: one trace a column, its samples down the depth axis.

Depth stands where time does in records: a spacing of 25 m is an interval of 25 ms, the depth of the first node a delay.
Columns have their x and y in the CDP words.
"""

from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.file import SegyFile, open_segy
from jaxseis.io.segy.positions import METRES_PER_FOOT
from jaxseis.io.segy.writing import SegyFormat, TraceWriter, numbered, scaled_words


def write_section(path: Any, values: Any, grid: Grid, format: SegyFormat = SegyFormat(), text: str = "") -> None:  # noqa: B008
    """Write a model or an image to a SEG-Y file, whole or not at all.

    Arguments:
        path: the file.
        values: of the shape of the grid, axes (x, z) or (x, y, z).
        grid: two or three axes, metres: depths of whole millimetres apart, the first of whole metres.
        format: how it is written.
        text: textual header.

    Raises ValueError if shapes do not fit, or for a grid that the file cannot hold.

    ```python
    write_section("image.segy", np.zeros((201, 101)), Grid((201, 101), 25.0))
    ```
    """
    values = np.asarray(values)
    if grid.ndim < 2:
        raise _checks.fail("grid", "two axes (x, z) or three (x, y, z)", grid.axes)
    _checks.shape_is("values", values, grid.shape, grid.axes)
    top = grid.origin[-1]
    if top != round(top):
        raise _checks.fail("grid.origin", "a depth of whole metres for the first node", top)
    columns = np.meshgrid(*(grid.coordinates(axis) for axis in grid.axes[:-1]), indexing="ij")
    numbers = np.meshgrid(*(1 + np.arange(n) for n in grid.shape[:-1]), indexing="ij")
    x, y = (columns[0].ravel(), (columns[1] if grid.ndim == 3 else np.zeros_like(columns[0])).ravel())
    words = {
        "TraceIdentificationCode": 1,
        "CoordinateUnits": 1,
        "DelayRecordingTime": round(top),
        "CDP": 1 + np.arange(x.size),
        "INLINE_3D": (numbers[1] if grid.ndim == 3 else np.ones_like(numbers[0])).ravel(),
        "CROSSLINE_3D": numbers[0].ravel(),
        **scaled_words({"CDP_X": x, "CDP_Y": y}, "SourceGroupScalar"),
    }
    described = text or _default_text(grid)
    with TraceWriter(path, grid.shape[-1], 1000 * grid.spacing[-1], format, described) as out:
        out.write(values.reshape(-1, grid.shape[-1]), words)


def _default_text(grid: Grid) -> str:
    return numbered(
        "MODEL OR IMAGE WRITTEN BY JAXSEIS",
        f"NODES {' X '.join(map(str, grid.shape))}, SPACING {' X '.join(f'{h:g}' for h in grid.spacing)} M",
        "SAMPLES RUN DOWN IN DEPTH: INTERVAL IN MILLIMETRES, DELAY IN METRES",
        "X BYTES 181-184, Y BYTES 185-188, SCALAR 71",
    )


def read_section(path: Any, mode: str = "strict", assume: Assume = Assume()) -> tuple[Grid, np.ndarray]:  # noqa: B008
    """The grid and the values (x[, y], z) of a model or an image in a SEG-Y file.

    Columns are put where the CDP words say (the source's coordinates if those are zero), in any order; they
    must fill a regular grid along the axes.

    Arguments:
        path: a file or URL.
        mode, assume: as for :func:`open_segy`.

    Raises ValueError if the columns fill no regular grid, SegyError if the file cannot be read.

    ```python
    grid, values = read_section("image.segy")
    ```
    """
    with open_segy(path, mode, assume) as file:
        x, y = _columns(file)
        values, delays = file.traces(), file.header("DelayRecordingTime")
        if np.ptp(delays) > 0:
            listed = f"{delays.min():g} to {delays.max():g}"
            raise _checks.fail(str(path), "columns that begin at one depth (DelayRecordingTime)", listed)
        unit = METRES_PER_FOOT if file.layout.feet else 1.0
        top, spacing = unit * float(delays[0]), unit * file.layout.interval
    axes = [("x", *_axis("x", x)), *([("y", *_axis("y", y))] if np.ptp(y) > 0 else [])]
    shape = tuple(n for _, _, _, n in axes)
    if np.prod(shape) != len(x):
        raise _checks.fail(str(path), f"columns that fill a grid of {' x '.join(map(str, shape))}", f"{len(x)} columns")
    place = [np.rint((v - first) / step).astype(int) for v, (_, first, step, _) in zip((x, y), axes, strict=False)]
    out = np.full((*shape, values.shape[1]), np.nan, np.result_type(values.dtype, np.float32))
    out[tuple(place)] = values
    if np.isnan(out[..., 0]).any():
        raise _checks.fail(str(path), "one column at each place of the grid", "places with several, and with none")
    steps, firsts = (step for _, _, step, _ in axes), (first for _, first, _, _ in axes)
    return Grid(out.shape, (*steps, spacing), (*firsts, top)), out


def _columns(file: SegyFile) -> tuple[np.ndarray, np.ndarray]:
    of_midpoints, of_sources = ("CDP_X", "CDP_Y"), ("SourceX", "SourceY")
    early = file.layout.revision < (1, 0)  # has no words for midpoints, and anything in their bytes
    for words in (of_sources, of_midpoints) if early else (of_midpoints, of_sources):
        x, y = (file.header(w) for w in words)
        if np.any(x) or np.any(y):
            unit = METRES_PER_FOOT if file.layout.feet else 1.0
            return unit * x, unit * y
    raise _checks.fail(file.path, "positions of the columns in CDP_X and CDP_Y, or SourceX and SourceY", "zeros")


def _axis(name: str, values: np.ndarray) -> tuple[float, float, int]:
    """First coordinate, spacing and number of nodes along an axis."""
    nodes = np.unique(values)
    if nodes.size < 2:
        raise _checks.fail(name, "at least two different coordinates", nodes.size)
    steps = np.diff(nodes)
    if np.ptp(steps) > 1e-3 * steps.mean():
        raise _checks.fail(name, "equal spacing of columns along the axes", f"{steps.min():g} to {steps.max():g} m")
    return float(nodes[0]), float((nodes[-1] - nodes[0]) / (nodes.size - 1)), int(nodes.size)
