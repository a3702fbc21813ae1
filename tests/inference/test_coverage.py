"""How often credible regions hold the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.inference import binomial_band, coverage, tarp


def test_coverage_by_hand():
    samples = jnp.broadcast_to(jnp.array([1.0, 2.0, 3.0])[:, None], (3, 4))
    truths = jnp.array([0.0, 1.5, 2.5, 2.6])  # ranks 0, 1, 2, 2 of 0 to 3: the middle two are the central half
    found = coverage(truths, samples, [0.5, 0.9])
    np.testing.assert_allclose(found.nominal, [0.5, 1.0])
    np.testing.assert_allclose(found.empirical, [0.75, 1.0])


def test_tarp_by_hand():
    samples = jnp.broadcast_to(jnp.array([1.0, 2.0, 3.0])[:, None, None], (3, 2, 1))
    truths = jnp.array([[2.5], [0.5]])
    found = tarp(truths, samples, points=jnp.zeros((2, 1)), levels=[0.25, 0.5, 0.75])
    np.testing.assert_allclose(found.empirical, [0.5, 0.5, 1.0])  # balls around 0 hold 2 and 0 samples: 3/8+1/4, 1/8
    np.testing.assert_allclose(found.nominal, [0.25, 0.5, 0.75])


def outside(found):
    """By how much each level leaves its band, positive above."""
    low, high = (limit.reshape(-1, *(1,) * (found.empirical.ndim - 1)) for limit in (found.low, found.high))
    return jnp.where(found.empirical > high, found.empirical - high, jnp.minimum(found.empirical - low, 0))


def test_nominal_coverage_needs_no_large_n(calibrated):
    """With 7 samples intervals are coarse, yet what is expected of them is exact."""
    found = coverage(calibrated.truths, calibrated.samples[:7], [0.5, 0.8])
    np.testing.assert_allclose(found.nominal, [0.5, 0.75])
    np.testing.assert_allclose(found.empirical.mean(axis=1), found.nominal, atol=4 * np.sqrt(0.25 / 1200))


def test_calibrated_posteriors_keep_to_the_band(calibrated):
    found = coverage(*calibrated)
    assert found.empirical.shape == (19, 3)
    assert float((outside(found) != 0).mean()) < 0.15  # 5 % is expected, and levels depend on each other
    assert float((outside(tarp(*calibrated, jax.random.key(0))) != 0).mean()) < 0.15


def test_intervals_too_narrow_hold_less_and_too_wide_more(narrow, wide):
    assert float(coverage(*narrow, [0.9]).empirical.max()) < 0.7
    assert float(coverage(*wide, [0.5]).empirical.min()) > 0.75
    assert bool(jnp.all(outside(coverage(*narrow, [0.5, 0.9])) < 0))
    assert bool(jnp.all(outside(coverage(*wide, [0.5, 0.8])) > 0))


def test_intervals_that_are_off_hold_less(high):
    assert bool(jnp.all(outside(coverage(*high, [0.5, 0.8])) < 0))


@pytest.mark.parametrize(("name", "sign"), [("narrow", 1), ("wide", -1)])
def test_balls_of_few_samples_hold_too_much_if_posteriors_are_narrow(name, sign, request):
    """Truths are nearer to, or farther from, the point than nearly all samples: shares gather at both ends."""
    found = outside(tarp(*request.getfixturevalue(name), jax.random.key(0), levels=[0.1, 0.8, 0.9]))
    assert bool(jnp.all(sign * found * jnp.array([1, -1, -1]) > 0))


def test_tarp_finds_what_is_off(high):
    assert float(jnp.abs(outside(tarp(*high, jax.random.key(0)))).max()) > 0.03


def test_tarp_sees_correlations_that_intervals_do_not():
    """Right marginals, no correlation where there is one."""
    keys = jax.random.split(jax.random.key(3), 3)
    a = jax.random.normal(keys[0], (500, 1), jnp.float64)
    truths = jnp.concatenate([a, a], axis=1)
    samples = jax.random.normal(keys[1], (99, 500, 2), jnp.float64)
    assert float((outside(coverage(truths, samples)) != 0).mean()) < 0.15
    points = jnp.broadcast_to(jnp.array([2.0, -2.0]), truths.shape)
    assert float(jnp.abs(outside(tarp(truths, samples, points=points))).max()) > 0.1


def test_both_can_be_compiled(calibrated):
    def found(truths, samples, key):
        return coverage(truths, samples, [0.5, 0.9]).empirical, tarp(truths, samples, key, levels=[0.5]).empirical

    intervals, balls = jax.jit(found)(*calibrated, jax.random.key(0))
    np.testing.assert_allclose(intervals, coverage(*calibrated, [0.5, 0.9]).empirical)
    np.testing.assert_allclose(balls, tarp(*calibrated, jax.random.key(0), levels=[0.5]).empirical)


def test_a_component_that_does_not_vary_has_no_weight():
    samples = jax.random.normal(jax.random.key(0), (9, 5, 2), jnp.float64).at[..., 1].set(3.0)
    found = tarp(samples[0], samples, jax.random.key(1))
    assert bool(jnp.isfinite(found.empirical).all())


def test_band_by_hand():
    low, high = binomial_band(np.array([0.5]), 4, 0.8)  # 0 to 4 of 4 have 1, 4, 6, 4, 1 sixteenths
    np.testing.assert_allclose([low[0], high[0]], [0.25, 0.75])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: coverage(x[0], x, [0.0, 0.5]), "levels: expected numbers between 0 and 1"),
        (lambda x: coverage(x[0], x[:, :1]), r"samples: expected \(n, \*\(3, 2\)\)"),
        (lambda x: tarp(x[0], x), "key: expected either a random key or points, got neither"),
        (lambda x: tarp(x[0], x, jax.random.key(0), points=x[0]), "key: expected .* got both"),
        (lambda x: tarp(x[0], x, points=x[0, 0]), r"points: expected shape \(3, 2\), got shape \(2,\)"),
        (lambda x: binomial_band([0.5], 3, 0), "level: expected a number between 0 and 1, got 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(jnp.ones((4, 3, 2)))
