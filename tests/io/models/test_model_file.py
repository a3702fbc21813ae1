"""What all formats of models share."""

import numpy as np
import pytest

from jaxseis.grid import Grid
from jaxseis.io.models import RawLayout, load_model, save_model
from jaxseis.io.models.model_file import FORMATS

GRID = Grid((6, 4), (25.0, 12.5), (100.0, 0.0))
VP = np.random.default_rng(0).uniform(1.5, 4.5, GRID.shape).astype(np.float32)


@pytest.mark.parametrize("ending", [*FORMATS, ".NPZ"])
@pytest.mark.parametrize("grid", [GRID, Grid((3, 5, 4), 20.0)], ids=["2-D", "3-D"])
def test_round_trip(tmp_path, ending, grid):
    if ending in (".h5", ".hdf5", ".jld"):
        pytest.importorskip("h5py")
    path, vp = tmp_path / f"model{ending}", np.resize(VP, grid.shape)
    save_model(path, grid, {"vp": vp})
    assert list(tmp_path.iterdir()) == [path]
    layout = RawLayout(grid.shape, grid.spacing, grid.origin) if ending in (".bin", ".raw") else None
    found, arrays = load_model(path, layout=layout)
    assert found == grid
    assert list(arrays) == ["vp"]
    assert arrays["vp"].dtype == np.float32
    assert arrays["vp"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["vp"], vp)


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    message = r"path: expected a name ending in \.npz, \.h5, .*\.raw, got .*vp\.dat\. Raw binary of another name"
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path / "vp.dat")
    with pytest.raises(ValueError, match=message):
        save_model(tmp_path / "vp.dat", GRID, {"vp": VP})


def test_velocities_in_metres_per_second_are_refused_or_told(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, vp_smooth=1000 * VP, rho=VP, spacing=GRID.spacing, origin=GRID.origin)
    message = r"'vp_smooth' of .*: expected velocities in km/s, got a maximum of \d+\..* velocity_unit=\"m/s\""
    with pytest.raises(ValueError, match=message):
        load_model(path)
    arrays = load_model(path, velocity_unit="m/s")[1]
    np.testing.assert_allclose(arrays["vp_smooth"], VP, rtol=1e-6)
    np.testing.assert_array_equal(arrays["rho"], VP)
    with pytest.raises(ValueError, match=r"'v0': expected velocities in km/s.*divide arrays in m/s by 1000"):
        save_model(path, GRID, {"v0": 1000 * VP})


def test_velocities_that_are_not_in_the_unit_told(tmp_path):
    path = tmp_path / "model.npz"
    save_model(path, GRID, {"vp": VP, "vs": 0 * VP})  # a fluid
    assert not load_model(path, "vs", velocity_unit="m/s")[1]["vs"].any()
    with pytest.raises(ValueError, match=r"'vp' of .*: expected velocities in m/s, got a maximum of 4\."):
        load_model(path, velocity_unit="m/s")
    with pytest.raises(ValueError, match="velocity_unit: expected \"km/s\" or \"m/s\", got 'ft/s'"):
        load_model(path, velocity_unit="ft/s")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "arrays: expected at least one array on the grid, got none"),
        ({"vp": VP, "rho": VP.T}, r"'rho': expected shape \(6, 4\) \(x, z\), got shape \(4, 6\)"),
        ({"vp": VP.astype(complex)}, "'vp': expected real numbers, got type complex128"),
        ({"vp": np.full((6, 4), "fast")}, "'vp': expected real numbers, got type <U4"),
    ],
)
def test_what_is_no_model_is_not_written(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message):
        save_model(tmp_path / "model.npz", GRID, arrays)
    assert list(tmp_path.iterdir()) == []
