"""Empirical against nominal coverage of credible regions."""

from typing import TYPE_CHECKING

import numpy as np

from jaxseis import _checks
from jaxseis.inference.coverage import Coverage
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 5  # components with a curve of their own


def coverage(
    found: Coverage, ax: "Axes | None" = None, *, label: str | None = None, title: str | None = None
) -> "Axes":
    """Draw how often regions hold the truth against how often they should; again, on the same axes, for another curve.

    Below the diagonal a posterior is too narrow or off, above it too wide; of balls (`jaxseis.inference.tarp`) a
    curve too steep in the middle is that of one too wide. The band holds each point of a component with a probability
    of 95 % if the posterior is right. More than five components are drawn by their mean, without a band: how far that
    may be off depends on how they go together.

    Arguments:
        found: from `jaxseis.inference.coverage` or `jaxseis.inference.tarp`; a curve for each component, or their
            mean if they are more than five.
        ax: the axes to draw on, with the band of the components drawn on them first; those of a new figure by default.
        label: name of the curve in the legend, which is drawn if there is one.
        title: a title, if any.

    Returns the axes. Raises ValueError if the levels do not fit together.

    ```python
    nominal = np.linspace(0.05, 0.95, 19)
    ax = coverage(Coverage(nominal, nominal**1.5, nominal - 0.05, nominal + 0.05), label="intervals")
    ```
    """
    nominal, empirical, low, high = (np.asarray(part, float) for part in found)
    if nominal.ndim != 1 or empirical.shape[:1] != nominal.shape:
        raise _checks.fail("found", "a Coverage over the same levels", f"shapes {nominal.shape}, {empirical.shape}")
    curves = empirical.reshape(nominal.size, -1)
    many = curves.shape[1] > MOST
    curves = curves.mean(axis=1, keepdims=True) if many else curves
    ax = _axes.new_axes(4.8, 4.8) if ax is None else ax
    if not ax.lines:
        ax.plot([0, 1], [0, 1], color="0.45", linewidth=1.0)
        _square(ax)
    if not (many or ax.collections):
        ax.fill_between(nominal, low, high, color="0.85", linewidth=0)
    marker = "o" if nominal.size <= 40 else None
    lines = ax.plot(nominal, curves, marker=marker, markersize=3.5, linewidth=1.5)
    lines[0].set_label(label)
    if label is not None:
        ax.legend(fontsize=_axes.TICK, frameon=False, loc="upper left")
    return _axes.label(ax, "nominal coverage", "empirical coverage", title)


def _square(ax: "Axes") -> None:
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
