"""Starting models: the true one, smoothed."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from jaxseis import _checks


def smooth(velocity: np.ndarray, cells: float | Sequence[float], water: float | None = 1.5) -> np.ndarray:
    """A velocity model whose slowness is smoothed by a Gaussian, the water on top left as it is.

    Slowness is what travel times are sums of, so its mean keeps them right where that of velocity would
    not. No water enters the mean below its bottom: weights are normalised over the rock alone.

    Arguments:
        velocity: model of axes (x, z) or (x, y, z), km/s.
        cells: standard deviation of the Gaussian in cells, one number or one for each axis.
        water: velocity of the water, km/s: the layer that reaches down from the top node at no more than
            it, within 0.1 %, is kept; None smooths everything.

    Returns an array of the shape and dtype of ``velocity``, km/s.
    Raises ValueError if a velocity is not positive and finite or ``cells`` is negative.

    ```python
    start = smooth(np.full((201, 101), 2.0), cells=10)
    ```
    """
    velocity = np.asarray(velocity)
    _checks.finite("velocity", velocity)
    if velocity.min() <= 0:
        raise _checks.fail("velocity", "positive numbers, km/s", f"a minimum of {velocity.min():g}")
    if np.min(cells) < 0:
        raise _checks.fail("cells", "numbers not below zero", cells)
    rock = np.ones(velocity.shape) if water is None else (~_water_layer(velocity, water)).astype(float)
    weight = gaussian_filter(rock, cells, mode="nearest")
    slowness = gaussian_filter(rock / velocity.astype(float), cells, mode="nearest")
    smoothed = np.divide(weight, slowness, out=velocity.astype(float), where=rock > 0)
    return smoothed.astype(velocity.dtype)


def _water_layer(velocity: np.ndarray, water: float) -> np.ndarray:
    """True from the top node down to the first that is faster than water."""
    return np.logical_and.accumulate(velocity <= water * 1.001, axis=-1)
