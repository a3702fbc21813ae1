"""What every figure shares: matplotlib when it is there, axes, labels, colour bars, percentile clips.

Sizes of letters are passed explicitly, so that nothing of the user's own matplotlib settings is changed.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE, LABEL, TICK = 12, 11, 10  # points


def new_axes(width: float, height: float) -> "Axes":
    """The axes of a new figure, inches; an ImportError that says what to install without matplotlib."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Figures need matplotlib: pip install jaxseis[plot]") from error
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def label(ax: "Axes", x: str, y: str, title: str | None) -> "Axes":
    """Name the axes; the title only if there is one, so that an earlier one stays."""
    ax.set_xlabel(x, fontsize=LABEL)
    ax.set_ylabel(y, fontsize=LABEL)
    ax.tick_params(labelsize=TICK)
    if title is not None:
        ax.set_title(title, fontsize=TITLE, loc="left")  # a legend may stand at the right
    return ax


def colorbar(ax: "Axes", image: Any, text: str, extend: str = "neither") -> None:
    """A bar as high as the axes at their right, whatever their aspect."""
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.02, 0.0, 0.025, 1.0)), extend=extend)
    bar.set_label(text, fontsize=LABEL)
    bar.ax.tick_params(labelsize=TICK)
    bar.outline.set_linewidth(0.5)


def legend_above(ax: "Axes", columns: int = 4) -> None:
    """A legend above the axes, at the right, where it hides nothing; in one line if it has no more than ``columns``."""
    from matplotlib.collections import PathCollection

    drawn = ax.legend(
        fontsize=TICK, frameon=False, ncols=columns, loc="lower right", bbox_to_anchor=(1.0, 1.01), borderaxespad=0.0
    )
    for handle in drawn.legend_handles:
        if isinstance(handle, PathCollection):  # markers, which may be too small on the axes to recognise here
            handle.set_sizes([40.0])


def title_over_legend(ax: "Axes", columns: int) -> "Axes":
    """The title moved over the lines of a `legend_above`, for axes too narrow to have both in one."""
    lines = -(-len(ax.get_legend().get_texts()) // columns)  # type: ignore[union-attr]
    ax.set_title(ax.get_title("left"), fontsize=TITLE, loc="left", pad=10 + 1.5 * TICK * lines)
    return ax


def amplitude(values: np.ndarray, percentile: float) -> float:
    """The percentile of the absolute values, positive even if all are zero."""
    if not 0 < percentile <= 100:
        raise _checks.fail("clip", "a percentile above 0 and up to 100", percentile)
    clipped = float(np.percentile(np.abs(values), percentile))
    # Sparse data may be zero up to that percentile.
    return clipped or float(np.max(np.abs(values))) or 1.0
