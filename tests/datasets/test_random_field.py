"""Random fields: their covariance is the one that is stated."""

import jax
import numpy as np
import pytest

from jaxseis.datasets import GaussianCorrelation, VonKarmanCorrelation, random_field
from jaxseis.datasets.random_field import _amplitude
from jaxseis.grid import Grid

GRID = Grid((12, 9), (20.0, 10.0))
SAMPLES = 20_000
CORRELATIONS = [
    GaussianCorrelation((60.0, 20.0)),
    VonKarmanCorrelation((100.0, 30.0), hurst=0.3),
    VonKarmanCorrelation((60.0, 40.0), hurst=1.0),
]


def stated(correlation, grid):
    """The covariance matrix of all nodes, from their positions."""
    points = np.stack(np.meshgrid(*(grid.coordinates(a) for a in grid.axes), indexing="ij"), -1).reshape(-1, grid.ndim)
    apart = (points[:, None] - points[None]) / np.array(correlation.lengths)
    return correlation(np.linalg.norm(apart, axis=-1))


@pytest.mark.parametrize("correlation", CORRELATIONS, ids=repr)
def test_the_covariance_is_exact_at_all_distances_in_the_grid(correlation):
    periodic = np.fft.ifftn(_amplitude(GRID, correlation) ** 2).real  # covariance with the first node
    first_row = stated(correlation, GRID)[0].reshape(GRID.shape)
    np.testing.assert_allclose(periodic[:12, :9], first_row, atol=1e-7)


def test_samples_have_mean_zero_and_the_covariance():
    correlation = CORRELATIONS[1]
    draw = jax.jit(jax.vmap(lambda key: random_field(key, GRID, correlation)))
    fields = np.asarray(draw(jax.random.split(jax.random.key(0), SAMPLES))).reshape(SAMPLES, -1)
    deviation = SAMPLES**-0.5
    assert np.abs(fields.mean(0)).max() < 5 * deviation
    error = fields.T @ fields / SAMPLES - stated(correlation, GRID)
    assert np.abs(error).max() < 5 * np.sqrt(2) * deviation  # the variance of w_i w_j is at most two


def test_von_karman_of_a_half_is_exponential():
    r = np.linspace(0.0, 5.0, 11)
    np.testing.assert_allclose(VonKarmanCorrelation((1.0,), hurst=0.5)(r), np.exp(-r), rtol=1e-9)


@pytest.mark.parametrize("shape", [(40,), (9, 8, 7)])
def test_lines_and_volumes(shape):
    grid = Grid(shape, 10.0)
    field = random_field(jax.random.key(0), grid, VonKarmanCorrelation((30.0,) * len(shape)))
    assert field.shape == shape
    assert np.isfinite(field).all()


def test_a_long_correlation_extends_the_periodic_grid_until_it_is_exact():
    field = random_field(jax.random.key(0), GRID, GaussianCorrelation((150.0, 60.0)))
    assert np.isfinite(field).all()


def test_errors_name_the_argument():
    for lengths, hurst, message in (
        ((0.0, 1.0), 0.5, r"lengths: expected a positive number of metres, got 0"),
        ((1.0, 1.0), 0.0, r"hurst: expected a number above 0 and up to 1, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            VonKarmanCorrelation(lengths, hurst)
    with pytest.raises(ValueError, match=r"correlation.lengths: expected 2 lengths, one per axis"):
        random_field(jax.random.key(0), GRID, GaussianCorrelation((10.0,)))
    with pytest.raises(ValueError, match=r"correlation.lengths: expected lengths that are small beside the grid"):
        random_field(jax.random.key(0), GRID, GaussianCorrelation((2000.0, 2000.0)))


@pytest.mark.parametrize("hurst", [0.01, 0.05, 0.5, 1.0])
def test_a_von_karman_correlation_is_one_at_no_distance(hurst):
    at = VonKarmanCorrelation([1.0], hurst)
    assert at(np.zeros(1))[0] == 1
    assert 0 < at(np.array([0.5]))[0] < 1
