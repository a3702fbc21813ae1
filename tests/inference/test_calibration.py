"""Errors against spreads, z-scores, contraction, and summaries of samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.inference import (
    contraction,
    credible_interval,
    error_spread_correlation,
    posterior_mean,
    posterior_std,
    uncertainty_calibration,
    z_score,
)

pytestmark = pytest.mark.slow


def test_calibration_by_hand():
    samples = jnp.array([[-1.0, -2.0], [1.0, 2.0]])  # variances 2 and 8, times 1 + 1/2
    found = uncertainty_calibration(jnp.array([1.0, 4.0]), samples, bins=2)
    np.testing.assert_allclose(found.spread, np.sqrt([3.0, 12.0]))
    np.testing.assert_allclose(found.error, [1.0, 4.0])
    np.testing.assert_allclose(found.uce, (2 + 4) / 2)


def test_bins_of_different_size_weigh_by_size():
    samples = jnp.array([[-1.0, -1.0, -2.0], [1.0, 1.0, 2.0]])
    found = uncertainty_calibration(jnp.array([0.0, 0.0, 4.0]), samples, bins=2)
    np.testing.assert_allclose(found.uce, (2 * 3 + 4) / 3)


def mixed(width, shift=0.0, n=200):
    """Posteriors N(0, s^2), s from 0.5 to 4, claimed to be N(shift, (width s)^2)."""
    keys = jax.random.split(jax.random.key(2), 2)
    s = jnp.linspace(0.5, 4.0, 1000)
    truths = s * jax.random.normal(keys[0], (20, 1000), jnp.float64)
    return truths, shift + width * s * jax.random.normal(keys[1], (n, 20, 1000), jnp.float64)


def test_calibrated_errors_are_as_large_as_predicted():
    found = uncertainty_calibration(*mixed(1.0, n=5))  # few samples: their mean has an error, which is predicted
    assert bool(jnp.all(jnp.diff(found.spread) > 0))
    np.testing.assert_allclose(jnp.mean(found.error**2), jnp.mean(found.spread**2), rtol=0.03)
    found = uncertainty_calibration(*mixed(1.0))
    np.testing.assert_allclose(found.error, found.spread, rtol=0.07)


@pytest.mark.parametrize(("width", "shift", "sign"), [(0.5, 0.0, 1), (2.0, 0.0, -1), (1.0, 2.0, 1)])
def test_errors_of_others_are_larger_or_smaller(width, shift, sign):
    """More than predicted if posteriors are too narrow or off, less if they are too wide."""
    found = uncertainty_calibration(*mixed(width, shift))
    assert bool(jnp.all(sign * (found.error - found.spread) > 0))
    assert float(found.uce) > 5 * float(uncertainty_calibration(*mixed(1.0)).uce)


def test_errors_go_with_the_spread():
    truths, samples = mixed(1.0)
    s = jnp.broadcast_to(jnp.linspace(0.5, 4.0, 1000), truths.shape).ravel()
    expected = jnp.corrcoef(jnp.abs(truths).ravel(), s)[0, 1]
    np.testing.assert_allclose(error_spread_correlation(truths, samples), expected, atol=0.02)
    shuffled = jnp.roll(samples, 500, axis=2)
    assert float(error_spread_correlation(truths, shuffled)) < 0.2 < expected


def test_z_scores_by_hand():
    samples = jnp.array([[0.0], [2.0]])
    np.testing.assert_allclose(z_score(jnp.array([-1.0]), samples), [2 / np.sqrt(2)])


def test_z_scores_of_posteriors(calibrated, narrow, wide, high):
    spread = {name: float(z_score(*p).std()) for name, p in
              {"calibrated": calibrated, "narrow": narrow, "wide": wide}.items()}
    np.testing.assert_allclose([spread["calibrated"], spread["narrow"], spread["wide"]], [1.0, 2.0, 0.5], rtol=0.1)
    assert abs(float(z_score(*calibrated).mean())) < 4 / np.sqrt(1200)
    assert float(z_score(*high).mean()) > 0.5


def test_contraction_of_posteriors(calibrated, narrow):
    """Half of the prior's variance is left by data as noisy as the prior is wide."""
    np.testing.assert_allclose(float(contraction(1.0, calibrated.samples).mean()), 0.5, atol=0.02)
    np.testing.assert_allclose(float(contraction(1.0, narrow.samples).mean()), 1 - 0.125, atol=0.02)
    assert float(contraction(jnp.full(3, 0.1), calibrated.samples).max()) < 0


def test_summaries_by_hand():
    samples = jnp.arange(5.0)[:, None] * jnp.array([1.0, 2.0])
    np.testing.assert_allclose(posterior_mean(samples), [2.0, 4.0])
    np.testing.assert_allclose(posterior_std(samples), np.sqrt([2.5, 10.0]))
    np.testing.assert_allclose(credible_interval(samples, 0.5), [[1.0, 2.0], [3.0, 6.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: uncertainty_calibration(x[0], x, bins=7), "bins: expected no more than 6 numbers there are, got 7"),
        (lambda x: z_score(x[:, 0], x), r"samples: expected \(n, \*\(4, 2\)\)"),
        (lambda x: contraction(0.0, x), "prior_std: expected positive deviations, .* got 0"),
        (lambda x: contraction(np.array([1.0, np.nan]), x), "prior_std: expected positive deviations"),
        (lambda x: contraction(-x[0], x), r"prior_std: .* such as truths.std\(axis=0\), got -1.0"),
        (lambda x: z_score(x[0].at[1, 0].set(jnp.nan), x), "truths: expected numbers, got NaN in 1 of 6 places"),
        (lambda x: credible_interval(x, 1.0), "level: expected a number between 0 and 1, got 1.0"),
        (lambda x: posterior_mean(x[:1]), "samples: expected at least 2 along the first axis"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(jnp.ones((4, 3, 2)))
