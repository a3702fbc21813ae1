"""Masks, tapers and filters of models and images."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import laplace

import jaxseis as js
from jaxseis.preconditioners import depth_scaling, laplacian_filter, point_taper, water_mask, water_taper

GRID = js.Grid((4, 8), 10.0, (100.0, 50.0))


def sea(depths=(0, 2, 3, 8)) -> np.ndarray:
    """Water down to so many nodes at each x, and rock below."""
    return np.where(np.arange(8) < np.array(depths)[:, None], 1.5, 2.5)


def test_water_reaches_down_from_the_top_only():
    velocity = sea()
    velocity[1, 5] = 1.4
    np.testing.assert_array_equal(water_mask(velocity), sea() == 1.5)
    assert not water_mask(velocity, water=1.3).any()
    np.testing.assert_array_equal(water_mask(np.stack([sea(), sea()])), np.stack([sea() == 1.5] * 2))


def test_the_water_taper_rises_below_the_bottom():
    weights = water_taper(sea(), GRID, width=20.0)
    np.testing.assert_allclose(weights[1], [0, 0, 0.5, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(weights[0], [0.5, 1, 1, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(weights[3], 0)
    np.testing.assert_array_equal(water_taper(sea(), GRID, width=0.0), sea() > 1.5)


def test_the_point_taper_is_zero_at_points_and_one_away_from_them():
    points = js.Geometry.ragged([[[110.0, 60.0]], [[110.0, 60.0], [130.0, 125.0]]])
    weights = point_taper(points, GRID, radius=20.0)
    assert weights[1, 1] == 0
    np.testing.assert_allclose(weights[1, 2], 0.5)
    np.testing.assert_allclose(weights[2, 2], np.sin(np.pi / 4 * np.sqrt(2)) ** 2)
    np.testing.assert_allclose(weights[3, 7], np.sin(np.pi / 8) ** 2)
    np.testing.assert_array_equal(weights[0, 4:], 1)


def test_points_outside_the_grid_reach_into_it():
    weights = point_taper(js.Geometry(x=95.0, z=50.0), GRID, radius=10.0)
    np.testing.assert_allclose(weights[0, :2], [0.5, 1])
    np.testing.assert_array_equal(point_taper(js.Geometry(x=0.0, z=0.0), GRID, radius=10.0), 1)


def test_the_laplacian_is_that_of_scipy():
    image = np.random.default_rng(0).normal(size=(5, 6, 7))
    np.testing.assert_allclose(laplacian_filter(image), -laplace(image, mode="nearest"), atol=1e-13)
    np.testing.assert_allclose(laplacian_filter(image, 5.0), laplacian_filter(image) / 25, atol=1e-13)


def test_the_laplacian_is_symmetric():
    structure = jnp.zeros((5, 6))
    A = js.operators.FunctionOperator(lambda x: laplacian_filter(x, (10.0, 5.0)), structure)
    dense = js.operators.as_dense(A)
    np.testing.assert_allclose(dense, dense.T, atol=1e-16)
    assert np.linalg.eigvalsh(dense).min() > -1e-14


def test_the_laplacian_knows_its_spacing():
    x, z = np.meshgrid(5.0 * np.arange(9), 2.0 * np.arange(9), indexing="ij")
    inside = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(laplacian_filter(x**2 + 3 * z**2, (5.0, 2.0))[inside], -8)


def test_depth_is_counted_from_the_top():
    np.testing.assert_allclose(depth_scaling(GRID), 10.0 * np.arange(8))
    np.testing.assert_allclose(depth_scaling(GRID, 0.5), np.sqrt(10.0 * np.arange(8)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: water_mask(1000 * sea()), r"velocity: expected km/s, got a maximum of 2500. Velocities in m/s"),
        (lambda: water_mask(sea(), water=1500.0), r"water: expected km/s, got a maximum of 1500"),
        (lambda: water_taper(sea().T, GRID, 10.0), r"velocity: expected shape \(4, 8\) \(x, z\), got shape \(8, 4\)"),
        (lambda: water_taper(sea(), GRID, -1.0), r"width: expected a number of metres, not negative, got -1.0"),
        (lambda: point_taper(js.Geometry(x=0.0, z=0.0), GRID, 0.0), r"radius: expected a positive number of metres"),
        (lambda: point_taper(js.Geometry(z=0.0), GRID, 10.0), r"points: expected 2 coordinates, as the grid has"),
        (lambda: laplacian_filter(sea(), (1.0, 1.0, 1.0)), r"spacing: expected shape \(2,\), got shape \(3,\)"),
        (lambda: laplacian_filter(sea(), 0.0), r"spacing: expected positive numbers, got 0.0"),
        (lambda: depth_scaling(GRID, -1.0), r"power: expected a number, not negative, got -1.0"),
    ],
)
def test_errors_name_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()
