"""Ranks of truths among samples, whether they are uniform, and bands of their distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from jaxseis.inference import ecdf_band, rank_ecdf, sbc_ranks, uniformity

N = 99


def test_ranks_count_the_samples_below():
    samples = jnp.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])  # (n, cases)
    np.testing.assert_array_equal(sbc_ranks(jnp.array([2.5, 4.0]), samples), [2, 0])


def test_a_truth_has_any_place_among_its_equals():
    samples = jnp.broadcast_to(jnp.array([1.0, 2.0, 2.0, 3.0])[:, None], (4, 300))
    ranks = sbc_ranks(jnp.full(300, 2.0), samples, jax.random.key(0))
    counts = np.bincount(ranks, minlength=5)
    assert counts[0] == counts[4] == 0
    assert chisquare(counts[1:4]).pvalue > 0.001
    np.testing.assert_array_equal(sbc_ranks(jnp.full(300, 2.0), samples), sbc_ranks(jnp.full(300, 2.0), samples))


def test_what_is_clipped_or_known_is_uniform_too(calibrated):
    """The exact posterior of max(0, theta), and of a constant, has uniform ranks."""
    known = [a.at[..., 2].set(3.0) for a in calibrated]
    ranks = sbc_ranks(*(jnp.maximum(a, 0) for a in known))
    assert float(uniformity(ranks, N).p_value.min()) > 0.001
    assert inside(ranks)


def test_chi_squared_is_that_of_scipy():
    ranks = np.random.default_rng(0).integers(0, 20, size=(200, 2))
    found = uniformity(ranks, 19, bins=10)
    for component in range(2):
        counts = np.bincount(ranks[:, component] // 2, minlength=10)
        expected = chisquare(counts)
        np.testing.assert_allclose(found.statistic[component], expected.statistic, rtol=1e-12)
        np.testing.assert_allclose(found.p_value[component], expected.pvalue, rtol=1e-6)
    assert found.degrees == 9


def test_the_test_can_be_compiled():
    ranks = np.random.default_rng(0).integers(0, 20, size=(200, 2))
    found = jax.jit(lambda ranks: uniformity(ranks, 19).p_value)(ranks)
    np.testing.assert_allclose(found, uniformity(ranks, 19).p_value, rtol=1e-6)


def test_bins_may_hold_different_numbers_of_ranks():
    counts = np.array([60, 30])  # ranks 0, 1 and rank 2
    found = uniformity(np.repeat([0, 1, 2], 30), 2, bins=2)
    np.testing.assert_allclose(found.statistic, chisquare(counts, [60, 30]).statistic, atol=1e-12)
    np.testing.assert_allclose(found.p_value, 1.0)


def test_calibrated_ranks_pass(calibrated):
    ranks = sbc_ranks(*calibrated)
    assert ranks.shape == calibrated.truths.shape
    assert float(uniformity(ranks, N).p_value.min()) > 0.01
    assert inside(ranks)


@pytest.mark.parametrize("name", ["narrow", "wide", "high"])
def test_others_do_not_pass(name, request):
    ranks = sbc_ranks(*request.getfixturevalue(name))
    assert float(uniformity(ranks, N).p_value.max()) < 1e-4
    assert not inside(ranks)


def test_where_ranks_go(narrow, wide, high):
    def share(found, low, up):
        ranks = sbc_ranks(*found)
        return float(((ranks >= low) & (ranks < up)).mean())

    assert share(narrow, 20, 80) < 0.5 < 0.7 < share(wide, 20, 80)
    assert share(high, 0, 50) > 0.65


def inside(ranks):
    band = ecdf_band(len(ranks), N, 0.99)
    shares = rank_ecdf(ranks, N)
    return bool(jnp.all((shares >= band.low[:, None]) & (shares <= band.high[:, None])))


def test_distribution_function_by_hand():
    np.testing.assert_allclose(rank_ecdf(np.array([0, 1, 1, 3]), 3), [0.25, 0.75, 0.75])
    np.testing.assert_allclose(rank_ecdf(np.array([[0, 3], [2, 3]]), 3), [[0.5, 0], [0.5, 0], [1, 0]])


def test_the_band_is_kept_as_often_as_it_says():
    """By ranks drawn afresh: 90 % of 2000 sets, within four standard errors of both simulations."""
    cases, n = 50, 19
    band = ecdf_band(cases, n, 0.9)
    ranks = np.random.default_rng(123).integers(0, n + 1, size=(2000, cases))
    shares = (ranks[:, :, None] < np.arange(1, n + 1)).mean(axis=1)
    kept = np.all((shares >= band.low - 1e-12) & (shares <= band.high + 1e-12), axis=1).mean()
    assert abs(kept - 0.9) < 4 * np.sqrt(2 * 0.09 / 2000)


@pytest.mark.parametrize(("cases", "n", "level"), [(50, 19, 0.9), (37, 8, 0.95), (200, 99, 0.5)])
def test_the_band_is_the_same_from_both_ends(cases, n, level):
    band = ecdf_band(cases, n, level)
    np.testing.assert_allclose(band.high, 1 - band.low[::-1], rtol=0, atol=1e-14)
    assert np.all(band.low < band.high)


def test_the_band_is_wider_than_a_pointwise_one():
    from jaxseis.inference import binomial_band

    band = ecdf_band(100, 49)
    low, high = binomial_band(band.fractions, 100)
    assert np.all(band.low <= low)
    assert np.all(band.high >= high)
    assert band.high[24] > high[24]
    np.testing.assert_allclose(band.fractions, np.arange(1, 50) / 50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uniformity(np.arange(100), 99, bins=50), "bins: expected at least 5 counts in each, got 50 for"),
        (lambda: uniformity(np.arange(90), 5), "ranks: expected whole numbers from 0 to n = 5, got 0 to 89"),
        (lambda: rank_ecdf(3, 5), r"ranks: expected \(cases, \*event\), got a number"),
        (lambda: ecdf_band(10, 9, 1.5), "level: expected a number between 0 and 1, got 1.5"),
        (lambda: sbc_ranks(np.zeros((4, 2)), np.zeros((7, 2, 4))), r"samples: expected \(n, \*\(4, 2\)\).*flow.sample"),
        (lambda: sbc_ranks(np.zeros(4), np.zeros((1, 4))), r"samples: expected at least 2 along the first axis"),
        (lambda: sbc_ranks(np.zeros(4), np.full((3, 4), np.nan)), "samples: expected numbers, got NaN in 12 of 12"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
