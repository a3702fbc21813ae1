"""Coverage by random balls: tests of accuracy with random points, TARP (Lemos et al., ICML 2023, arXiv 2302.03026).

For each case draw a point at random. The ball around it that just reaches the truth holds a share f of the posterior's
samples; if these are the posteriors, f is uniform. Unlike intervals of each component, balls see correlations, and with
points drawn independently of the truth, coverage for all points is sufficient for the posteriors to be right.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired
from jaxseis.inference.coverage import LEVELS, Coverage, covered


def tarp(truths, samples, key: Array | None = None, *, points=None, levels=LEVELS) -> Coverage:
    """How often the ball around a random point with a share of the posterior holds the truth, against that share.

    Arguments:
        truths: (cases, \\*event).
        samples: (n, cases, \\*event), from the posteriors.
        key: random key of the points, which are uniform over the range of each component of the truths.
        points: (cases, \\*event), instead of a key: points that do not depend on the truths. They may depend on the
            data, as they must for posteriors that ignore the data to be found out.
        levels: shares of the posterior within the balls, between 0 and 1.

    Distances are Euclidean, with each component divided by its range over the truths. Raises ValueError if the shapes
    do not belong together, or there is neither a key nor points.

    ```python
    found = tarp(truths, flow.sample(key, 99, conditions), jax.random.key(1))
    ```
    """
    truths, samples = paired(truths, samples)
    low, high = truths.min(axis=0), truths.max(axis=0)
    points = _points(key, points, truths, low, high)
    scale = jnp.where(high > low, high - low, 1)
    ranks = jnp.sum(_distance(samples, points, scale) < _distance(truths, points, scale), axis=0)
    n = len(samples)
    return covered((np.arange(n + 1) + 0.5) / (n + 1), ranks, levels)


def _points(key: Array | None, points, truths: Array, low: Array, high: Array) -> Array:
    if key is not None and points is None:
        return low + (high - low) * jax.random.uniform(key, truths.shape, truths.dtype)
    if points is None or key is not None:
        raise _checks.fail("key", "either a random key or points", "neither" if key is None else "both")
    _checks.shape_is("points", points, truths.shape)
    return jnp.asarray(points)


def _distance(x: Array, points: Array, scale: Array) -> Array:
    """Of each case, the squared distance: over all axes of the event."""
    squares = ((x - points) / scale) ** 2
    return squares.sum(axis=tuple(range(x.ndim - points.ndim + 1, x.ndim)))
