"""Models in NumPy archives."""

import numpy as np
import pytest

from jaxseis.grid import Grid
from jaxseis.io.models import load_model, save_model

MODEL = {
    "vp": np.full((6, 4), 2.0),
    "rho": np.full((6, 4), 2.25, np.float16),
    "spacing": np.array([25.0, 12.5], np.float32),
    "origin": np.array([100.0, 0.0]),
}


def write(path, **changes):
    arrays = {name: array for name, array in {**MODEL, **changes}.items() if array is not None}
    np.savez(path, **arrays)
    return path


def test_grid_and_arrays_come_back(tmp_path):
    grid, arrays = load_model(write(tmp_path / "model.npz"))
    assert grid == Grid((6, 4), (25.0, 12.5), (100.0, 0.0))
    assert set(arrays) == {"vp", "rho"}
    assert {a.dtype for a in arrays.values()} == {np.dtype(np.float32)}
    assert arrays["rho"][0, 0] == 2.25


@pytest.mark.parametrize("name", ["spacing", "origin"])
def test_a_missing_array_is_named(tmp_path, name):
    path = write(tmp_path / "model.npz", **{name: None})
    with pytest.raises(ValueError, match=rf"model\.npz: expected an array named '{name}', got only \["):
        load_model(path)


def test_a_model_may_go_by_another_name(tmp_path):
    arrays = load_model(write(tmp_path / "model.npz", vp=None, rho=None, m=np.full((6, 4), 0.25)))[1]
    assert set(arrays) == {"m"}


def test_a_file_without_a_model(tmp_path):
    path = write(tmp_path / "model.npz", vp=None, rho=None)
    with pytest.raises(ValueError, match=r"at least one array on the grid, .*got only \['origin', 'spacing'\]"):
        load_model(path)


def test_an_array_of_another_shape_is_named(tmp_path):
    path = write(tmp_path / "model.npz", vs=np.ones((6, 5)))
    with pytest.raises(ValueError, match=r"'vs' of .*: expected shape \(6, 4\) \(x, z\), got shape \(6, 5\)"):
        load_model(path)


def test_only_what_is_named_is_read(tmp_path):
    path = write(tmp_path / "model.npz", history=np.ones(7))
    assert set(load_model(path, ["vp"])[1]) == {"vp"}
    with pytest.raises(ValueError, match=r"'history' of .*: expected shape \(6, 4\) .*got shape \(7,\)"):
        load_model(path)
    with pytest.raises(ValueError, match=r"expected an array named 'vs', got only \['history', 'rho', 'vp'\]"):
        load_model(path, "vs")


def test_names_of_the_geometry_are_taken(tmp_path):
    with pytest.raises(ValueError, match=r"arrays: expected names other than .*, got 'spacing'"):
        save_model(tmp_path / "model.npz", Grid((2, 2), 1.0), {"spacing": np.ones((2, 2))})


def test_overthrust(data_dir):
    grid, arrays = load_model(data_dir / "overthrust2d.npz")
    assert grid == Grid((401, 121), 25.0)
    assert set(arrays) == {"vp", "vp_smooth"}
    assert arrays["vp"].min() == pytest.approx(1.5, rel=1e-3)
    assert 5 < arrays["vp"].max() < 6.5
