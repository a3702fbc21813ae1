"""Posteriors in a few numbers, from samples (n, \\*event)."""

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import several


def posterior_mean(samples) -> Array:
    """The mean of samples (n, \\*event): the estimate of least squared error.

    ```python
    estimate = posterior_mean(flow.sample(key, 100, condition))
    ```
    """
    return several(samples).mean(axis=0)


def posterior_std(samples) -> Array:
    """The standard deviation of samples (n, \\*event), from their unbiased variance (divided by n - 1).

    ```python
    uncertainty = posterior_std(flow.sample(key, 100, condition))
    ```
    """
    return several(samples).std(axis=0, ddof=1)


def credible_interval(samples, level: float = 0.9) -> tuple[Array, Array]:
    """The central interval that holds a share of the posterior, between its quantiles (1 - level)/2 and (1 + level)/2.

    Arguments:
        samples: (n, \\*event).
        level: the share, between 0 and 1.

    Returns both ends, (\\*event). Raises ValueError if the level is not between 0 and 1.

    ```python
    low, high = credible_interval(flow.sample(key, 1000, condition), 0.95)
    ```
    """
    level = _checks.number("level", level, "a number between 0 and 1", lambda v: 0 < v < 1)
    low, high = jnp.quantile(several(samples), jnp.array([(1 - level) / 2, (1 + level) / 2]), axis=0)
    return low, high
