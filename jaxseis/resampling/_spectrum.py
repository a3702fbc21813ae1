"""The Fourier transform of real samples at frequencies that are not equally spaced.

The transform of ``x_j / g(j)``, g the transform of a short pulse, is computed on a grid of frequencies twice as fine
as needed, and smoothed with that pulse to any frequency: the smoothing multiplies by g what was divided by it. With
the pulse of Kaiser and Bessel of n grid points the relative error is about ``exp(-pi n / sqrt(2))`` (Barnett,
Magland and af Klinteberg, 2019, SIAM Journal on Scientific Computing 41(5)).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len
from scipy.special import i0e

from jaxseis._types import Array
from jaxseis.resampling._banded import Banded


class Spectrum:
    """``sum_j x_j exp(-i a_k j)`` over samples ``j = 0, 1, ...``, but for the phase ``exp(-i a_k centre)``.

    Memory grows with samples and frequencies, time with as much times a logarithm.

    Arguments:
        angles: a, radians, in growing order from zero to less than 2 pi.
        size: number of samples.
        dtype: of the samples.
    """

    def __init__(self, angles: np.ndarray, size: int, dtype: Any) -> None:
        points = int(np.ceil(np.log(10 / np.finfo(dtype).eps) * np.sqrt(2) / np.pi))
        grid: int = next_fast_len(2 * max(size, points), real=True)  # type: ignore[assignment]
        self.grid, self.centre = grid, size // 2  # the error is least if samples lie on both sides of zero
        shape = 0.75 * np.pi * points
        pulse = _transform((np.arange(size) - self.centre) / grid, points, shape)
        self.correction = (1 / pulse)[:, None].astype(dtype)
        positions = angles * grid / (2 * np.pi)
        first, last = -points, int(positions[-1]) + points
        cyclic = np.arange(first, last + 1) % grid
        self.mirrored = np.minimum(cyclic, grid - cyclic)  # the other half of the spectrum is the conjugate of one half
        self.sign = np.where(cyclic <= grid - cyclic, 1, -1)[:, None].astype(dtype)
        self.smoothing = Banded(positions, lambda s: _pulse(s, points, shape), points / 2, first, len(cyclic), dtype)

    def __call__(self, x: Array) -> Array:
        """The spectrum (frequency, trace) of samples (j, trace)."""
        size, traces = x.shape
        gap = jnp.zeros((self.grid - size, traces), x.dtype)
        corrected = self.correction * x
        around_zero = jnp.concatenate([corrected[self.centre :], gap, corrected[: self.centre]])
        half = jnp.fft.rfft(around_zero, axis=0)[self.mirrored]
        parts = self.smoothing(jnp.concatenate([half.real, self.sign * half.imag], axis=1))
        return parts[:, :traces] + 1j * parts[:, traces:]


def _pulse(s: np.ndarray, points: int, shape: float) -> np.ndarray:
    """``I0(shape sqrt(1 - (2 s / points)^2)) exp(-shape)``, zero where the root is not real."""
    root = np.sqrt(np.maximum(1 - (2 * s / points) ** 2, 0))
    return np.where(np.abs(2 * s) <= points, i0e(shape * root) * np.exp(shape * (root - 1)), 0)


def _transform(f: np.ndarray, points: int, shape: float) -> np.ndarray:
    """``int pulse(s) exp(-2 pi i f s) ds``."""
    root = np.sqrt(shape**2 - (np.pi * points * f) ** 2)
    return points * np.sinh(root) / root * np.exp(-shape)
