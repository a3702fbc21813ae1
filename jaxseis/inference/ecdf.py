"""Distribution functions of ranks, with bands that hold everywhere at once (Saeilynoja et al., 2022, arXiv 2103.10522).

For ranks r uniform on 0, ..., n, the number of ``cases`` ranks below k is binomial,

    C_k = #{r < k} ~ Bin(cases, k / (n + 1)),    k = 1, ..., n.

A band from the quantiles gamma/2 and 1 - gamma/2 of each C_k is left by some C_k more often than gamma. The gamma at
which all of it is kept with a given probability comes from simulating uniform ranks. Ranks r and n - r are alike, so
the upper limit at k is one less the lower limit at n + 1 - k.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference.ranks import checked_ranks


class Band(NamedTuple):
    """Limits at some fractions, all vectors of one length."""

    fractions: np.ndarray
    low: np.ndarray
    high: np.ndarray


def rank_ecdf(ranks, n: int) -> Array:
    """The share of cases with a rank below k, for k = 1, ..., n; k/(n + 1) if ranks are uniform.

    Arguments:
        ranks: (cases, \\*event).
        n: how many samples the ranks are among.

    Returns (n, \\*event). Raises ValueError if a rank is not between 0 and n.

    ```python
    difference = rank_ecdf(ranks, 99) - ecdf_band(len(ranks), 99).fractions
    ```
    """
    ranks = checked_ranks(ranks, n)
    ordered = jnp.sort(ranks.reshape(len(ranks), -1), axis=0)
    below = jax.vmap(jnp.searchsorted, in_axes=(1, None), out_axes=1)(ordered, jnp.arange(1, n + 1))
    return below.reshape(n, *ranks.shape[1:]) / len(ranks)


def ecdf_band(cases: int, n: int, level: float = 0.95, *, simulations: int = 2000, seed: int = 0) -> Band:
    """The band that `rank_ecdf` of calibrated posteriors keeps to, at all k at once, with a given probability.

    Arguments:
        cases: how many ranks there are.
        n: how many samples each is among.
        level: the probability.
        simulations: how many sets of uniform ranks are drawn to find it.
        seed: of these.

    Returns the fractions k/(n + 1) and the limits there, k = 1, ..., n. Raises ValueError if the level is no
    probability.

    ```python
    band = ecdf_band(200, 99)
    ```
    """
    from scipy.stats import binom  # slow to import

    level = _checks.number("level", level, "a number between 0 and 1", lambda v: 0 < v < 1)
    cases, n = _checks.whole("cases", cases, 1), _checks.whole("n", n, 1)
    fractions = np.arange(1, n + 1) / (n + 1)
    drawn = np.random.default_rng(seed).multinomial(cases, np.full(n + 1, 1 / (n + 1)), size=simulations)
    counts = drawn.cumsum(axis=1)[:, :-1]
    tail = np.minimum(binom.cdf(counts, cases, fractions), binom.sf(counts - 1, cases, fractions)).min(axis=1)
    gamma = np.quantile(tail, 1 - level, method="lower") * (1 - 1e-9)  # a tail that occurs: rounding must not lose it
    low = binom.ppf(gamma, cases, fractions)
    return Band(fractions, low / cases, (cases - low[::-1]) / cases)
