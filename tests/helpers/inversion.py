"""A tiny survey over two layers under water, recorded once, for tests of workflows and of the command line."""

from functools import lru_cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np

import jaxseis as js
from jaxseis import io
from jaxseis.workflows import Experiment, FWISettings

GRID, TIME = js.Grid((41, 31), 20.0), js.TimeAxis(500.0, 5.0)
SOURCES = js.Geometry(x=jnp.array([120.0, 400.0, 680.0]), z=20.0)
RECEIVERS = js.Geometry.spread(x=GRID.coordinates("x"), z=40.0)
SETTINGS = FWISettings(
    bands_hz=(4.0, 8.0),
    iterations=(3, 2),
    batch=2,
    step_km_s=0.02,
    bounds_km_s=(1.5, 2.6),
    smoothing_m=20.0,
    checkpoint_every=2,
)


@lru_cache
def models() -> tuple[np.ndarray, np.ndarray]:
    """True velocity and start, km/s: water, sediment and a fast layer; the start has no fast layer."""
    true = np.full(GRID.shape, 1.5)
    true[:, 4:] = 2.0
    start = true.copy()
    true[:, 18:] = 2.4
    return true, start


def wave(dtype: str = "float64") -> js.WaveEquation:
    """Constant density, order 8, PML."""
    return js.WaveEquation(GRID, js.Acoustic(), TIME, max_velocity=2.7, absorbing=js.PML(5), dtype=dtype)


@lru_cache
def observed() -> js.Shots:
    """The recording."""
    q = js.ricker(TIME, js.hertz(8.0))
    F = js.Modeling(wave(), SOURCES, RECEIVERS)
    traces = F(js.squared_slowness(models()[0])) @ q
    # What a 4-byte file holds, so that files and memory are the same data.
    return js.Shots(jnp.asarray(np.asarray(traces, np.float32), float), SOURCES, RECEIVERS, TIME)


def experiment(shots=None) -> Experiment:
    """The experiment that starts from the start."""
    water = models()[0] == 1.5
    q = js.ricker(TIME, js.hertz(8.0))
    return Experiment(wave(), q, models()[1], observed() if shots is None else shots, water)


def write_files(folder: Path) -> io.SegyShots:
    """The recording as SEG-Y files, one a shot, and the shots in them."""
    folder.mkdir(exist_ok=True)
    for i in range(len(observed())):
        io.write_shots(folder / f"shot{i}.sgy", observed()[i])
    return io.SegyShots(io.scan(folder, show=False))
