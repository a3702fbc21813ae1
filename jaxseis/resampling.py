"""Band-limited resampling between time axes, and removal of the time dispersion of leapfrog.

**Interpolation.** A signal with samples ``x_j`` at ``j h`` has the values

    x(t) = r sum_j k((t - j h) / H) x_j,    k(s) = sinc(s) exp(-(s / w)^2),

with H the longer of the two steps and ``r = h / H``. The spectrum of k is
``P(w / wc) = erfc(4 (w / wc - 1) / b) / 2``, ``wc = pi / H``, ``b = 1/4``, when ``w = 8 / (pi b)``
samples: one to 1e-8 up to 75 % of the lower Nyquist frequency, one half there, and zero to 1e-8 from
125 % on, so that a coarser axis is not aliased into the first 75 %. k is one at zero and zero at other
whole numbers: refinement by a whole number keeps the samples it is given.

**Dispersion.** Leapfrog, ``u[n+1] - 2 u[n] + u[n-1] = dt^2 (L u[n] + q[n])``, multiplies the
transform of u at frequency w by ``-w'^2`` where exact integration has ``-w^2``, with

    w' = (2 / dt) sin(w dt / 2).

So leapfrog at w does what exact integration does at w', for every L that does not depend on time.
(A damping term by centred differences keeps a relative error ``(w dt)^2 / 8`` of its own.)
With ``X(w') = sum_j x_j h exp(-i w' j h)`` the transform of the user's signal,

    source:    q_n  = 1/2pi int P(w') a(w) X(w') exp(i w n dt) dw,     a(w) = sqrt(dw'/dw) = sqrt(cos(w dt / 2)),
    receiver:  its transpose times dt / h, which is its inverse where P is one.

The product of both factors a is the Jacobian that turns the integral over w into one over w'; giving
half to each side makes the one the transpose of the other. Frequencies above ``2 / dt`` do not exist
for leapfrog and are dropped: the pass band P ends there, ``wc = min(pi / h, 2 / dt / (1 + b))``.
Accuracy is full below ``0.75 wc``, where P is one.

**Ends.** A signal is continued past its ends by odd reflection, ``x(-t) = 2 x(0) - x(t)``, which fades to
zero: lines are reproduced up to the ends, and a signal that does not vanish there does not ring.
Signals arrive early in leapfrog by a time ``t (w dt)^2 / 8`` that vanishes with w, so the receiver map
looks back in time, but for an Airy tail of width ``(t dt^2 / 8)^(1/3)``, and for the width of k. To correct
a record up to its last sample, leapfrog has to run on by as much: see ``overrun``. (Where a source is still
on at the end, what it does later is not known, and the last samples of the record feel its continuation.)

Reference: Koene, Robertsson, Broggini and Andersson (2018), Eliminating time dispersion from seismic
wave modeling, Geophysical Journal International 213(1).
"""

from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len
from scipy.special import erfc

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import TimeAxis

ROLLOFF = 0.25  # b: half-width of the transition band, relative to the cut-off
WIDTH = 8 / (np.pi * ROLLOFF)  # w: width of the Gaussian, in samples of the coarser axis
REACH = int(np.ceil(6 * WIDTH))  # samples of the coarser axis after which exp(-(s / w)^2) is below rounding
BAND_ROWS = 128  # rows of the matrix applied together


def choose_step(time: TimeAxis, limit: float) -> tuple[float, int]:
    """The computational time axis: a step of at most ``limit`` that hits every sample of ``time``.

    Arguments:
        time: the user's axis.
        limit: largest stable step, ms.

    Returns the step ``time.step / k``, ms, with k the smallest whole number that is enough, and
    the number of samples ``k (time.size - 1) + 1``. Raises ValueError if the limit is not positive.

    ```python
    choose_step(TimeAxis(duration=4000.0, step=4.0), limit=1.5)  # (1.3333333333333333, 3001)
    ```
    """
    ratio = time.step / _checks.positive("limit", limit, "milliseconds")
    parts = max(1, int(np.ceil(ratio * (1 - 1e-12))))
    return time.step / parts, parts * (time.size - 1) + 1


def overrun(time: TimeAxis, dt: float) -> int:
    """Leapfrog samples needed after the end of ``time`` for a record corrected up to its last sample.

    ``ceil((4 (T dt^2 / 8)^(1/3) + 5 max(h, 2 dt)) / dt)`` with T the duration and h the step of ``time``:
    the widths of the Airy tail and of the interpolation kernel, enough for a relative error of 1e-5.
    Only needed with dispersion correction: add it to the number of computational samples.

    Arguments:
        time: the user's axis.
        dt: step of leapfrog, ms.

    Returns a number of samples. Raises ValueError if dt is not positive.

    ```python
    overrun(TimeAxis(duration=4000.0, step=4.0), dt=4.0 / 3)  # 44
    ```
    """
    _checks.positive("dt", dt, "milliseconds")
    airy = (time.duration * dt**2 / 8) ** (1 / 3)
    return int(np.ceil((4 * airy + 5 * max(time.step, 2 * dt)) / dt))


@jax.tree_util.register_static
@dataclass(frozen=True)
class Resampling:
    """The linear map from samples on one time axis to samples of the same function on another.

    ``y = K x`` with the kernel K at the top of this file. Both axes start at time zero.
    An operator is static: it has no array leaves, is hashable and compares by value. JAX transposes
    it exactly.

    Arguments:
        source_step, source_size: step (ms) and number of samples of what comes in.
        target_step, target_size: step (ms) and number of samples of what goes out. After the end
            of the source there is only its continuation, which fades to zero.
        dispersion: None; or "source", for a signal that will drive leapfrog with the target step;
            or "receiver", for a record made by leapfrog with the source step. Leapfrog between the
            two gives the result of exact integration in time.

    Raises ValueError for steps that are not positive, fewer than two samples, or another word for
    dispersion.

    ```python
    time = TimeAxis(duration=1000.0, step=4.0)
    dt, size = choose_step(time, limit=1.5)
    q = Resampling(time.step, time.size, dt, size)(ricker(time, 0.010), axis=0)  # (751,)
    ```
    """

    source_step: float
    source_size: int
    target_step: float
    target_size: int
    dispersion: str | None = None

    def __post_init__(self) -> None:
        for end in ("source", "target"):
            step, size = f"{end}_step", f"{end}_size"
            object.__setattr__(self, step, _checks.positive(step, getattr(self, step), "milliseconds"))
            if int(getattr(self, size)) != getattr(self, size) or getattr(self, size) < 2:
                raise _checks.fail(size, "a whole number of samples, at least two", getattr(self, size))
            object.__setattr__(self, size, int(getattr(self, size)))
        if self.dispersion not in (None, "source", "receiver"):
            raise _checks.fail("dispersion", 'None, "source" or "receiver"', repr(self.dispersion))

    def __call__(self, x: Array, axis: int = -2) -> Array:
        """Resample along one axis.

        Arguments:
            x: samples, by default traces (..., time, receiver); real or complex.
            axis: the time axis of ``x``.

        Returns an array like ``x``, same precision, with ``target_size`` samples along the axis.
        Raises ValueError if ``x`` has no such axis or another number of samples there.
        """
        x = _floating(x)
        if not -x.ndim <= axis < x.ndim or x.shape[axis] != self.source_size:
            expected = f"{self.source_size} samples along axis {axis}"
            raise _checks.fail("x", expected, f"shape {x.shape}", "Name the time axis: axis=0 for one signal (time,).")
        if self._is_identity:
            return x
        rows = jnp.moveaxis(x, axis, 0)
        bands = _bands(self, jnp.finfo(x.dtype).dtype)
        return jnp.moveaxis(jnp.concatenate([jnp.tensordot(k, rows[columns], 1) for k, columns in bands]), 0, axis)

    @property
    def matrix(self) -> np.ndarray:
        """The map as a read-only float64 array (target_size, source_size)."""
        return _matrix(self)

    @property
    def _coarser(self) -> float:
        return max(self.source_step, self.target_step)

    @property
    def _is_identity(self) -> bool:
        source, target = (self.source_step, self.source_size), (self.target_step, self.target_size)
        return source == target and self.dispersion is None


@lru_cache(maxsize=8)
def _matrix(r: Resampling) -> np.ndarray:
    """The kernel between the target's samples and the source's continued ones, folded back onto the source."""
    margin = min(2 * int(np.ceil(REACH * r._coarser / r.source_step)), r.source_size - 1)
    target, source = np.arange(r.target_size), np.arange(-margin, r.source_size + margin)
    kernel = {None: _interpolating, "source": _driving, "receiver": _recording}[r.dispersion]
    matrix = _fold(kernel(r, target, source), margin)
    matrix.setflags(write=False)
    return matrix


def _interpolating(r: Resampling, target: np.ndarray, source: np.ndarray) -> np.ndarray:
    s = np.subtract.outer(target * r.target_step, source * r.source_step) / r._coarser
    return r.source_step / r._coarser * np.sinc(s) * np.exp(-((s / WIDTH) ** 2))


def _driving(r: Resampling, target: np.ndarray, source: np.ndarray) -> np.ndarray:
    return r.source_step / r.target_step * _warped(r.target_step, target, r.source_step, source)


def _recording(r: Resampling, target: np.ndarray, source: np.ndarray) -> np.ndarray:
    return _warped(r.source_step, source, r.target_step, target).T


def _warped(dt: float, n: np.ndarray, h: float, j: np.ndarray) -> np.ndarray:
    """``dt/2pi int P(w') a(w) exp(i (w n dt - w' j h)) dw`` for leapfrog samples n and user samples j."""
    cut = min(np.pi / h, 2 / dt / (1 + ROLLOFF))
    # The sum over frequencies repeats in time; every pulse must fit, and its tails twice
    fitting = int(np.ceil(np.ptp(n) + np.ptp(j) * h / dt + 4 * np.pi * REACH / (cut * dt)))
    size: int = next_fast_len(2 * fitting, real=True)  # type: ignore[assignment]
    half = np.pi * np.arange(size // 2 + 1) / size  # w dt / 2
    warped = 2 / dt * np.sin(half)
    passing = 0.5 * erfc(4 * (warped / cut - 1) / ROLLOFF) * np.sqrt(np.abs(np.cos(half)))
    spectrum = passing[:, None] * np.exp(-1j * np.multiply.outer(warped, j * h))
    return np.fft.irfft(spectrum, size, axis=0)[n % size]


def _fold(kernel: np.ndarray, margin: int) -> np.ndarray:
    """Fold the columns of continued samples onto those they are made of: ``x(-t) = fade(t) (2 x(0) - x(t))``."""
    size = kernel.shape[1] - 2 * margin
    fade = np.cos(np.pi * np.maximum(np.arange(1, margin + 1) / (margin + 1) - 0.5, 0)) ** 2
    matrix = kernel[:, margin : margin + size].copy()
    for inner, outer in ((matrix, kernel[:, :margin]), (matrix[:, ::-1], kernel[:, : -margin - 1 : -1])):
        before = fade * outer[:, ::-1]
        inner[:, 0] += 2 * before.sum(1)
        inner[:, 1 : margin + 1] -= before
    return matrix


@lru_cache(maxsize=16)
def _bands(r: Resampling, dtype: np.dtype) -> list[tuple[np.ndarray, slice]]:
    """Groups of rows, each with the columns that are not negligible: the matrix is nearly banded."""
    negligible = 0.1 * float(jnp.finfo(dtype).eps) * np.abs(r.matrix).max()
    bands = []
    for start in range(0, r.target_size, BAND_ROWS):
        rows = r.matrix[start : start + BAND_ROWS]
        used = np.flatnonzero(np.any(np.abs(rows) > negligible, axis=0))
        columns = slice(int(used.min(initial=r.source_size - 1)), int(used.max(initial=0)) + 1)
        bands.append((rows[:, columns].astype(dtype), columns))
    return bands


def _floating(x: Array) -> Array:
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.result_type(float))
