"""Zero-phase filters along time.

    low pass:  g(f) = exp(-ln(2)/2 (f / corner)^2),      high pass:  1 - exp(ln(1 - sqrt(1/2)) (f / corner)^2)

Both have half the power (amplitude ``sqrt(1/2)``) at their corner. In time they are a Gaussian, and a spike
less a Gaussian, which do not ring while the corner is well below Nyquist. They act on traces padded with zeros
to twice their length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.preconditioners._step import LinearStep, set_number
from jaxseis.shots import Shots
from jaxseis.units import check_frequency


def lowpass(x: Any, step: float, corner: Any, axis: int) -> Array:
    """A Gaussian low-pass of zero phase: the amplitude at frequency f is ``exp(-ln(2)/2 (f / corner)^2)``.

    Filter the wavelet like the data: modelling does not depend on time, so filtered data are data of the
    filtered wavelet.

    Arguments:
        x: samples, real, any axes: a wavelet (time,) or traces (shot, time, receiver).
        step: sampling interval, ms.
        corner: the frequency of half power, kHz.
        axis: the time axis of ``x``.

    Returns an array like ``x``, differentiable in it and in the corner.
    Raises ValueError if the corner is not below Nyquist or ``x`` has no such axis.

    ```python
    time = TimeAxis(1000.0, 4.0)
    q = lowpass(ricker(time, hertz(10.0)), time.step, hertz(5.0), axis=0)
    ```
    """
    check_frequency("corner", corner, step)
    return _filtered(x, step, axis, lambda f: _low(f, corner))


def bandpass(x: Any, step: float, low: Any, high: Any, axis: int) -> Array:
    """The low-pass of ``lowpass`` after a high-pass of amplitude ``1 - exp(ln(1 - sqrt(1/2)) (f / low)^2)``.

    Arguments:
        x: samples, real, any axes: a wavelet (time,) or traces (shot, time, receiver).
        step: sampling interval, ms.
        low: frequency at which the high-pass has half the power, kHz; a constant is removed.
        high: frequency at which the low-pass has half the power, kHz.
        axis: the time axis of ``x``.

    Returns an array like ``x``, differentiable in it and in both frequencies.
    Raises ValueError if they are not in order and below Nyquist, or ``x`` has no such axis.

    ```python
    time = TimeAxis(1000.0, 4.0)
    q = bandpass(ricker(time, hertz(10.0)), time.step, hertz(3.0), hertz(20.0), axis=0)
    ```
    """
    check_frequency("low", low, step)
    check_frequency("high", high, step)
    if _checks.is_concrete(low, high):
        _check_order(low, high)
    return _filtered(x, step, axis, lambda f: _high(f, low) * _low(f, high))


@jax.tree_util.register_static
@dataclass(frozen=True)
class LowPass(LinearStep):
    """The traces of shots, filtered by ``lowpass``.

    Arguments:
        corner: the frequency of half power, kHz.

    ``step(shots)`` is the filtered shots and ``step.operator(shots)`` the linear operator on their traces.
    Raises ValueError if the corner is not positive and, when it is used, not below Nyquist.

    ```python
    band = LowPass(hertz(5.0))(observed)
    ```
    """

    corner: float

    def __post_init__(self) -> None:
        set_number(self, "corner", "a positive number of kHz", lambda x: 0 < x < np.inf)

    def process(self, shots: Shots) -> Shots:
        """The filtered shots."""
        return shots.with_traces(lowpass(shots.traces, shots.time.step, self.corner, axis=1))


@jax.tree_util.register_static
@dataclass(frozen=True)
class BandPass(LinearStep):
    """The traces of shots, filtered by ``bandpass``.

    Arguments:
        low, high: frequencies at which the high-pass and the low-pass have half the power, kHz.

    ``step(shots)`` is the filtered shots and ``step.operator(shots)`` the linear operator on their traces.
    Raises ValueError if the frequencies are not positive and in order and, when used, not below Nyquist.

    ```python
    band = BandPass(hertz(3.0), hertz(20.0))(observed)
    ```
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            set_number(self, name, "a positive number of kHz", lambda x: 0 < x < np.inf)
        _check_order(self.low, self.high)

    def process(self, shots: Shots) -> Shots:
        """The filtered shots."""
        return shots.with_traces(bandpass(shots.traces, shots.time.step, self.low, self.high, axis=1))


def _check_order(low: float, high: float) -> None:
    if low >= high:
        raise _checks.fail("low", f"a frequency below high, {high:g} kHz", low)


def _low(frequency: np.ndarray, corner: Any) -> Array:
    return jnp.exp(-0.5 * np.log(2) * (frequency / corner) ** 2)


def _high(frequency: np.ndarray, corner: Any) -> Array:
    return -jnp.expm1(np.log(1 - np.sqrt(0.5)) * (frequency / corner) ** 2)


def _filtered(x: Any, step: float, axis: int, response: Callable[[np.ndarray], Array]) -> Array:
    """``x`` with its spectrum along one axis times the response, real, at frequencies in kHz."""
    x = jnp.asarray(x)
    x = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)
    if not -x.ndim <= axis < x.ndim:
        raise _checks.fail("axis", f"one of the {x.ndim} axes of x", axis)
    return _shaped(x, response(np.fft.rfftfreq(2 * x.shape[axis], step)), axis)


@partial(jax.jit, static_argnames="axis")
def _shaped(x: Array, response: Array, axis: int) -> Array:
    last = jnp.moveaxis(x, axis, -1)
    size = last.shape[-1]
    filtered = jnp.fft.irfft(jnp.fft.rfft(last, 2 * size) * response, 2 * size)[..., :size]
    return jnp.moveaxis(filtered.astype(x.dtype), -1, axis)
