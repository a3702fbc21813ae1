"""A low-pass of data and wavelet alike, with room for what it spreads.

A zero-phase filter spreads a signal to both sides of time: by a Gaussian of standard deviation
``s = sqrt(ln 2) / (2 pi corner)`` here. Filtered data are data of the filtered wavelet only if nothing of
either is cut off at time zero, so the time axis begins ``4 s`` earlier. The filter also misses what would have come
after the end of a record, so the weights of the last ``4 s`` fade out.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array
from jaxseis.acquisition import TimeAxis
from jaxseis.preconditioners import lowpass

DEVIATIONS = 4.0


class Prepared(NamedTuple):
    """The time axis, a wavelet (time,), and data and weights, (shot, time, receiver) or broadcast to that."""

    time: TimeAxis
    q: Array
    d: Array
    w: Array


def samples_spread(corner: float, step: float) -> int:
    """Samples of ``step`` ms by which a low-pass at ``corner`` kHz spreads signals to each side."""
    return int(np.ceil(DEVIATIONS * np.sqrt(np.log(2)) / (2 * np.pi * corner) / step))


def band_limited(parts: Prepared, corner: Array | float, samples: int) -> Prepared:
    """The same, low-passed.

    Arguments:
        parts: as recorded.
        corner: frequency of half power, kHz; it may be traced, so that one compilation serves all.
        samples: how many are put before time zero, at least ``samples_spread`` of the corner.

    ```python
    limited = band_limited(Prepared(time, q, d, w), hertz(3.0), samples_spread(hertz(3.0), time.step))
    ```
    """
    step = parts.time.step
    time = TimeAxis((parts.time.size - 1 + samples) * step, step)
    q, d = jnp.pad(parts.q, (samples, 0)), jnp.pad(parts.d, ((0, 0), (samples, 0), (0, 0)))
    w = jnp.broadcast_to(parts.w, (*jnp.broadcast_shapes(parts.w.shape, (1, parts.time.size, 1)),))
    w = jnp.pad(w, ((0, 0), (samples, 0), (0, 0)), mode="edge") * _fade(time.size, samples).astype(w.dtype)[:, None]
    return Prepared(time, lowpass(q, step, corner, axis=0), lowpass(d, step, corner, axis=1), w)


def _fade(size: int, samples: int) -> np.ndarray:
    """One, and over the last samples a cosine down to zero."""
    left = np.minimum(np.arange(size)[::-1] / max(samples, 1), 1.0)
    return np.sin(np.pi / 2 * left) ** 2
