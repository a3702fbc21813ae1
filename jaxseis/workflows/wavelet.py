"""The wavelet of a configuration: a Ricker wavelet or samples in a file, on the time axis of the data."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import TimeAxis
from jaxseis.resampling import Resampling
from jaxseis.units import hertz
from jaxseis.wavelets import ricker
from jaxseis.workflows.config import Source


def wavelet(source: Source, time: TimeAxis) -> np.ndarray:
    """The wavelet of all shots.

    Arguments:
        source: what is configured. An amplitude that is to be fitted counts as one.
        time: the time axis of the data.

    Returns an array (time,). Raises ValueError for a file that holds no wavelet.

    ```python
    q = wavelet(Source(peak_frequency_hz=8.0), TimeAxis(1000.0, 4.0))
    ```
    """
    amplitude = 1.0 if source.amplitude == "fit" else source.amplitude
    q = _ricker(source, time) if source.file is None else _from_file(Path(source.file), source.step_ms, time)
    return amplitude * q


def _ricker(source: Source, time: TimeAxis) -> np.ndarray:
    frequency = source.peak_frequency_hz or 0.0
    check_hertz("[source] peak_frequency_hz", frequency, time.step)
    return np.asarray(ricker(time, hertz(frequency), source.delay_ms))


def check_hertz(name: str, frequency: float, step: float) -> None:
    """An error unless a frequency in Hz is below Nyquist for a step in ms."""
    nyquist = 500 / step
    if not 0 < frequency < nyquist:
        raise _checks.fail(name, f"less than {nyquist:g} Hz, half the sampling rate of {step:g} ms", frequency)


def _from_file(path: Path, step: float | None, time: TimeAxis) -> np.ndarray:
    samples, step = _samples(path), step or time.step
    if samples.ndim != 1 or samples.size < 2:
        raise _checks.fail(str(path), "one column of samples", f"shape {samples.shape}")
    _checks.finite(str(path), samples)
    # A wavelet is zero after its end, where resampling would continue a signal by reflection.
    missing = max(0, 1 + int(np.ceil(time.duration / step)) - samples.size)
    x = jnp.asarray(np.pad(samples, (0, missing)))
    return np.asarray(Resampling(step, x.size, time.step, time.size)(x, axis=0))


def _samples(path: Path) -> np.ndarray:
    if path.suffix != ".npz":
        return np.loadtxt(path, dtype=float)
    with np.load(path) as file:
        if "wavelet" not in file.files:
            raise _checks.fail(str(path), "an array named 'wavelet'", f"only {sorted(file.files)}")
        return np.asarray(file["wavelet"], float)
