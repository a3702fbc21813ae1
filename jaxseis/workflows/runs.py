"""Whole runs: from a configuration to a folder with results, figures, a log and the configuration as used."""

import warnings
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, io, plotting
from jaxseis.grid import Grid
from jaxseis.model import squared_slowness
from jaxseis.workflows import figures
from jaxseis.workflows.batches import in_memory
from jaxseis.workflows.config import Config
from jaxseis.workflows.config_file import dump
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.from_config import experiment_of, needed, recorded_shots, start_model, wave_equation
from jaxseis.workflows.fwi import CHECKPOINT, invert
from jaxseis.workflows.least_squares import least_squares_migrate
from jaxseis.workflows.migration import migrate
from jaxseis.workflows.simulate import simulated, write_file, write_files
from jaxseis.workflows.survey import Acquisition, acquisition_of
from jaxseis.workflows.wavelet import wavelet

AT_ONCE = 8
"""Shots simulated together, unless configured."""


def run_fwi(config: Config, resume: bool = False, overwrite: bool = False, show: bool = True) -> str:
    """Invert the shots of a configuration; what came out, in words.

    Arguments:
        config: with the sections data, model, source and fwi.
        resume: whether to go on from the checkpoint in the folder.
        overwrite: whether to start anew where there is a checkpoint.
        show: whether there are progress bars.

    Writes ``model.npz``, ``model.sgy``, ``log.csv``, ``checkpoint.npz``, ``config.toml`` and figures.
    Raises ValueError if there is a checkpoint and neither is asked for, or none to resume.

    ```python
    print(run_fwi(read_config("project.toml"), resume=True))
    ```
    """
    settings = needed(config, "fwi")
    folder = Path(config.output.folder)
    _check_checkpoint(folder / CHECKPOINT, resume, overwrite)
    experiment = experiment_of(config, settings, show)
    _begin(folder, config, "fwi")
    final, history = invert(experiment, settings, folder, resume, show)
    grid = experiment.wave.grid
    _write(folder, "model", "vp", grid, final)
    if config.output.figures:
        misfit, bands = [row.misfit for row in history], [row.band_hz for row in history]
        _draw(lambda: figures.inversion_figures(folder, grid, experiment.velocity, final, misfit, bands))
        _draw(lambda: _compare(folder, experiment, final))
    return (
        f"{len(history)} iterations. Misfit {history[0].misfit:.3g} in the first and {history[-1].misfit:.3g} in the "
        f"last, relative to the data of their batches.\nVelocity, log and figures are in {folder}"
    )


def run_rtm(config: Config, show: bool = True) -> str:
    """Migrate the shots of a configuration: ``image.npz``, ``image.sgy``, ``image.png``."""
    experiment, folder = experiment_of(config, show=show), Path(config.output.folder)
    _begin(folder, config, "rtm")
    image = migrate(experiment, config.rtm, show)
    _write(folder, "image", "image", experiment.wave.grid, image)
    if config.output.figures:
        _draw(lambda: figures.image_figure(folder / "image.png", image, experiment.wave.grid, "Migrated image"))
    return f"{len(experiment.shots)} shots migrated. The image is in {folder}"


def run_lsrtm(config: Config, show: bool = True) -> str:
    """Migrate the shots of a configuration by least squares: the files of ``run_rtm``, and ``misfit.png``."""
    experiment, folder = experiment_of(config, show=show), Path(config.output.folder)
    _begin(folder, config, "lsrtm")
    image, misfit = least_squares_migrate(experiment, config.lsrtm, show)
    grid = experiment.wave.grid
    _write(folder, "image", "image", grid, image)
    np.savetxt(folder / "misfit.txt", misfit, header="relative misfit before and after each iteration")
    if config.output.figures:
        label = "squared slowness (s²/km²)"
        _draw(lambda: figures.image_figure(folder / "image.png", image, grid, "Least-squares image", label))
        _draw(lambda: figures.save_figure(folder / "misfit.png", plotting.misfit_curve, misfit, title="Misfit"))
    return f"{len(misfit) - 1} iterations. Misfit {misfit[-1]:.3g} of that at the start. The image is in {folder}"


def run_model(config: Config, show: bool = True) -> str:
    """Simulate the shots of a survey, or those in data files anew, into SEG-Y files."""
    grid, velocity = start_model(needed(config, "model"))
    acquisition = _acquisition(config, grid, show)
    wave = wave_equation(config.modelling, grid, acquisition.time, float(velocity.max()))
    q = wavelet(needed(config, "source"), acquisition.time)
    folder = Path(config.output.folder)
    _begin(folder, config, "model")
    shots = simulated(wave, q, velocity, acquisition, config.modelling.shots_at_once or AT_ONCE, show)
    if config.survey is not None and config.survey.one_file:
        return f"All shots are in {write_file(shots, folder / 'shots.sgy')}"
    return f"{len(write_files(shots, folder))} shots are in {folder}"


def _acquisition(config: Config, grid: Grid, show: bool) -> Acquisition:
    if config.survey is not None:
        return acquisition_of(config.survey, grid)
    if config.data is None:
        raise _checks.fail("[survey]", "this section, or [data] with files whose geometry is taken", "neither")
    shots = recorded_shots(config.data, grid.ndim, show)
    return Acquisition(shots.sources, shots.receivers, shots.time)


def _check_checkpoint(path: Path, resume: bool, overwrite: bool) -> None:
    if resume and not path.exists():
        raise _checks.fail("--resume", f"a checkpoint to go on from, {path}", "none", "Leave --resume out to start.")
    if path.exists() and not (resume or overwrite):
        remedy = "Add --resume to go on from it, or --overwrite to start anew."
        raise _checks.fail("output.folder", "a folder without a checkpoint", f"{path}", remedy)


def _begin(folder: Path, config: Config, command: str) -> None:
    """The folder, with the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(dump(config, command), encoding="utf-8")


def _write(folder: Path, name: str, array: str, grid: Grid, values: np.ndarray) -> None:
    """The result as a NumPy archive, and as SEG-Y where that can hold its grid."""
    io.save_model(folder / f"{name}.npz", grid, {array: values})
    try:
        io.save_model(folder / f"{name}.sgy", grid, {array: np.asarray(values, np.float32)})
    except ValueError as error:
        warnings.warn(f"{name}.sgy is not written: {error}", stacklevel=2)


def _draw(figure: Callable[[], object]) -> None:
    """Draw, or say what is missing for it."""
    try:
        figure()
    except ImportError as error:
        warnings.warn(f"No figure: {error}", stacklevel=2)


def _compare(folder: Path, experiment: Experiment, final: np.ndarray) -> None:
    """Observed and predicted traces of the middle shot, before and after."""
    shot = in_memory(experiment.shots[len(experiment.shots) // 2])
    for name, v in (("start", experiment.velocity), ("final", final)):
        predicted = experiment.modeling(shot)(squared_slowness(jnp.asarray(v))) @ jnp.asarray(experiment.wavelet)
        path, title = folder / f"gather_{name}.png", f"Middle shot, {name} model"
        figures.gather_figure(path, shot.traces[0], predicted[0], shot.time, shot.receivers, title)
