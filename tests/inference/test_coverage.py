"""How often credible regions hold the truth."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom

from jaxseis.inference import Coverage, binomial_band, coverage, tarp

pytestmark = pytest.mark.slow


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
    above, below = found.empirical - high, found.empirical - low  # zero but for rounding on the edge
    return jnp.where(above > 1e-9, above, jnp.where(below < -1e-9, below, 0))


def test_nominal_coverage_needs_no_large_n(calibrated):
    """With 7 samples intervals are coarse, yet what is expected of them is exact."""
    found = coverage(calibrated.truths, calibrated.samples[:7], [0.5, 0.8])
    np.testing.assert_allclose(found.nominal, [0.5, 0.75])
    np.testing.assert_allclose(found.empirical.mean(axis=1), found.nominal, atol=4 * np.sqrt(0.25 / 1200))


def plain(theta):
    return theta


def clipped(theta):
    """Half of it zero: ties, and of whole vectors too."""
    return jnp.maximum(theta, 0)


def known(theta):
    """A component that does not vary."""
    return theta.at[..., 0].set(1.5)


def exact(seed, cases, components, transform, n=19):
    """Truths and samples of the exact posterior of what `transform` makes of theta in the normal model."""
    keys = jax.random.split(jax.random.key(seed), 3)
    theta, noise = (jax.random.normal(k, (cases, components), jnp.float64) for k in keys[:2])
    spread = jax.random.normal(keys[2], (n, cases, components), jnp.float64) / jnp.sqrt(2)
    return transform(theta), transform((theta + noise) / 2 + spread)


def assert_left_as_often_as_chance(found, cases):
    """At each level, of independent curves: the count of those outside is binomial, and is within 0.9999 of it."""
    curves = found.empirical.shape[1]
    counts = (np.asarray(outside(found)) != 0).sum(axis=1)
    low, high = (np.rint(np.asarray(limit) * cases) for limit in (found.low, found.high))
    leave = binom.cdf(low - 1, cases, found.nominal) + binom.sf(high, cases, found.nominal)
    assert np.all(leave < 0.05)
    assert np.all(counts >= binom.ppf(5e-5, curves, leave))
    assert np.all(counts <= binom.isf(5e-5, curves, leave))


@pytest.mark.parametrize("transform", [plain, clipped, known])
def test_intervals_of_exact_posteriors_leave_the_band_by_chance(transform):
    for seed in range(3):
        found = coverage(*exact(seed, 100, 200, transform), [0.2, 0.5, 0.9])
        assert found.empirical.shape == (3, 200)
        assert_left_as_often_as_chance(found, 100)


NOMINAL = np.array([0.2, 0.5, 0.9])


@jax.jit
@partial(jax.vmap, in_axes=(0, 1, 0), out_axes=1)
def balls(truths, samples, key):
    return tarp(truths, samples, key, levels=NOMINAL).empirical


def found_by_balls(seed, cases, components, transform):
    """Coverage (level, repetition), of 200 repetitions."""
    truths, samples = exact(seed, 200 * cases, components, transform)
    truths = truths.reshape(200, cases, components)
    return balls(truths, samples.reshape(-1, *truths.shape), jax.random.split(jax.random.key(10 + seed), 200))


@pytest.mark.parametrize(("components", "transform"), [(2, plain), (2, clipped), (1, known)])
def test_balls_of_exact_posteriors_leave_the_band_by_chance(components, transform):
    for seed in range(3):
        found = found_by_balls(seed, 50, components, transform)
        assert_left_as_often_as_chance(Coverage(NOMINAL, found, *binomial_band(NOMINAL, 50)), 50)


def test_balls_are_right_for_few_cases_of_many_components():
    """The range of the truths alone would tell them from samples. Repetitions are independent, their cases are not."""
    for seed in range(3):
        found = np.asarray(found_by_balls(seed, 5, 60, plain))
        assert np.all(np.abs(found.mean(axis=1) - NOMINAL) < 4 * found.std(axis=1) / np.sqrt(200))


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
        (lambda x: tarp(x[0], x), "key: expected a random key, or points, got neither"),
        (lambda x: tarp(x[0], x * jnp.inf, jax.random.key(0)), "truths and samples: expected finite numbers, got inf"),
        (lambda x: tarp(x[0], x, points=x[0, 0]), r"points: expected shape \(3, 2\), got shape \(2,\)"),
        (lambda x: binomial_band([0.5], 3, 0), "level: expected a number between 0 and 1, got 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(jnp.ones((4, 3, 2)))
