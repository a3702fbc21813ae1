"""The histogram of ranks of simulation-based calibration."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxseis import _checks
from jaxseis.inference.coverage import binomial_band
from jaxseis.inference.ranks import checked_ranks
from jaxseis.plotting import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rank_histogram(
    ranks: Any,
    n: int,
    ax: "Axes | None" = None,
    *,
    bins: int = 10,
    label: str | None = None,
    title: str | None = None,
) -> "Axes":
    """Draw how many cases have their truth at which rank among the samples, over what uniform ranks would give.

    A posterior too narrow fills both ends, too wide a one the middle, one too high the left end. The band holds
    each bar with a probability of 95 % if the posteriors are right.

    Arguments:
        ranks: those of one quantity, ``(cases,)``, from `jaxseis.inference.sbc_ranks`.
        n: how many samples they are among.
        ax: the axes to draw on; those of a new figure by default.
        bins: how many bars; where the n + 1 ranks do not divide evenly, the band has steps.
        label: what the quantity is, in the label of the axis.
        title: a title, if any.

    Returns the axes. Raises ValueError if the ranks are not a vector of numbers from 0 to n.

    ```python
    ax = rank_histogram(np.random.default_rng(0).integers(0, 100, size=500), 99)
    ```
    """
    ranks = np.asarray(checked_ranks(ranks, n))
    if ranks.ndim != 1:
        raise _checks.fail("ranks", "those of one quantity, (cases,)", f"shape {ranks.shape}")
    bins = min(_checks.whole("bins", bins, 2), n + 1)
    ax = _axes.new_axes(6.0, 4.0) if ax is None else ax
    edges = np.ceil(np.arange(bins + 1) * (n + 1) / bins)
    share = np.diff(edges) / (n + 1)
    low, high = (np.asarray(limit) * ranks.size for limit in binomial_band(share, ranks.size))
    ax.stairs(high, edges, baseline=low, fill=True, color="0.85", label="95 % if calibrated")
    ax.stairs(share * ranks.size, edges, baseline=None, color="0.45", linewidth=1.0)
    ax.hist(ranks, edges.tolist(), color="#2f5f93", alpha=0.75, rwidth=0.92, label="found")
    ax.set_xlim(0, n + 1)
    ax.spines[["top", "right"]].set_visible(False)
    _axes.legend_above(ax, columns=2)
    _axes.label(ax, f"rank of {label or 'the truth'} among {n} samples", "cases", title)
    return _axes.title_over_legend(ax, columns=2)
