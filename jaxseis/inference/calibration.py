"""Whether errors are as large as the posterior says (Laves et al., MIDL 2020).

The truth x is one more sample of the posterior, so its distance from the mean of n samples has the variance

    E (x - mean)^2 = (1 + 1/n) s^2,    s^2 the posterior's variance.

Components of alike predicted variance are put in bins B, and the means of both sides compared in each. With few
samples the variance is itself uncertain, by a share sqrt(2/(n - 1)), and the outer bins collect what is too small or
too large by chance; take a hundred.
"""

from typing import NamedTuple

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired
from jaxseis.inference.summaries import posterior_mean


class Calibration(NamedTuple):
    """Predicted and real errors.

    ``spread`` and ``error`` (bins,) are the predicted and the real root-mean-square error of the posterior mean;
    ``uce`` is the uncertainty calibration error, the mean over all components of ``|error^2 - spread^2|`` in their bin.
    """

    spread: Array
    error: Array
    uce: Array


def uncertainty_calibration(truths, samples, bins: int = 10) -> Calibration:
    """The error of the posterior mean against its prediction by the posterior's spread.

    Arguments:
        truths: (cases, \\*event).
        samples: (n, cases, \\*event), from the posteriors.
        bins: how many bins all components of all cases are put in, sorted by spread, as many in each.

    Raises ValueError if the shapes do not belong together, or there are more bins than numbers.

    ```python
    found = uncertainty_calibration(truths, flow.sample(key, 100, conditions))
    ```
    """
    bins = _checks.whole("bins", bins, 1)
    squared, variance = (v.ravel() for v in _errors(truths, samples))
    if bins > squared.size:
        raise _checks.fail("bins", f"no more than {squared.size} numbers there are", bins)
    order = jnp.argsort(variance)
    means = [jnp.stack([part.mean() for part in jnp.array_split(v[order], bins)]) for v in (variance, squared)]
    share = jnp.array([len(part) for part in jnp.array_split(order, bins)]) / order.size
    return Calibration(*map(jnp.sqrt, means), uce=jnp.sum(share * jnp.abs(means[0] - means[1])))


def error_spread_correlation(truths, samples) -> Array:
    """Pearson's correlation of the absolute error of the posterior mean with the posterior's spread, over everything.

    A posterior whose spread is the same everywhere has none, calibrated or not, and a calibrated one of normal errors
    has no more than the variation of its spread allows. Map it over cases for one number a case.

    ```python
    one_per_case = jax.vmap(error_spread_correlation, in_axes=(0, 1))(truths, samples)
    ```
    """
    squared, variance = _errors(truths, samples)
    return jnp.corrcoef(jnp.sqrt(squared).ravel(), jnp.sqrt(variance).ravel())[0, 1]


def _errors(truths, samples) -> tuple[Array, Array]:
    """Squared errors of the posterior mean, and what they are expected to be."""
    truths, samples = paired(truths, samples)
    return (truths - posterior_mean(samples)) ** 2, samples.var(axis=0, ddof=1) * (1 + 1 / len(samples))
