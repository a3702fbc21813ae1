"""Shot records of a model, written into SEG-Y files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import io
from jaxseis._progress import progress
from jaxseis.model import squared_slowness
from jaxseis.shots import Shots
from jaxseis.wave.modeling import Modeling
from jaxseis.wave.wave_equation import WaveEquation
from jaxseis.workflows.survey import Acquisition


def simulated(
    wave: WaveEquation, wavelet: Any, velocity: Any, acquisition: Acquisition, at_once: int = 1, show: bool = True
) -> Iterator[Shots]:
    """The shots of an acquisition, some at a time.

    Arguments:
        wave: the wave equation, on the time axis of the acquisition.
        wavelet: of all shots, (time,).
        velocity: the earth, km/s.
        acquisition: sources and receivers.
        at_once: shots at a time.
        show: whether there is a progress bar.

    ```python
    for shots in simulated(wave, q, vp, acquisition):
        io.write_shots(f"shot{i}.sgy", shots)
    ```
    """
    m, q = squared_slowness(jnp.asarray(velocity, wave.dtype)), jnp.asarray(wavelet, wave.dtype)
    F = Modeling(wave, acquisition.sources, acquisition.receivers)
    model = jax.jit(lambda F, m, q: F(m) @ q)
    _ = F(m)  # its checks need numbers, which they have not under jit
    with progress(len(F), "modelling", show) as bar:
        for first in range(0, len(F), at_once):
            pick = np.arange(first, min(first + at_once, len(F)))
            part = F[pick]
            yield Shots(model(part, m, q), acquisition.sources[pick], acquisition.receivers[pick], wave.time)
            bar.update(len(pick))


def write_files(shots: Iterator[Shots], folder: Path) -> list[Path]:
    """Write each of them into a file of its own, ``shot_00000.sgy`` and so on; their names."""
    paths = []
    for some in shots:
        for i in range(len(some)):
            paths.append(folder / f"shot_{len(paths):05d}.sgy")
            io.write_shots(paths[-1], some[i], first_record=len(paths))
    return paths


def write_file(shots: Iterator[Shots], path: Path) -> Path:
    """Write all of them into one file, which takes its name when it is complete."""
    first = next(shots)
    with io.SegyWriter(path, first.time) as out:
        out.write(first)
        for more in shots:
            out.write(more)
    return path
