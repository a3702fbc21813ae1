"""Starting models: the true one, smoothed."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from jaxseis import _checks
from jaxseis.model import check_velocity, water_mask


def smooth(velocity: np.ndarray, cells: float | Sequence[float], water: float | None = 1.5) -> np.ndarray:
    """A velocity model whose slowness is smoothed by a Gaussian, the water on top left as it is.

    Slowness is what travel times are sums of, so its mean keeps them right where that of velocity would
    not. No water enters the mean below its bottom: weights are normalised over the rock alone.

    Arguments:
        velocity: model of axes (x, z) or (x, y, z), km/s.
        cells: standard deviation of the Gaussian in cells, one number or one for each axis.
        water: velocity of the water, km/s, which is kept where ``water_mask`` finds it; None smooths everything.

    Returns an array of the shape and dtype of ``velocity``, km/s.
    Raises ValueError if a velocity is not positive and finite, or looks like m/s, or ``cells`` is negative.

    ```python
    start = smooth(np.full((201, 101), 2.0), cells=10)
    ```
    """
    velocity = np.asarray(velocity)
    check_velocity(velocity)
    if np.min(cells) < 0:
        raise _checks.fail("cells", "numbers not below zero", cells)
    rock = np.ones(velocity.shape) if water is None else (~water_mask(velocity, water)).astype(float)
    weight = gaussian_filter(rock, cells, mode="nearest")
    slowness = gaussian_filter(rock / velocity.astype(float), cells, mode="nearest")
    smoothed = np.divide(weight, slowness, out=velocity.astype(float), where=rock > 0)
    return smoothed.astype(velocity.dtype)
