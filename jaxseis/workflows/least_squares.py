"""Least-squares migration of shots in memory or in files: conjugate gradients on the normal equations.

    min |w (J W y - r)|^2,        W J^T w^2 J W y = W J^T w^2 r,        dm = W y,

with W zero in the water and a power of depth below. The data are needed once, for the right-hand side; an
iteration models and migrates some shots at a time, and keeps nothing but models. As the residual s of the normal
equations is known, so is the misfit: with b their right-hand side,

    |w (J W y - r)|^2 = |w r|^2 - y . (b + s).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxseis._progress import ProgressBar, progress
from jaxseis.preconditioners import depth_scaling
from jaxseis.workflows.batches import batches_in_order
from jaxseis.workflows.config import LSRTMSettings
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.linearized import Linearized


class LeastSquaresImage(NamedTuple):
    """A perturbation of squared slowness (s^2/km^2), and the relative misfit before and after each iteration."""

    image: np.ndarray
    misfit: list[float]


def least_squares_migrate(experiment: Experiment, settings: LSRTMSettings, show: bool = True) -> LeastSquaresImage:
    """The perturbation of squared slowness whose Born data fit the shots of an experiment.

    Arguments:
        experiment: background, shots, wavelet and wave equation.
        settings: iterations and shots at a time.
        show: whether there is a progress bar.

    ```python
    image, misfit = least_squares_migrate(experiment, LSRTMSettings(iterations=10))
    ```
    """
    born = Linearized(experiment, settings.subtract_background, settings.lowpass_hz)
    weights = _weights(experiment, settings.depth_power)
    with progress((settings.iterations + 1) * len(experiment.shots), "least squares", show) as bar:
        b, energy = _right_hand_side(experiment, born, settings.batch, bar)
        b = weights * b
        y, misfit = np.zeros_like(b), [1.0]
        s = p = b
        for _ in range(settings.iterations):
            if not s.any():
                break
            Hp = weights * _normal(experiment, born, weights * p, settings.batch, bar)
            length = np.vdot(s, s) / np.vdot(p, Hp)
            y, before, s = y + length * p, np.vdot(s, s), s - length * Hp
            p = s + np.vdot(s, s) / before * p
            misfit.append(1 - float(np.vdot(y, b + s)) / energy)
            bar.note(misfit=misfit[-1])
    return LeastSquaresImage(weights * y, misfit)


def _weights(experiment: Experiment, power: float) -> np.ndarray:
    depth = np.asarray(depth_scaling(experiment.wave.grid, power), float)
    return np.where(experiment.water, 0, depth / depth.max())


def _right_hand_side(experiment: Experiment, born: Linearized, size: int, bar: ProgressBar) -> tuple[np.ndarray, float]:
    """``J^T w^2 r`` and ``|w r|^2``."""
    image, energy = np.zeros(experiment.wave.grid.shape), 0.0
    for numbers, shots in batches_in_order(experiment.shots, size):
        part, more = born.migrated(shots)
        image, energy = image + np.asarray(part), energy + float(more)
        bar.update(len(numbers))
    return image, energy


def _normal(experiment: Experiment, born: Linearized, x: np.ndarray, size: int, bar: ProgressBar) -> np.ndarray:
    """``J^T w^2 J x``."""
    image, shots = np.zeros(x.shape), experiment.shots
    for first in range(0, len(shots), size):
        pick = np.arange(first, min(first + size, len(shots)))
        image = image + np.asarray(born.normal(jnp.asarray(x), shots.sources[pick], shots.receivers[pick]))
        bar.update(len(pick))
    return image
