"""The distribution of ranks of simulation-based calibration, less the uniform one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.inference.ecdf import Band, ecdf_band
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
    label: str | Sequence[str] | None = None,
    title: str | None = None,
) -> "Axes":
    """Draw by how much the share of cases below each rank differs from that of uniform ranks; again, for more curves.

    The whole of a curve keeps to the band with the given probability if the posteriors are right. A posterior too
    narrow rises first and then falls, too wide a one falls first, one too low stays below.

    Arguments:
        ranks: those of one quantity or several, ``(cases,)`` or ``(cases, quantities)``, from
            `jaxseis.inference.sbc_ranks`.
        n: how many samples they are among.
        ax: the axes to draw on, with the band of what was drawn on them first; those of a new figure by default.
        level: the probability of the band, of each quantity by itself.
        label: name of the quantity in the legend, or the names of several.
        title: a title, if any.

    Returns the axes. Raises ValueError if shapes do not fit, or the ranks are not numbers from 0 to n.

    ```python
    ax = rank_ecdf(np.random.default_rng(0).integers(0, 100, size=(500, 2)), 99, label=("depth", "width"))
    ```
    """
    curves = np.asarray(shares_below(ranks, n))
    curves = curves[:, None] if curves.ndim == 1 else curves
    labels = [label] if isinstance(label, str) else list(label or [None] * curves.shape[-1])
    if curves.ndim != 2 or len(labels) != curves.shape[1]:
        raise _checks.fail("ranks", "(cases,) or (cases, quantities), as many as labels", f"shape {np.shape(ranks)}")
    ax = _axes.new_axes(7.0, 4.2) if ax is None else ax
    if not ax.lines:
        _draw_band(ax, ecdf_band(len(ranks), n, level), f"{100 * level:g} % if calibrated")
    fractions = np.arange(1, n + 1) / (n + 1)
    for curve, name in zip(curves.T, labels, strict=True):
        ax.plot(fractions, curve - fractions, linewidth=1.5, label=name)
    ax.set_xlim(0, 1)
    ax.spines[["top", "right"]].set_visible(False)
    _axes.legend_above(ax, columns=2)
    _axes.label(ax, "rank / number of ranks", "share of cases below, less uniform", title)
    return _axes.title_over_legend(ax, columns=2)


def _draw_band(ax: "Axes", band: Band, name: str) -> None:
    low, high = (limit - band.fractions for limit in (band.low, band.high))
    ax.fill_between(band.fractions, low, high, step="mid", color="0.85", label=name)
    ax.axhline(0.0, color="0.45", linewidth=1.0)
