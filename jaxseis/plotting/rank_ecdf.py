"""The distribution of ranks of simulation-based calibration, less the uniform one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.inference.ecdf import ecdf_band
from jaxseis.inference.ecdf import rank_ecdf as shares_below
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rank_ecdf(
    ranks: Any,
    n: int,
    ax: "Axes | None" = None,
    *,
    level: float = 0.95,
    labels: Sequence[str] = (),
    title: str | None = None,
) -> "Axes":
    """Draw by how much the share of cases below each rank differs from that of uniform ranks.

    The whole of a curve keeps to the band with the given probability if the posteriors are right. A posterior too
    narrow rises first and then falls, too wide a one falls first, one too low stays below.

    Arguments:
        ranks: those of one quantity or several, ``(cases,)`` or ``(cases, quantities)``, from
            `jaxseis.inference.sbc_ranks`.
        n: how many samples they are among.
        ax: the axes to draw on; those of a new figure by default.
        level: the probability of the band, of each quantity by itself.
        labels: names of the quantities in the legend.
        title: a title, if any.

    Returns the axes. Raises ValueError if shapes do not fit, or the ranks are not numbers from 0 to n.

    ```python
    ax = rank_ecdf(np.random.default_rng(0).integers(0, 100, size=(500, 2)), 99, labels=("depth", "width"))
    ```
    """
    curves = np.asarray(shares_below(ranks, n))
    curves = curves[:, None] if curves.ndim == 1 else curves
    if curves.ndim != 2 or (labels and len(labels) != curves.shape[1]):
        raise _checks.fail("ranks", "(cases,) or (cases, quantities), as many as labels", f"shape {np.shape(ranks)}")
    band = ecdf_band(len(ranks), n, level)
    ax = _axes.new_axes(7.0, 4.2) if ax is None else ax
    low, high = (limit - band.fractions for limit in (band.low, band.high))
    ax.fill_between(band.fractions, low, high, step="mid", color="0.85", label=f"{100 * level:g} % if calibrated")
    ax.axhline(0.0, color="0.45", linewidth=1.0)
    for index, curve in enumerate(curves.T):
        ax.plot(band.fractions, curve - band.fractions, linewidth=1.5, label=labels[index] if labels else None)
    ax.set_xlim(0, 1)
    ax.spines[["top", "right"]].set_visible(False)
    _axes.legend_above(ax, columns=3)
    return _axes.label(ax, "rank / number of ranks", "share of cases below, less uniform", title)
