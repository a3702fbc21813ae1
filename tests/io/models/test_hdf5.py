"""Models in HDF5: the axes of Julia and of NumPy."""

import sys

import numpy as np
import pytest

from jaxseis.grid import Grid
from jaxseis.io.models import load_model, save_model

h5py = pytest.importorskip("h5py")

SHAPE = (5, 3, 4)
M = np.arange(60, dtype=np.float32).reshape(SHAPE) / 100 + 0.1  # axes (x, y, z)


def by_julia(path, m, n=None, **others):
    """What JUDI leaves: nodes as whole numbers, the first axis of Julia last."""
    with h5py.File(path, "w", userblock_size=512) as file:  # Julia notes its name in front
        n = m.shape if n is None else n
        file["n"], file["d"], file["o"] = np.array(n), 12.5 * np.ones(len(n), np.float32), np.zeros(len(n), np.float32)
        file["m"] = np.asfortranarray(m).T
        file.create_group("_creator")["version"] = "0.1"
        for name, values in others.items():
            file[name] = values
    return path


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "model.jld"])
def test_a_file_of_judi(tmp_path, name):
    grid, arrays = load_model(by_julia(tmp_path / name, M, rho=2 * M.T))
    assert grid == Grid(SHAPE, 12.5)
    assert set(arrays) == {"m", "rho"}
    np.testing.assert_array_equal(arrays["m"], M)
    np.testing.assert_array_equal(arrays["rho"], 2 * M)


def test_the_order_of_numpy_is_told_by_n(tmp_path):
    path = by_julia(tmp_path / "model.h5", M.T, n=SHAPE)
    np.testing.assert_array_equal(load_model(path)[1]["m"], M)


def test_a_square_model_is_one_of_judi(tmp_path):
    square = np.arange(16.0, dtype=np.float32).reshape(4, 4)
    np.testing.assert_array_equal(load_model(by_julia(tmp_path / "model.h5", square))[1]["m"], square)


@pytest.mark.parametrize("shape", [(5, 4), (4, 4), SHAPE])
def test_julia_reads_what_is_written(tmp_path, shape):
    m = np.random.default_rng(0).random(shape, np.float32)
    save_model(tmp_path / "model.h5", Grid(shape, 12.5, 3.0), {"m": m})
    with h5py.File(tmp_path / "model.h5") as file:
        assert tuple(file["n"][()]) == shape
        assert np.issubdtype(file["n"].dtype, np.integer)
        np.testing.assert_array_equal(file["d"][()], 12.5)
        np.testing.assert_array_equal(file["o"][()], 3.0)
        assert file["m"].dtype == np.float32
        # Julia takes the bytes with the first axis fastest
        np.testing.assert_array_equal(file["m"][()].ravel().reshape(shape, order="F"), m)


@pytest.mark.parametrize("missing", ["n", "d", "o"])
def test_a_missing_dataset_is_named(tmp_path, missing):
    with h5py.File(by_julia(tmp_path / "model.h5", M), "a") as file:
        del file[missing]
    with pytest.raises(ValueError, match=rf"model\.h5: expected a dataset named '{missing}', got only \["):
        load_model(tmp_path / "model.h5")


def test_other_datasets_are_left_out_by_name(tmp_path):
    path = by_julia(tmp_path / "model.h5", M, history=np.ones(3))
    with pytest.raises(ValueError, match=r"'history' of .*: expected shape \(5, 3, 4\) \(x, y, z\), got shape \(3,\)"):
        load_model(path)
    assert set(load_model(path, "m")[1]) == {"m"}


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'jaxseis\[hdf5\]'"):
        load_model(tmp_path / "model.h5")
    with pytest.raises(ImportError, match=r"pip install 'jaxseis\[hdf5\]'"):
        save_model(tmp_path / "model.h5", Grid((2, 2), 1.0), {"m": np.ones((2, 2))})
    assert list(tmp_path.iterdir()) == []
