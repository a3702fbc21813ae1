"""The figures of a run, as PNG files in its folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxseis import plotting
from jaxseis.acquisition import Geometry, TimeAxis
from jaxseis.grid import Grid

DPI = 120


def save_figure(path: Path, draw: Callable[..., Any], *arguments: Any, **options: Any) -> Path:
    """The figure that ``draw`` makes of its arguments, a function of :mod:`jaxseis.plotting`, in a file.

    Raises ImportError saying what to install without matplotlib.

    ```python
    save_figure(Path("start.png"), plotting.velocity, vp, grid, title="Start")
    ```
    """
    axes = draw(*arguments, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    axes.figure.savefig(path, dpi=DPI)
    _close(axes.figure)
    return path


def _close(figure: Any) -> None:
    import matplotlib.pyplot as plt

    plt.close(figure)


def vertical(values: Any, grid: Grid) -> tuple[np.ndarray, Grid]:
    """A section (x, z) as it is, or the middle one of a volume (x, y, z), with its grid."""
    values = np.asarray(values)
    if grid.ndim == 2:
        return values, grid
    keep = (0, 2)
    flat = Grid(*(tuple(t[i] for i in keep) for t in (grid.shape, grid.spacing, grid.origin)))
    return values[:, grid.shape[1] // 2], flat


def inversion_figures(
    folder: Path, grid: Grid, start: np.ndarray, final: np.ndarray, misfit: Sequence[float], bands: Sequence[float]
) -> None:
    """``start.png``, ``final.png``, ``update.png`` and ``misfit.png``; velocities in one scale of colours."""
    limits = (float(min(start.min(), final.min())), float(max(start.max(), final.max())))
    for name, v, title in (("start", start, "Start model"), ("final", final, "Inverted model")):
        save_figure(folder / f"{name}.png", plotting.velocity, *vertical(v, grid), limits=limits, title=title)
    update = vertical(final - start, grid)
    save_figure(folder / "update.png", plotting.perturbation, *update, cmap="RdBu_r", label="km/s", title="Update")
    save_figure(folder / "misfit.png", _misfits, misfit, bands)


def _misfits(misfit: Sequence[float], bands: Sequence[float]) -> Any:
    """The misfit of every iteration, with a line where a band begins."""
    positive = min(misfit) > 0
    axes = plotting.misfit_curve(misfit, logarithmic=positive, title="Misfit of each batch, relative to its data")
    for first in map(int, np.flatnonzero(np.diff(bands, prepend=np.nan) != 0)):
        axes.axvline(first, color="0.7", linewidth=1.0, linestyle="--")
        axes.text(first, 1.0, f" {bands[first]:g} Hz", transform=axes.get_xaxis_transform(), va="top", color="0.4")
    return axes


def gather_figure(path: Path, observed: Any, predicted: Any, time: TimeAxis, receivers: Geometry, title: str) -> Path:
    """Some traces of one shot, observed and predicted."""
    return save_figure(path, plotting.compare_traces, observed, predicted, time, receivers, title=title)


def image_figure(path: Path, image: np.ndarray, grid: Grid, title: str, label: str = "amplitude") -> Path:
    """A migrated image."""
    return save_figure(path, plotting.perturbation, *vertical(image, grid), clip=98, label=label, title=title)
