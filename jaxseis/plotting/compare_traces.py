"""Two gathers on top of each other, trace by trace."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.plotting import _axes, _traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ({"color": "black", "linewidth": 1.6}, {"color": "#e6332a", "linewidth": 1.1, "linestyle": "--"})


def compare_traces(
    observed: Any,
    predicted: Any,
    time: Any,
    receivers: Any = None,
    ax: "Axes | None" = None,
    *,
    count: int = 8,
    clip: float = 100.0,
    labels: tuple[str, str] = ("observed", "predicted"),
    title: str | None = None,
) -> "Axes":
    """Draw some traces of two gathers on top of each other, in one scale, time down.

    Arguments:
        observed: axes (time, receiver), drawn as a full black line.
        predicted: the same shape, drawn as a dashed red line.
        time: the TimeAxis of the recording, or the times of the samples, milliseconds; drawn in seconds.
        receivers: the Geometry of this shot's receivers, or their positions, metres; see ``gather``.
        ax: the axes to draw on; those of a new figure by default.
        count: how many receivers, evenly chosen, are drawn.
        clip: percentile of the absolute observed values drawn half as wide as the distance between traces.
        labels: what the legend says of the two.
        title: a title, if any.

    Returns the axes. Raises ValueError if shapes disagree, ``count`` is not positive or ``clip`` is no
    percentile.

    ```python
    data = np.random.default_rng(0).normal(size=(501, 101))
    ax = compare_traces(data, 0.8 * data, TimeAxis(2000.0, 4.0))
    ```
    """
    if count < 1:
        raise _checks.fail("count", "at least one trace", count)
    _checks.shape_is("predicted", predicted, np.shape(observed), ("time", "receiver"))
    shots = [_chosen(traces, time, receivers, count) for traces in (observed, predicted)]
    ax = _axes.new_axes(7.0, 5.5) if ax is None else ax
    scale = 0.5 * shots[0].gap / _axes.amplitude(shots[0].values, clip)
    for shot, style, name in zip(shots, STYLES, labels, strict=True):
        lines = ax.plot(shot.across + scale * shot.values, shot.time, **style)
        lines[0].set_label(name)
    ax.set_ylim(shots[0].time[-1], shots[0].time[0])
    _axes.legend_above(ax)
    return _axes.label(ax, shots[0].label, "time (s)", title)


def _chosen(traces: Any, time: Any, receivers: Any, count: int) -> _traces.Traces:
    """The traces of ``count`` receivers spread evenly, or of all if they are fewer."""
    shot = _traces.prepare("traces", traces, time, receivers)
    pick = np.unique(np.linspace(0, shot.across.size - 1, count + 2)[1:-1].round().astype(int))
    return shot._replace(values=shot.values[:, pick], across=shot.across[pick])
