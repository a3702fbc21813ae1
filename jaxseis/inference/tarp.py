"""Coverage by random balls: tests of accuracy with random points, TARP (Lemos et al., ICML 2023, arXiv 2302.03026).

For each case draw a point at random. The ball around it that just reaches the truth holds a share f of the posterior's
samples; if these are the posteriors, f is uniform. Unlike intervals of each component, balls see correlations, and with
points drawn independently of the truth, coverage for all points is sufficient for the posteriors to be right.

The box of the points and the scale of the distances come from truths and samples alike. Those of truths alone would
tell the truths from the samples wherever cases are few for the components.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired
from jaxseis.inference.coverage import LEVELS, Coverage, covered
from jaxseis.inference.ranks import ranked


def tarp(truths, samples, key: Array | None = None, *, points=None, levels=LEVELS) -> Coverage:
    """How often the ball around a random point with a share of the posterior holds the truth, against that share.

    Arguments:
        truths: (cases, \\*event).
        samples: (n, cases, \\*event), from the posteriors.
        key: random key of the points, which are uniform over the range of each component, and of the place of a truth
            among samples at the same distance.
        points: (cases, \\*event), in place of random ones: points that do not depend on the truths. They may depend
            on the data, as they must for posteriors that ignore the data to be found out.
        levels: shares of the posterior within the balls, between 0 and 1.

    Distances are Euclidean, with each component divided by its range. Ranges are those of truths and samples together.
    Raises ValueError if the shapes do not belong together, a value is not finite, or there is neither a key nor points.

    ```python
    found = tarp(truths, flow.sample(key, 99, conditions), jax.random.key(1))
    ```
    """
    truths, samples = paired(truths, samples)
    both = jnp.concatenate([truths[None], samples]).astype(jnp.result_type(truths, samples, jnp.float32))
    _checks.when_concrete(_checks.finite, "truths and samples", both)
    low, high = both.min(axis=(0, 1)), both.max(axis=(0, 1))
    among, ties = (None, None) if key is None else jax.random.split(key)
    points = _points(among, points, truths.shape, low, high)
    distance = _distance(both, points, jnp.where(high > low, high - low, 1))
    n = len(samples)
    return covered((np.arange(n + 1) + 0.5) / (n + 1), ranked(distance[0], distance[1:], ties), levels)


def _points(key: Array | None, points, shape: tuple[int, ...], low: Array, high: Array) -> Array:
    if points is not None:
        _checks.shape_is("points", points, shape)
        return jnp.asarray(points)
    if key is None:
        raise _checks.fail("key", "a random key, or points", "neither")
    return low + (high - low) * jax.random.uniform(key, shape, low.dtype)


def _distance(x: Array, points: Array, scale: Array) -> Array:
    """Squared, (n, cases, \\*event) -> (n, cases)."""
    return (((x - points) / scale) ** 2).sum(axis=tuple(range(2, x.ndim)))
