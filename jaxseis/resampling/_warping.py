"""From a signal to one that makes leapfrog do what exact integration does with the signal: see ``resampling.py``."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len

from jaxseis._types import Array
from jaxseis.resampling._pass_band import REACH, ROLLOFF, passing
from jaxseis.resampling._spectrum import Spectrum


class Warping:
    """``q_n = h/2pi int P(w') a(w) X(w') exp(i w n dt) dw``, ``X(w') = sum_j x_j exp(-i w' j h)``.

    Arguments:
        dt, target: step of leapfrog (ms), and its samples n.
        h, source: step of the signal (ms), and its samples j.
        dtype: of the signal.
    """

    def __init__(self, dt: float, target: range, h: float, source: range, dtype: Any) -> None:
        cut = min(np.pi / h, 2 / dt / (1 + ROLLOFF))
        self.count, self.period = len(target), _period(dt, target, h, source, cut)
        k = np.arange(self.period // 2 + 1)
        half = np.pi * k / self.period  # w dt / 2
        warped = 2 / dt * np.sin(half)
        amplitude = h / dt * passing(warped / cut) * np.sqrt(np.abs(np.cos(half)))
        used = np.flatnonzero(amplitude > 0.1 * np.finfo(dtype).eps * amplitude.max())[-1] + 1
        k, angles = k[:used], warped[:used] * h
        self.spectrum = Spectrum(angles, len(source), dtype)
        turns = k * target.start % self.period / self.period  # of the first sample wanted
        phase = 2 * np.pi * turns - angles * (source.start + self.spectrum.centre)
        factor = amplitude[:used] * np.exp(1j * phase)
        self.factor = factor.astype(np.result_type(dtype, np.complex64))[:, None]

    def __call__(self, x: Array) -> Array:
        """Samples (n, trace) of leapfrog from samples (j, trace) of the signal."""
        return jnp.fft.irfft(self.factor * self.spectrum(x), self.period, axis=0)[: self.count]


def _period(dt: float, target: range, h: float, source: range, cut: float) -> int:
    """Samples after which the sum over frequencies repeats: every pulse must fit, and its tails twice."""
    spans = len(target) - 1 + (len(source) - 1) * h / dt
    fitting = int(np.ceil(spans + 4 * np.pi * REACH / (cut * dt)))
    return next_fast_len(2 * fitting, real=True)  # type: ignore[return-value]
