"""Images of shot gathers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis.plotting import _axes, _traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def gather(
    traces: Any,
    time: Any,
    receivers: Any = None,
    ax: "Axes | None" = None,
    *,
    clip: float = 99.0,
    cmap: str = "gray",
    label: str = "amplitude",
    title: str | None = None,
    colorbar: bool = False,
) -> "Axes":
    """Draw the traces of one shot as an image, time down.

    Arguments:
        traces: axes (time, receiver).
        time: the TimeAxis of the recording, or the times of the samples, milliseconds; drawn in seconds.
        receivers: the Geometry of this shot's receivers, or their positions, metres; drawn in kilometres
            along the coordinate in which they spread most. Traces are counted without it.
        ax: the axes to draw on; those of a new figure by default.
        clip: percentile of the absolute values at which the colours saturate.
        cmap: name of a matplotlib colour map.
        label: what the colour bar says.
        title: a title, if any.
        colorbar: whether to draw a colour bar.

    Returns the axes. Raises ValueError if shapes disagree or ``clip`` is no percentile.

    ```python
    ax = gather(np.random.default_rng(0).normal(size=(501, 101)), TimeAxis(2000.0, 4.0))
    ```
    """
    shot = _traces.prepare("traces", traces, time, receivers)
    limit = _axes.amplitude(shot.values, clip)
    ax = _axes.new_axes(6.0, 5.5) if ax is None else ax
    image = _image(ax, shot, vmin=-limit, vmax=limit, cmap=cmap)
    ax.set_ylim(shot.time[-1], shot.time[0])
    if colorbar:
        _axes.colorbar(ax, image, label, extend="both" if clip < 100 else "neither")
    return _axes.label(ax, shot.label, "time (s)", title)


def _image(ax: "Axes", shot: _traces.Traces, **options: Any) -> Any:
    steps = np.diff(shot.across)
    if not np.allclose(steps, shot.gap, rtol=1e-3):
        return ax.pcolormesh(shot.across, shot.time, shot.values, shading="nearest", rasterized=True, **options)
    # imshow filters when there are more traces than pixels, where a mesh would drop some.
    half, dt = shot.gap / 2, (shot.time[1] - shot.time[0]) / 2
    extent = (shot.across[0] - half, shot.across[-1] + half, shot.time[-1] + dt, shot.time[0] - dt)
    return ax.imshow(shot.values, extent=extent, aspect="auto", **options)
