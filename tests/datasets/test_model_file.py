"""Reading models from NumPy archives."""

import numpy as np
import pytest

from jaxseis.datasets import load_model
from jaxseis.grid import Grid

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


@pytest.mark.parametrize("name", ["vp", "spacing", "origin"])
def test_a_missing_array_is_named(tmp_path, name):
    path = write(tmp_path / "model.npz", **{name: None})
    with pytest.raises(ValueError, match=rf"model\.npz: expected an array named '{name}', got only \["):
        load_model(path)


def test_an_array_of_another_shape_is_named(tmp_path):
    path = write(tmp_path / "model.npz", vs=np.ones((6, 5)))
    with pytest.raises(ValueError, match=r"'vs' of .*: expected shape \(6, 4\) \(x, z\), got shape \(6, 5\)"):
        load_model(path)


def test_overthrust(data_dir):
    grid, arrays = load_model(data_dir / "overthrust2d.npz")
    assert grid == Grid((401, 121), 25.0)
    assert set(arrays) == {"vp", "vp_smooth"}
    assert arrays["vp"].min() == pytest.approx(1.5, rel=1e-3)
    assert 5 < arrays["vp"].max() < 6.5
