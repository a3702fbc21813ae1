"""Reverse-time migration of shots in memory or in files, some at a time.

    image = sum over shots of  J(m)^T w^2 r  /  (I + eps max I),       I = sum over shots and times of u^2,

where r is the data, or the data less what the model itself predicts, w are the weights of the data and u the
wavefield of the source, whose energy I is the illumination.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis._progress import progress
from jaxseis._types import Array
from jaxseis.acquisition import TimeAxis
from jaxseis.model import squared_slowness
from jaxseis.preconditioners import laplacian_filter, lowpass
from jaxseis.resampling import Resampling
from jaxseis.shots import Shots
from jaxseis.units import hertz
from jaxseis.wave.projection import Projection
from jaxseis.wave.wave_equation import WaveEquation
from jaxseis.wavelets import band
from jaxseis.workflows.batches import batches_in_order
from jaxseis.workflows.config import RTMSettings
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.linearized import Linearized

FLOOR = 1e-3
"""What is added to the illumination, relative to its largest value."""
PASSED = 0.75
"""Fraction of the Nyquist frequency up to which resampling keeps everything."""


def migrate(experiment: Experiment, settings: RTMSettings, show: bool = True) -> np.ndarray:
    """The migrated image of all shots, on the grid of the model; zero in the water.

    Arguments:
        experiment: background, shots, wavelet and wave equation.
        settings: what is migrated, and how the image is scaled and filtered.
        show: whether there is a progress bar.

    ```python
    image = migrate(experiment, RTMSettings(batch=4))
    ```
    """
    born = Linearized(experiment, settings.subtract_background, settings.lowpass_hz)
    light_of = _illumination(experiment, settings.lowpass_hz)
    image = light = np.zeros(experiment.wave.grid.shape)
    with progress(len(experiment.shots), "migration", show) as bar:
        for numbers, shots in batches_in_order(experiment.shots, settings.batch):
            image = image + np.asarray(born.migrated(shots)[0])
            light = light + np.asarray(light_of(shots)) if settings.illumination else light
            bar.update(len(numbers))
    image = _without_edges(image / (light + FLOOR * light.max()) if light.any() else image)
    image = np.asarray(laplacian_filter(image, experiment.wave.grid.spacing)) if settings.laplacian else image
    return np.where(experiment.water, 0, image)


def _without_edges(image: np.ndarray) -> np.ndarray:
    """The image with its outermost nodes like their neighbours: they hold that of the absorbing layer as well."""
    return np.pad(image[(slice(1, -1),) * image.ndim], 1, mode="edge")


def _illumination(experiment: Experiment, lowpass_hz: float | None = None) -> Callable[[Shots], Array]:
    """``sum u^2`` over shots and times, of one wavefield after the other."""
    q = jnp.asarray(experiment.wavelet)
    if lowpass_hz is not None:
        q = lowpass(q, experiment.wave.time.step, hertz(lowpass_hz), axis=0)
    wave, q = _at_nyquist(experiment.wave, q)
    m = squared_slowness(jnp.asarray(experiment.velocity))

    @jax.jit
    def one(shot: Shots) -> Array:
        u = wave(m).inv @ Projection(shot.sources, wave).T @ q
        return jnp.sum(u**2, axis=(0, 1))

    return lambda shots: sum((one(shots[i]) for i in range(len(shots))), jnp.zeros(()))


def _at_nyquist(wave: WaveEquation, wavelet: Array) -> tuple[WaveEquation, Array]:
    """Wave equation and wavelet on the coarsest axis that resolves the wavelet: the energy is the same there."""
    time, highest = wave.time, band(wavelet, wave.time.step)[1]
    step = time.step * max(1, int(PASSED / (2 * highest * time.step)))
    coarse = TimeAxis(max(time.duration, step), step)
    return wave.replace(time=coarse), Resampling(time.step, time.size, coarse.step, coarse.size)(wavelet, axis=0)
