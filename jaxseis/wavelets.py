"""Source wavelets, sampled on a time axis.

With ``tau = t - delay`` and ``sinc(x) = sin(pi x) / (pi x)``:

- Ricker: ``(1 - 2 a^2) exp(-a^2)``, ``a = pi f tau``.
- Gaussian derivative: ``d^n/dt^n exp(-b tau^2)``. Its amplitude spectrum ``w^n exp(-w^2 / 4b)``
  peaks at ``w = sqrt(2 n b)``, so ``b = 2 (pi f)^2 / n``; Ricker is ``n = 2``, up to sign and scale.
- Ormsby: the trapezoidal spectrum with corners f1 to f4 (Ryan, 1994, CSEG Recorder 19(7)).
- Klauder: ``Re`` of the autocorrelation of ``exp(2 pi i (f1 t + k t^2 / 2))``, ``0 < t < T``,
  ``k = (f2 - f1) / T``, which is ``(1 - |tau|/T) sinc(k tau (T - |tau|)) cos(pi (f1 + f2) tau)``.
- Berlage: ``t^n exp(-alpha t) cos(2 pi f t + phi)`` (Aldridge, 1990, Geophysics 55(11)).
- Minimum phase: ``exp`` of the causal part of the cepstrum (Oppenheim and Schafer, 2010,
  Discrete-Time Signal Processing, section 13.5).

All are differentiable in their real parameters; traced parameters are not checked.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.polynomial import hermite

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import TimeAxis
from jaxseis.units import check_duration, check_frequency

Number = float | Array


def ricker(time: TimeAxis, peak_frequency: Number, delay: Number | None = None) -> Array:
    """Ricker wavelet ``(1 - 2 a^2) exp(-a^2)``, ``a = pi f (t - delay)``; its peak is one.

    Arguments:
        time: where to sample.
        peak_frequency: f, where the amplitude spectrum is largest, kHz.
        delay: time of the peak, ms; ``1 / f`` by default, as in JUDI.

    Returns an array (time,). Raises ValueError if the frequency is not below Nyquist.

    ```python
    ricker(TimeAxis(duration=1000.0, step=4.0), peak_frequency=0.010)
    ```
    """
    check_frequency("peak_frequency", peak_frequency, time.step)
    a = jnp.pi * peak_frequency * _since(delay, 1 / peak_frequency, time)
    return (1 - 2 * a**2) * jnp.exp(-(a**2))


def gaussian_derivative(time: TimeAxis, peak_frequency: Number, order: int = 1, delay: Number | None = None) -> Array:
    """Derivative of a Gaussian, ``s d^n/dt^n exp(-2 (pi f (t - delay))^2 / n)``.

    The scale s makes the largest absolute value one. Its sign is ``(-1)^(n // 2)``: order 1 rises
    first, order 2 is the Ricker wavelet, and order n + 2 is minus the second derivative of order n.

    Arguments:
        time: where to sample.
        peak_frequency: f, where the amplitude spectrum is largest, kHz.
        order: n, one or more; static.
        delay: time of the centre, ms; ``sqrt(n / 2) / f`` by default.

    Returns an array (time,). Raises ValueError for an order below one or a frequency not below Nyquist.

    ```python
    gaussian_derivative(TimeAxis(duration=1000.0, step=4.0), peak_frequency=0.010, order=1)
    ```
    """
    if int(order) != order or order < 1:
        raise _checks.fail("order", "a whole number, at least 1", order)
    check_frequency("peak_frequency", peak_frequency, time.step)
    tau = _since(delay, np.sqrt(order / 2) / peak_frequency, time)
    x = np.sqrt(2 / order) * jnp.pi * peak_frequency * tau
    return jnp.polyval(_hermite(int(order)), x) * jnp.exp(-(x**2))


def ormsby(time: TimeAxis, corners: Sequence[Number], delay: Number | None = None) -> Array:
    """Ormsby wavelet: zero phase, trapezoidal amplitude spectrum; its peak is one.

    ``w = [R(f3, f4) - R(f1, f2)] / (f3 + f4 - f1 - f2)`` with
    ``R(a, b) = (b^2 sinc^2(b tau) - a^2 sinc^2(a tau)) / (b - a)``.

    Arguments:
        time: where to sample.
        corners: f1 < f2 <= f3 < f4, kHz: the spectrum rises from f1 to f2 and falls from f3 to f4.
        delay: time of the peak, ms; by default ``2 / (f2 - f1)``, but at most half the axis.

    Returns an array (time,). Raises ValueError for corners out of order or not below Nyquist.

    ```python
    ormsby(TimeAxis(duration=1000.0, step=4.0), corners=(0.005, 0.010, 0.040, 0.050))
    ```
    """
    f1, f2, f3, f4 = _corners(corners, time.step)
    tau = _since(delay, jnp.minimum(2 / (f2 - f1), time.duration / 2), time)
    return (_ramp(tau, f3, f4) - _ramp(tau, f1, f2)) / (f3 + f4 - f1 - f2)


def klauder(
    time: TimeAxis, start_frequency: Number, end_frequency: Number, sweep_duration: Number, delay: Number | None = None
) -> Array:
    """Klauder wavelet, the autocorrelation of a linear sweep; its peak is one.

    ``w = (1 - |tau|/T) sinc(k tau (T - |tau|)) cos(pi (f1 + f2) tau)``, ``k = (f2 - f1) / T``,
    and zero where ``|tau| > T``.

    Arguments:
        time: where to sample.
        start_frequency, end_frequency: f1 and f2, in either order, kHz.
        sweep_duration: T, ms.
        delay: time of the peak, ms; by default T, but at most half the axis.

    Returns an array (time,). Raises ValueError if a frequency is not below Nyquist or T not above a step.

    ```python
    klauder(TimeAxis(duration=1000.0, step=4.0), 0.005, 0.060, sweep_duration=8000.0)
    ```
    """
    check_frequency("start_frequency", start_frequency, time.step)
    check_frequency("end_frequency", end_frequency, time.step)
    check_duration("sweep_duration", sweep_duration, time.step)
    tau = jnp.abs(_since(delay, jnp.minimum(sweep_duration, time.duration / 2), time))
    overlap = jnp.maximum(sweep_duration - tau, 0) / sweep_duration
    envelope = overlap * jnp.sinc((end_frequency - start_frequency) * tau * overlap)
    return envelope * jnp.cos(jnp.pi * (start_frequency + end_frequency) * tau)


def berlage(
    time: TimeAxis,
    peak_frequency: Number,
    exponent: Number = 2.0,
    decay: Number | None = None,
    phase: Number = -np.pi / 2,
) -> Array:
    """Berlage wavelet ``t^n exp(-alpha t) cos(2 pi f t + phi)``: causal, it starts at time zero.

    Divided by its largest absolute sample, so the peak is one.

    Arguments:
        time: where to sample.
        peak_frequency: f, of the oscillation, kHz; the spectrum peaks there if the decay is slow.
        exponent: n, which makes the onset gentle; not negative.
        decay: alpha, 1/ms; ``4 f`` by default.
        phase: phi, radians; the default turns the cosine into a sine.

    Returns an array (time,). Raises ValueError for a negative exponent, a decay that is not
    positive or a frequency not below Nyquist.

    ```python
    berlage(TimeAxis(duration=1000.0, step=4.0), peak_frequency=0.010)
    ```
    """
    decay = 4 * peak_frequency if decay is None else decay
    check_frequency("peak_frequency", peak_frequency, time.step)
    _check_berlage(exponent, decay)
    t = time.values
    # t^n through the logarithm is differentiable in n; log 0 never enters the derivative
    power = jnp.where(t > 0, jnp.exp(exponent * np.log(np.where(t > 0, t, 1.0))), jnp.where(exponent == 0, 1.0, 0.0))
    wavelet = power * jnp.exp(-decay * t) * jnp.cos(2 * jnp.pi * peak_frequency * t + phase)
    return wavelet / jnp.max(jnp.abs(wavelet))


def minimum_phase(wavelet: Array, floor: float = 1e-4) -> Array:
    """The minimum-phase wavelet with the amplitude spectrum of ``wavelet``.

    ``exp(fold(log A))``, where ``fold`` keeps the causal part of the cepstrum (Kolmogorov) and
    ``A^2 = |W|^2 + floor^2 max |W|^2`` keeps the logarithm finite where the spectrum vanishes.
    The spectrum is kept, hence the energy; the peak is therefore not one.

    Arguments:
        wavelet: samples (time,); it is padded with zeros to sixteen times its length at least.
        floor: smallest amplitude, relative to the peak of the spectrum. Lower is more faithful,
            and longer: what does not fit the axis is cut off.

    Returns an array (time,), differentiable in the wavelet. Raises ValueError if it has another
    number of axes, or if the floor is not positive.

    ```python
    minimum_phase(ricker(TimeAxis(duration=1000.0, step=4.0), peak_frequency=0.010))
    ```
    """
    wavelet = _one_axis(jnp.asarray(wavelet))
    _checks.positive("floor", floor, "the spectrum's peak")
    n = _padded(wavelet.size)
    spectrum = jnp.fft.rfft(wavelet, n)
    power = spectrum.real**2 + spectrum.imag**2
    cepstrum = jnp.fft.irfft(0.5 * jnp.log(power + floor**2 * jnp.max(power)), n)
    fold = np.r_[1.0, np.full(n // 2 - 1, 2.0), 1.0, np.zeros(n // 2 - 1)].astype(cepstrum.dtype)
    return jnp.fft.irfft(jnp.exp(jnp.fft.rfft(fold * cepstrum)), n)[: wavelet.size]


def band(wavelet: Array, step: float, level: float = 0.01) -> tuple[float, float]:
    """Lowest and highest frequency, kHz, at which the amplitude spectrum exceeds ``level`` of its peak.

    Arguments:
        wavelet: samples (time,) with values: band is not for use under jit.
        step: sampling interval, ms.
        level: fraction of the peak, between 0 and 1.

    Returns two floats, to a sixteenth of the spacing of the wavelet's own frequencies or better.
    Raises ValueError for a wavelet that is zero or not finite, or a level outside (0, 1).

    ```python
    low, high = band(ricker(TimeAxis(duration=1000.0, step=4.0), peak_frequency=0.010), step=4.0)
    ```
    """
    values = _one_axis(np.asarray(wavelet, float))
    _checks.finite("wavelet", values)
    _checks.positive("step", step, "milliseconds")
    if not 0 < level < 1:
        raise _checks.fail("level", "a fraction between 0 and 1", level)
    if not values.any():
        raise _checks.fail("wavelet", "a sample that is not zero", "zeros only")
    n = _padded(values.size)
    amplitude = np.abs(np.fft.rfft(values, n))
    inside = np.fft.rfftfreq(n, step)[amplitude > level * amplitude.max()]
    return float(inside[0]), float(inside[-1])


def _since(delay: Number | None, default: Number, time: TimeAxis) -> Array:
    """tau: the time that has passed since the delay, or since its default."""
    return jnp.asarray(time.values - (default if delay is None else delay))


def _hermite(order: int) -> np.ndarray:
    """Coefficients, highest first, of the Hermite polynomial scaled so that ``|H(x)| exp(-x^2)`` peaks at one."""
    polynomial = hermite.Hermite.basis(order)
    extrema = np.real(hermite.Hermite.basis(order + 1).roots())  # (H_n exp(-x^2))' = -H_(n+1) exp(-x^2)
    peak = np.max(np.abs(polynomial(extrema)) * np.exp(-(extrema**2)))
    sign = (-1) ** (order - order // 2)  # d^n/dx^n exp(-x^2) = (-1)^n H_n exp(-x^2)
    return sign / peak * hermite.herm2poly(polynomial.coef)[::-1]


def _ramp(tau: Array, a: Number, b: Number) -> Array:
    return ((b * jnp.sinc(b * tau)) ** 2 - (a * jnp.sinc(a * tau)) ** 2) / (b - a)


def _corners(corners: Sequence[Number], step: float) -> Sequence[Number]:
    if len(corners) != 4:
        raise _checks.fail("corners", "four frequencies (f1, f2, f3, f4)", f"{len(corners)}")
    for i in (1, 2, 3):  # f1 may be zero, and is below f2
        check_frequency(f"corners[{i}]", corners[i], step)
    if _checks.is_concrete(tuple(corners)):
        f1, f2, f3, f4 = (float(f) for f in corners)
        if not 0 <= f1 < f2 <= f3 < f4:
            raise _checks.fail("corners", "frequencies with 0 <= f1 < f2 <= f3 < f4", (f1, f2, f3, f4))
    return corners


def _check_berlage(exponent: Number, decay: Number) -> None:
    if _checks.is_concrete(decay):
        _checks.positive("decay", float(decay), "1/ms")
    if _checks.is_concrete(exponent) and not float(exponent) >= 0:
        raise _checks.fail("exponent", "a number that is not negative", exponent)


def _one_axis(wavelet: Any) -> Any:
    if wavelet.ndim != 1 or wavelet.size == 0:
        raise _checks.fail("wavelet", "an array (time,) with samples", f"shape {wavelet.shape}")
    return wavelet


def _padded(size: int) -> int:
    """A power of two, sixteen times ``size`` or more."""
    return 16 * 2 ** int(np.ceil(np.log2(size)))
