"""Coverage: how often credible regions hold the truth.

A region of level a holds a share a of the posterior, so over many cases it should hold that share of the truths: less
often if the posterior is too narrow, more often if it is too wide. With n samples, whose ranks of the truth are
uniform on 0, ..., n, the shares that can be told apart are multiples of 1/(n + 1). The nominal share of a level is
the exact one, so that n adds no error. A truth equal to samples is at a random place among them, as in
`jaxseis.inference.ranks`: a component known exactly is held as often as any other.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import levels_between
from jaxseis.inference.ranks import sbc_ranks

LEVELS = tuple(np.linspace(0.05, 0.95, 19).round(2))


class Coverage(NamedTuple):
    """Shares of truths in regions of the posterior.

    ``nominal`` (levels,) are the shares expected, ``empirical`` (levels, \\*event) those found; each would be between
    ``low`` and ``high`` (levels,) with a probability of 95 % if the posteriors were calibrated.
    """

    nominal: Array
    empirical: Array
    low: Array
    high: Array


def coverage(truths, samples, levels=LEVELS, *, key: Array | None = None) -> Coverage:
    """How often the central credible interval of each component holds the truth, against how often it should.

    Arguments:
        truths: (cases, \\*event).
        samples: (n, cases, \\*event), from the posteriors.
        levels: shares of the posterior within the intervals, between 0 and 1.
        key: random key of the place of a truth among samples equal to it; by default always the same.

    Raises ValueError if the shapes do not belong together, there is NaN, or a level is not between 0 and 1.

    ```python
    found = coverage(truths, flow.sample(key, 99, conditions))
    ```
    """
    ranks, n = sbc_ranks(truths, samples, key), len(samples)
    return covered(abs(2 * np.arange(n + 1) - n) / (n + 1), ranks, levels)


def covered(share: np.ndarray, ranks: Array, levels) -> Coverage:
    """Coverage by nested regions: that of a level holds the ranks r with ``share[r]`` up to it."""
    levels = levels_between(levels)
    held = share <= levels[:, None] + 1e-9  # a share that is the level is within, whatever the rounding
    nominal = held.mean(axis=1)
    empirical = jnp.stack([jnp.asarray(row)[ranks].sum(axis=0) for row in held]) / len(ranks)
    return Coverage(jnp.asarray(nominal), empirical, *binomial_band(nominal, len(ranks)))


def binomial_band(nominal, cases: int, level: float = 0.95) -> tuple[Array, Array]:
    """Between which shares that of so many cases is, with a given probability, where ``nominal`` is expected.

    ```python
    low, high = binomial_band(np.array([0.5, 0.9]), cases=200)
    ```
    """
    from scipy.stats import binom  # slow to import

    level = _checks.number("level", level, "a number between 0 and 1", lambda v: 0 < v < 1)
    low, high = (binom.ppf(q, cases, np.asarray(nominal)) / cases for q in ((1 - level) / 2, (1 + level) / 2))
    return jnp.asarray(low), jnp.asarray(high)
