import numpy as np
import pytest

import jaxseis as js
from jaxseis import io
from jaxseis.io.segy.writing import TraceWriter


@pytest.mark.parametrize(
    "grid",
    [
        js.Grid((21, 11), (25.0, 10.0), (1000.0, 0.0)),
        js.Grid((7, 5, 11), (12.5, 20.0, 2.5), (1000.0, 500.0, -100.0)),
    ],
)
@pytest.mark.parametrize("fmt", [io.SegyFormat(), io.SegyFormat(5, (2, 1), "little", "ascii")])
def test_round_trip(tmp_path, grid, fmt):
    values = np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)
    io.write_section(tmp_path / "a.segy", values, grid, fmt)
    back, read = io.read_section(tmp_path / "a.segy")
    assert back == grid
    np.testing.assert_array_equal(read, values)


def test_columns_in_any_order(tmp_path):
    x, y = np.meshgrid(np.arange(4) * 25, np.arange(3) * 50, indexing="ij")
    order = np.random.default_rng(0).permutation(12)
    values = np.arange(12 * 5).reshape(12, 5).astype(np.float32)
    with TraceWriter(tmp_path / "a.segy", 5, 10_000, io.SegyFormat(), "") as out:
        out.write(values[order], {"CDP_X": x.ravel()[order], "CDP_Y": y.ravel()[order]})
    grid, read = io.read_section(tmp_path / "a.segy")
    assert grid == js.Grid((4, 3, 5), (25.0, 50.0, 10.0))
    np.testing.assert_array_equal(read, values.reshape(4, 3, 5))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0, 0, 0], [0, 0, 0], "zeros"),
        ([0, 10, 25], [1, 1, 1], "equal spacing"),
        ([0, 10, 10], [0, 0, 10], "columns that fill a grid of 2 x 2"),
        ([0, 10, 10, 0], [0, 0, 10, 0], "one column at each place"),
    ],
)
def test_columns_that_are_no_grid(tmp_path, x, y, message):
    with TraceWriter(tmp_path / "a.segy", 5, 10_000, io.SegyFormat(), "") as out:
        out.write(np.ones((len(x), 5)), {"CDP_X": x, "CDP_Y": y})
    with pytest.raises(ValueError, match=message):
        io.read_section(tmp_path / "a.segy")


def test_feet_and_depths_of_columns(tmp_path):
    words = {"CDP_X": [0, 100, 200], "DelayRecordingTime": 10}
    with TraceWriter(tmp_path / "feet.segy", 5, 10_000, io.SegyFormat(), "", {3255: 2}) as out:
        out.write(np.ones((3, 5)), words)
    grid, _ = io.read_section(tmp_path / "feet.segy")
    np.testing.assert_allclose((*grid.spacing, *grid.origin), (30.48, 3.048, 0.0, 3.048))
    with TraceWriter(tmp_path / "uneven.segy", 5, 10_000, io.SegyFormat(), "") as out:
        out.write(np.ones((3, 5)), words | {"DelayRecordingTime": [0, 10, 20]})
    with pytest.raises(ValueError, match="begin at one depth"):
        io.read_section(tmp_path / "uneven.segy")


def test_bytes_that_revision_zero_does_not_assign(tmp_path):
    with TraceWriter(tmp_path / "a.segy", 5, 10_000, io.SegyFormat(revision=(0, 0)), "") as out:
        out.write(np.ones((3, 5)), {"CDP_X": [9, 4, 77], "SourceX": [0, 100, 200]})
    assert io.read_section(tmp_path / "a.segy")[0].spacing == (100.0, 10.0)


def test_wide_spacings_take_the_revision_that_holds_them(tmp_path):
    grid = js.Grid((5, 6), 50.0)
    io.save_model(tmp_path / "a.segy", grid, {"vp": np.full(grid.shape, 2.0, np.float32)})
    assert io.load_model(tmp_path / "a.segy")[0] == grid


def test_grids_that_a_file_cannot_hold(tmp_path):
    with pytest.raises(ValueError, match="two axes"):
        io.write_section(tmp_path / "a", np.ones(5), js.Grid((5,), 10.0))
    with pytest.raises(ValueError, match="whole metres"):
        io.write_section(tmp_path / "a", np.ones((5, 5)), js.Grid((5, 5), 10.0, (0.0, 2.5)))
    with pytest.raises(ValueError, match="shape"):
        io.write_section(tmp_path / "a", np.ones((5, 4)), js.Grid((5, 5), 10.0))
