"""Simulation-based calibration: where truths lie among samples (Talts et al., 2018, arXiv 1804.06788).

Draw theta from the prior, data from theta, and n samples from the posterior given these data. If that is the posterior,
theta is one more of its samples, and its rank

    r = #{i : theta_i < theta} + K,    K uniform on 0, ..., #{i : theta_i = theta},

is uniform on 0, ..., n. K puts the truth at a random place among the samples equal to it, without which ranks of what
is discrete, clipped or constant would not be uniform (Modrak et al., Bayesian Analysis 2023, arXiv 2211.02383). Too
narrow a posterior gives ranks at both ends, too wide a one ranks in the middle, one that lies too low ranks near n.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.stats as stats
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired

TIES = 2211_02383  # seed of the places among equals where no key is given; unlikely to be that of the samples


def sbc_ranks(truths, samples, key: Array | None = None) -> Array:
    """How many samples are less than the truth, 0 to n, for each case and component.

    Arguments:
        truths: (cases, \\*event), drawn from the prior that made the data.
        samples: (n, cases, \\*event), from the posteriors given these data.
        key: random key of the place of a truth among samples equal to it; by default always the same.

    Returns whole numbers (cases, \\*event). Raises ValueError if the shapes do not belong together, or there is NaN.

    ```python
    ranks = sbc_ranks(truths, flow.sample(key, 99, conditions))
    ```
    """
    return ranked(*paired(truths, samples), key)


def ranked(truths: Array, samples: Array, key: Array | None) -> Array:
    """The equation at the top."""
    key = jax.random.key(TIES) if key is None else key
    below, equal = (jnp.sum(which, axis=0) for which in (samples < truths, samples == truths))
    return below + jax.random.randint(key, equal.shape, 0, equal + 1)


class Uniformity(NamedTuple):
    """A chi-squared test of each component: the statistic, its degrees of freedom, and the p-value."""

    statistic: Array
    degrees: int
    p_value: Array


def uniformity(ranks, n: int, bins: int = 10) -> Uniformity:
    """Whether ranks are uniform on 0, ..., n, by Pearson's chi-squared test.

    Arguments:
        ranks: (cases, \\*event), of independent cases.
        n: how many samples the ranks are among.
        bins: how many bins the n + 1 ranks are counted in; they may hold different numbers of ranks, and are
            expected to count accordingly.

    Returns the test for each component, arrays (\\*event): p-values below 0.01, say, are evidence against calibration.
    Raises ValueError if fewer than five counts are expected in a bin, or a rank is not between 0 and n.

    ```python
    test = uniformity(ranks, 99)
    ```
    """
    ranks = checked_ranks(ranks, n)
    bins = _checks.whole("bins", bins, 2)
    expected = len(ranks) * np.bincount(np.arange(n + 1) * bins // (n + 1), minlength=bins) / (n + 1)
    if bins > n + 1 or expected.min() < 5:
        raise _checks.fail(
            "bins", "at least 5 counts in each", f"{bins} for {len(ranks)} cases and {n + 1} ranks", "Take fewer bins."
        )
    counts = jnp.stack([jnp.sum(ranks * bins // (n + 1) == k, axis=0) for k in range(bins)], axis=-1)
    statistic = jnp.sum((counts - expected) ** 2 / expected, axis=-1)
    return Uniformity(statistic, bins - 1, stats.chi2.sf(statistic, bins - 1))


def checked_ranks(ranks, n: int) -> Array:
    """Ranks as an array, or an error if there can be no such ranks among ``n`` samples."""
    ranks, n = jnp.asarray(ranks), _checks.whole("n", n, 1)
    if ranks.ndim == 0:
        raise _checks.fail("ranks", "(cases, *event)", "a number")
    _checks.when_concrete(_in_range, ranks, n)
    return ranks


def _in_range(ranks: Array, n: int) -> None:
    if ranks.min() < 0 or ranks.max() > n:
        raise _checks.fail("ranks", f"whole numbers from 0 to n = {n}", f"{ranks.min()} to {ranks.max()}")
