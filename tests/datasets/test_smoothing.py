"""Smoothing that keeps the water."""

import numpy as np
import pytest

from jaxseis.datasets import smooth


@pytest.fixture
def two_layers() -> np.ndarray:
    """Ten nodes of water over rock of 2 km/s, and a faster half space from node 30."""
    velocity = np.full((40, 60), 2.0, np.float32)
    velocity[:, :10] = 1.5
    velocity[:, 30:] = 4.0
    return velocity


def test_water_is_unchanged_and_does_not_leak(two_layers):
    smoothed = smooth(two_layers, 3)
    np.testing.assert_array_equal(smoothed[:, :10], two_layers[:, :10])
    np.testing.assert_allclose(smoothed[:, 10], 2.0, rtol=1e-5)  # the interface is more than six deviations away
    assert smoothed.dtype == np.float32


def test_without_water_everything_is_smoothed(two_layers):
    smoothed = smooth(two_layers, 3, water=None)
    assert smoothed[0, 9] > 1.6
    assert smoothed[0, 10] < 1.9


def test_slowness_is_what_is_averaged(two_layers):
    # Half way between two layers lies the mean slowness, not the mean velocity.
    between = smooth(two_layers.astype(float), 3)[0, 29:31]
    assert np.mean(1 / between) == pytest.approx((1 / 2 + 1 / 4) / 2, rel=1e-6)


def test_cells_may_differ_between_axes():
    velocity = np.full((41, 41), 2.0)
    velocity[20, 20] = 3.0
    smoothed = smooth(velocity, (0, 2))
    np.testing.assert_array_equal(smoothed[19], 2.0)
    assert smoothed[20, 18] > 2.01


def test_velocity_as_slow_as_water_deeper_down_is_not_water(two_layers):
    two_layers[:, 40] = 1.5
    assert smooth(two_layers, 3)[0, 40] > 2.0


def test_no_smoothing_is_the_identity(two_layers):
    np.testing.assert_allclose(smooth(two_layers, 0), two_layers, rtol=1e-6)


@pytest.mark.parametrize(
    ("velocity", "cells", "message"),
    [
        ([[1.0, 0.0]], 1, r"velocity: expected positive numbers, km/s, got a minimum of 0"),
        ([[1.0, np.nan]], 1, r"velocity: expected finite numbers, got nan at index \(0, 1\)"),
        ([[1.0, 2.0]], -1, r"cells: expected numbers not below zero, got -1"),
    ],
)
def test_errors_name_the_argument(velocity, cells, message):
    with pytest.raises(ValueError, match=message):
        smooth(np.array(velocity), cells)
