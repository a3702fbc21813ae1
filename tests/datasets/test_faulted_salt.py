"""The synthetic model: water, layers, faults and salt."""

import numpy as np
import pytest
from scipy.ndimage import label

from jaxseis.datasets import faulted_layers_with_salt
from jaxseis.grid import Grid

GRID = Grid((201, 101), 25.0)


def below_water(velocity: np.ndarray) -> np.ndarray:
    return velocity[:, 8:]


def test_default_grid_and_dtype():
    velocity = faulted_layers_with_salt()
    assert velocity.shape == GRID.shape
    assert velocity.dtype == np.float32


@pytest.mark.parametrize("grid", [Grid((61, 41), 50.0), Grid((41, 31), (20.0, 10.0), (500.0, 100.0)), GRID])
def test_water_has_a_flat_bottom_on_any_grid(grid):
    velocity = faulted_layers_with_salt(grid)
    water = velocity == np.float32(1.5)
    depth = water.sum(axis=1)
    assert velocity.shape == grid.shape
    assert np.ptp(depth) == 0
    assert depth[0] == np.ceil(0.08 * (grid.shape[1] - 1))
    assert water[:, : depth[0]].all()


def test_same_seed_same_earth_and_another_seed_another():
    first, again, other = (faulted_layers_with_salt(GRID, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_velocities_are_in_range_and_grow_with_depth(seed):
    sediments = below_water(faulted_layers_with_salt(GRID, seed, salt=False))
    assert sediments.min() >= np.float32(1.6)
    assert sediments.max() <= np.float32(4.2)
    thirds = [part.mean() for part in np.array_split(sediments, 3, axis=1)]
    assert thirds[0] + 0.5 < thirds[1] < thirds[2] - 0.3


@pytest.mark.parametrize("seed", range(3))
def test_salt_is_one_body_of_reasonable_size(seed):
    with_salt, without = (faulted_layers_with_salt(GRID, seed, salt=s) for s in (True, False))
    assert without.max() < 4.5
    assert label(with_salt == 4.5)[1] == 1
    assert 0.03 < np.mean(with_salt == 4.5) < 0.25


def test_number_of_layers():
    velocity = faulted_layers_with_salt(GRID, layers=5, faults=0, salt=False)
    assert np.unique(below_water(velocity)).size == 5
    assert np.unique(below_water(faulted_layers_with_salt(GRID, layers=1, salt=False))).size == 1


def test_faults_leave_the_layers_what_they_are():
    models = [faulted_layers_with_salt(GRID, faults=f, salt=False) for f in (0, 3)]
    assert np.intersect1d(*models).size >= 13  # water and 14 layers, of which a fault may hide a thin one


@pytest.mark.parametrize("seed", range(3))
def test_faults_make_interfaces_jump(seed):
    models = [faulted_layers_with_salt(GRID, seed, layers=2, faults=f, salt=False) for f in (0, 3)]
    tops = (np.argmax(v == v.max(), axis=1) for v in models)
    # Over five columns, as a fault that dips at 60 degrees takes some columns to make its throw.
    whole, cut = (np.abs(top[5:] - top[:-5]).max() for top in tops)
    assert whole <= 2
    assert cut >= 6


def test_three_dimensions_vary_along_y_and_salt_closes():
    velocity = faulted_layers_with_salt(Grid((61, 41, 51), 50.0))
    assert velocity.shape == (61, 41, 51)
    assert np.mean(velocity[:, 10] != velocity[:, 20]) > 0.05
    salt = (velocity == 4.5).any(axis=(0, 2))
    assert salt[20]
    assert not salt[[0, -1]].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": Grid((51,), 10.0)}, r"grid: expected two axes"),
        ({"layers": 0}, r"layers: expected at least one, got 0"),
        ({"faults": -1}, r"faults: expected none or more, got -1"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        faulted_layers_with_salt(**options)
