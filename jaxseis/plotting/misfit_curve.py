"""The misfit against the iteration."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def misfit_curve(
    values: Any,
    ax: "Axes | None" = None,
    *,
    relative: bool = False,
    logarithmic: bool = True,
    label: str | None = None,
    title: str | None = None,
) -> "Axes":
    """Draw the misfit after each iteration; call it again with the same axes for another curve.

    Arguments:
        values: misfit at the start and after each iteration, ``(iterations + 1,)``.
        ax: the axes to draw on; those of a new figure by default.
        relative: whether to divide by the first value.
        logarithmic: whether the misfit has a logarithmic axis, which needs positive values.
        label: name of this curve in the legend, which is drawn if there is one.
        title: a title, if any.

    Returns the axes. Raises ValueError if ``values`` is not a vector, or not positive where it must be.

    ```python
    ax = misfit_curve([4.0, 2.0, 1.5, 1.4], relative=True, label="steepest descent")
    ```
    """
    values = _vector(values, logarithmic, relative)
    ax = _axes.new_axes(6.0, 4.0) if ax is None else ax
    marker = "o" if values.size <= 60 else None
    ax.plot(values / values[0] if relative else values, marker=marker, markersize=4, linewidth=1.5, label=label)
    _scales(ax, logarithmic)
    ax.grid(True, which="major", color="0.9", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(fontsize=_axes.TICK, frameon=False)
    return _axes.label(ax, "iteration", "misfit / first misfit" if relative else "misfit", title)


def _vector(values: Any, logarithmic: bool, relative: bool) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim != 1 or values.size == 0:
        raise _checks.fail("values", "one misfit for each iteration", f"shape {values.shape}")
    _checks.finite("values", values)
    if logarithmic and values.min() <= 0:
        raise _checks.fail("values", "positive numbers", f"{values.min():g}", "Pass logarithmic=False.")
    if relative and values[0] == 0:
        raise _checks.fail("values", "a first misfit to divide by", "0", "Pass relative=False.")
    return values


def _scales(ax: "Axes", logarithmic: bool) -> None:
    """Whole numbers of iterations; within two powers of ten, plain numbers between them as well."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not logarithmic:
        return
    ax.set_yscale("log")
    decades = np.ptp(np.log10(ax.get_ylim()))
    if decades < 2:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades > 0.7 else range(1, 10)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
