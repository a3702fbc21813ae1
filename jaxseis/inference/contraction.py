"""What the data told, and where that led (Schad, Betancourt and Vasishth, Psychological Methods 2021).

    contraction = 1 - var(theta | y) / var(theta),    z = (E[theta | y] - theta) / sd(theta | y)

Contraction near 1 with z-scores around 0 of unit size is an informative posterior; near 0, the data said nothing.
Large z with large contraction is overconfidence; small z with small contraction is a prior that was good to begin
with.
"""

from functools import partial

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired, several
from jaxseis.inference.summaries import posterior_mean, posterior_std


def z_score(truths, samples) -> Array:
    """How many posterior deviations the posterior mean is from the truth, with the sign of the error.

    Arguments:
        truths: (cases, \\*event).
        samples: (n, cases, \\*event), from the posteriors.

    Returns (cases, \\*event). Raises ValueError if the shapes do not belong together.

    ```python
    z = z_score(truths, flow.sample(key, 100, conditions))
    ```
    """
    truths, samples = paired(truths, samples)
    return (posterior_mean(samples) - truths) / posterior_std(samples)


def contraction(prior_std, samples) -> Array:
    """The share of the prior's variance that the data took away; negative if the posterior is wider than the prior.

    Arguments:
        prior_std: the prior's standard deviation, a number or an array that broadcasts against one sample; that of
            the truths, for instance.
        samples: (n, \\*event) or (n, cases, \\*event), from the posteriors.

    Raises ValueError if a deviation of the prior is not positive.

    ```python
    share = contraction(truths.std(axis=0), flow.sample(key, 100, conditions))
    ```
    """
    prior_std = jnp.asarray(prior_std)
    expected = "positive deviations, such as truths.std(axis=0)"
    _checks.when_concrete(partial(_checks.all_positive, "prior_std", expected=expected), prior_std)
    return 1 - several(samples).var(axis=0, ddof=1) / prior_std**2
