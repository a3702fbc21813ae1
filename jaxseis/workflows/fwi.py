"""Full-waveform inversion of shots in memory or in files, from low to high frequencies.

Every iteration is a step of Adam on a random batch (see ``step.py``). Within a band its size falls as a cosine to a
tenth. The state is kept in a checkpoint, from which an inversion goes on as if it had not been interrupted.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from jaxseis import _checks
from jaxseis._progress import progress
from jaxseis.model import velocity
from jaxseis.units import hertz
from jaxseis.workflows.batches import random_batches
from jaxseis.workflows.checkpoint import load_checkpoint, save_checkpoint
from jaxseis.workflows.config import FWISettings
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.history import History, Row
from jaxseis.workflows.step import State, make_step, start_of, start_of_band
from jaxseis.workflows.wavelet import check_hertz

LAST_RATE = 0.1
CHECKPOINT = "checkpoint.npz"


class Inversion(NamedTuple):
    """The velocity, km/s, and one row for each iteration."""

    velocity: np.ndarray
    history: list[Row]


def invert(
    experiment: Experiment,
    settings: FWISettings,
    folder: Path | None = None,
    resume: bool = False,
    show: bool = True,
) -> Inversion:
    """The velocity that explains the shots of an experiment.

    Arguments:
        experiment: start model, shots, wavelet and wave equation.
        settings: bands, iterations, bounds.
        folder: where the checkpoint and the log are written; nowhere by default.
        resume: whether to go on from the checkpoint in the folder. The result is the same to the last bit as
            without the interruption.
        show: whether there is a progress bar.

    Returns the velocity, and for every iteration the misfit ``|w (F(m) q - d)|^2 / |w d|^2`` of its batch.
    Raises ValueError for a start outside the bounds, a checkpoint of something else or data that are not finite.

    ```python
    result = invert(experiment, FWISettings(bands_hz=(3.0, 6.0), bounds_km_s=(1.5, 5.0)), Path("output"))
    ```
    """
    _check(experiment, settings)
    state, rows = start_of(experiment), []
    identity = {**experiment.identity(), **settings.model_dump(exclude={"checkpoint_every"})}
    if resume and folder is not None:
        state, rows = load_checkpoint(folder / CHECKPOINT, state, identity)
    history = History(folder, rows)
    left, total = iterations(experiment, settings, state, len(rows)), len(schedule(settings))
    with progress(total, "inversion", show) as bar:
        bar.update(len(rows))
        for state, row in left:
            history.add(row)
            bar.step(misfit=row.misfit)
            done = len(history.rows)
            if folder is not None and (done % settings.checkpoint_every == 0 or done == total):
                save_checkpoint(folder / CHECKPOINT, state, history.rows, identity)
    return Inversion(experiment.with_water(velocity(state.m)), history.rows)


def iterations(
    experiment: Experiment, settings: FWISettings, state: State, done: int = 0
) -> Iterator[tuple[State, Row]]:
    """The iterations that are left: after each its state and its row.

    Arguments:
        experiment, settings: as for ``invert``.
        state: where to go on.
        done: how many iterations are done already.
    """
    step, plan = make_step(experiment, settings), schedule(settings)
    batches = random_batches(experiment.shots, settings.seed, settings.batch, first=done)
    for number in range(done, len(plan)):
        band, rate, first = plan[number]
        begin = perf_counter()
        numbers, shots = next(batches)
        state, misfit = step(start_of_band(state.m) if first else state, shots, hertz(band), rate)
        misfit = float(misfit)  # waits until it is there
        yield state, Row.of(number, band, misfit, perf_counter() - begin, numbers)


def schedule(settings: FWISettings) -> list[tuple[float, float, bool]]:
    """For each iteration its band (Hz), the factor of its step, and whether it is the first of the band."""
    plan = []
    for band, count in zip(settings.bands_hz, settings.iterations_of_bands, strict=True):
        rates = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + np.cos(np.pi * np.arange(count) / count))
        plan += [(band, float(rate), i == 0) for i, rate in enumerate(rates)]
    return plan


def _check(experiment: Experiment, settings: FWISettings) -> None:
    for band in settings.bands_hz:
        check_hertz("[fwi] bands_hz", band, experiment.wave.time.step)
    low, high = settings.bounds_km_s
    rock = experiment.velocity[experiment.free]
    if rock.size == 0:
        raise _checks.fail("water", "a model that is not all water", "no other cell")
    if rock.min() < low * (1 - 1e-5) or rock.max() > high * (1 + 1e-5):
        expected = f"bounds that hold the start model, {rock.min():g} to {rock.max():g} km/s"
        raise _checks.fail("[fwi] bounds_km_s", expected, (low, high), "Widen them.")
    if high > experiment.wave.max_velocity * (1 + 1e-5):
        most = f"at most max_velocity, {experiment.wave.max_velocity:g} km/s"
        raise _checks.fail("[fwi] bounds_km_s", f"velocities of {most}", high, "Raise modelling.max_velocity_km_s.")
