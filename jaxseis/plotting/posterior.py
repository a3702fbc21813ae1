"""A posterior of images: the truth, the mean, the deviation, the error, and samples, side by side."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid
from jaxseis.inference.summaries import posterior_mean, posterior_std
from jaxseis.plotting import _axes, _section


def posterior(
    truth: Any,
    samples: Any,
    grid: Grid | None = None,
    *,
    count: int = 2,
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
    label: str = "",
    title: str | None = None,
) -> np.ndarray:
    """Draw a posterior as a row of images: truth, mean and samples in one scale, error and deviation in another.

    Arguments:
        truth: the image, axes (x, z); a last axis of one channel is left out.
        samples: samples of its posterior, ``(n, x, z)``, or with a last axis of one channel.
        grid: the grid of the image, drawn in kilometres; by default axes have no numbers.
        count: how many of the samples are drawn.
        limits: smallest and largest value of the first scale; by default those of the truth, or of all images in that
            scale where the truth is constant.
        cmap: colours of the first scale.
        label: what the values are, with the unit.
        title: a title of the figure, if any.

    Returns the axes, ``(4 + count,)``, of a new figure. Raises ValueError if the shapes do not fit together.

    ```python
    truth = np.random.default_rng(0).normal(size=(40, 30))
    axes = posterior(truth, truth + 0.1 * np.random.default_rng(1).normal(size=(50, 40, 30)))
    ```
    """
    truth, samples = _image(truth, 2), _image(samples, 3)
    if truth.ndim != 2:
        raise _checks.fail("truth", "an image (x, z)", f"shape {truth.shape}")
    _checks.shape_is("samples", samples, (len(samples), *truth.shape), ("sample", "x", "z"))
    mean, deviation = np.asarray(posterior_mean(samples)), np.asarray(posterior_std(samples))
    count = min(_checks.whole("count", count, 0), len(samples))
    error = np.abs(mean - truth)
    values = {"truth": truth, "posterior mean": mean}
    values |= {f"sample {i + 1}": sample for i, sample in enumerate(samples[:count])}
    axes = _row(len(values) + 2, truth.shape, grid)
    _draw(axes[:-2], values, grid, limits or _range(values.values()), cmap, label, "both")
    top = np.percentile([error, deviation], 99.5) or 1.0
    errors = {"absolute error": error, "standard deviation": deviation}
    _draw(axes[-2:], errors, grid, (0.0, top), "magma", label, "max")
    if title is not None:
        axes[0].figure.suptitle(title, fontsize=_axes.TITLE, x=0.01, horizontalalignment="left")
    return axes


def _image(values: Any, ndim: int) -> np.ndarray:
    """Without the axis of a single channel."""
    values = np.asarray(values, float)
    return values[..., 0] if values.ndim == ndim + 1 and values.shape[-1] == 1 else values


def _range(images: Iterable[np.ndarray]) -> tuple[float, float]:
    """Of the first image; of all if it is constant, and wider if they all are."""
    images = list(images)
    for values in (images[0], np.stack(images)):
        if values.min() < values.max():
            return float(values.min()), float(values.max())
    return float(images[0].min()) - 0.5, float(images[0].min()) + 0.5


def _row(count: int, shape: tuple[int, ...], grid: Grid | None) -> np.ndarray:
    """Axes of one height, as wide as the image is in proportion to it."""
    width, depth = shape if grid is None else grid.extent
    each = 2.4 * float(np.clip(width / depth, 0.5, 2.5))
    figure = _axes.new_axes(count * each + 2.5, 3.2).figure
    # Axes of equal aspect overrun the usual margin a little.
    figure.set_layout_engine("constrained", h_pad=0.12)  # type: ignore[attr-defined]
    figure.clear()
    return figure.subplots(1, count, sharex=True, sharey=True)


def _draw(
    axes: Any, images: dict[str, np.ndarray], grid: Grid | None, limits: tuple, cmap: str, label: str, ends: str
) -> None:
    """Images in one scale, with a colour bar beside the last."""
    drawn = None
    for ax, (name, values) in zip(axes, images.items(), strict=True):
        _, drawn = _section.section(name, values, grid or Grid(values.shape, 1.0), ax, limits, cmap)
        _axes.label(
            ax, "x (km)" if grid else "", "depth (km)" if grid and ax.get_subplotspec().is_first_col() else "", name
        )
        if grid is None:
            ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        ax.label_outer()
    _axes.colorbar(axes[-1], drawn, label, extend=ends)
