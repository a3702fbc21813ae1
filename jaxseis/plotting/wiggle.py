"""Wiggle traces with filled peaks."""

from typing import TYPE_CHECKING, Any

from jaxseis.plotting import _axes, _traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def wiggle(
    traces: Any,
    time: Any,
    receivers: Any = None,
    ax: "Axes | None" = None,
    *,
    clip: float = 99.0,
    gain: float = 1.0,
    color: str = "black",
    fill: bool = True,
    title: str | None = None,
) -> "Axes":
    """Draw every trace as a line, time down, peaks filled.

    Arguments:
        traces: axes (time, receiver); some tens of them, take every n-th of more.
        time: the TimeAxis of the recording, or the times of the samples, milliseconds; drawn in seconds.
        receivers: the Geometry of this shot's receivers, or their positions, metres; see ``gather``.
        ax: the axes to draw on; those of a new figure by default.
        clip: percentile of the absolute values drawn as wide as the distance between traces.
        gain: that width in distances between traces; what is wider is cut there.
        color: colour of lines and peaks.
        fill: whether to fill the peaks.
        title: a title, if any.

    Returns the axes. Raises ValueError if shapes disagree or ``clip`` is no percentile.

    ```python
    ax = wiggle(np.random.default_rng(0).normal(size=(501, 24)), TimeAxis(2000.0, 4.0))
    ```
    """
    shot = _traces.prepare("traces", traces, time, receivers)
    ax = _axes.new_axes(6.0, 5.5) if ax is None else ax
    width = gain * shot.gap
    shifts = (shot.values / _axes.amplitude(shot.values, clip)).clip(-1, 1) * width
    for base, shift in zip(shot.across, shifts.T, strict=True):
        ax.plot(base + shift, shot.time, color=color, linewidth=0.6)
        if fill:
            ax.fill_betweenx(shot.time, base, base + shift, where=shift > 0, interpolate=True, color=color, linewidth=0)
    ax.set_xlim(shot.across[0] - 1.1 * width, shot.across[-1] + 1.1 * width)
    ax.set_ylim(shot.time[-1], shot.time[0])
    return _axes.label(ax, shot.label, "time (s)", title)
