"""Amplitude spectra."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.plotting import _axes, _traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spectrum(
    traces: Any,
    time: Any,
    receivers: Any = None,
    ax: "Axes | None" = None,
    *,
    relative: bool = False,
    logarithmic: bool = False,
    label: str | None = None,
    title: str | None = None,
) -> "Axes":
    """Draw the mean amplitude spectrum of traces up to Nyquist; call it again with the same axes for another.

    Arguments:
        traces: axes (time, receiver), or (time,) such as a wavelet.
        time: the TimeAxis of the recording, or the times of the samples, milliseconds, evenly spaced.
        receivers: the Geometry of this shot's receivers, so that padded ones do not count.
        ax: the axes to draw on; those of a new figure by default.
        relative: whether to divide by the largest amplitude.
        logarithmic: whether the amplitude has a logarithmic axis.
        label: name of this curve in the legend, which is drawn if there is one.
        title: a title, if any.

    Returns the axes. Raises ValueError if shapes disagree or the times are not evenly spaced.

    ```python
    time = TimeAxis(1000.0, 4.0)
    ax = spectrum(ricker(time, hertz(10.0)), time, relative=True)
    ```
    """
    traces = np.asarray(traces)
    shot = _traces.prepare("traces", traces[:, None] if traces.ndim == 1 else traces, time, receivers)
    frequency, amplitude = _mean_spectrum(shot)
    ax = _axes.new_axes(6.0, 4.0) if ax is None else ax
    ax.plot(frequency, amplitude / (amplitude.max() or 1.0) if relative else amplitude, linewidth=1.5, label=label)
    ax.set_yscale("log" if logarithmic else "linear")
    ax.set_xlim(0, frequency[-1])
    ax.grid(True, which="major", color="0.9", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(fontsize=_axes.TICK, frameon=False)
    return _axes.label(ax, "frequency (Hz)", "amplitude / largest" if relative else "mean amplitude", title)


def _mean_spectrum(shot: _traces.Traces) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, Hz, and the mean over traces of the absolute Fourier transform ``|sum_j x_j exp(...) dt|``."""
    steps = np.diff(shot.time)
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise _checks.fail("time", "evenly spaced samples", f"steps from {steps.min():g} to {steps.max():g} s")
    step = float(steps.mean())
    amplitude = step * np.abs(np.fft.rfft(shot.values, axis=0)).mean(axis=1)
    return np.fft.rfftfreq(shot.time.size, step), amplitude
