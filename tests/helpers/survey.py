"""Small surveys with traces that say where they are from."""

import jax.numpy as jnp
import numpy as np

import jaxseis as js

TIME = js.TimeAxis(80.0, 4.0)


def survey(
    shots: int = 4, receivers: tuple[int, ...] = (3, 5, 4, 2), seed: int = 0, time: js.TimeAxis = TIME
) -> js.Shots:
    """Random float32 traces of shots with different numbers of receivers, positions of centimetres."""
    sources = js.Geometry(x=100.25 + 50.0 * np.arange(shots), z=10.0 + np.arange(shots))
    tables = [np.stack([12.5 * np.arange(n) + s, np.full(n, 5.5)], 1) for s, n in enumerate(receivers[:shots])]
    geometry = js.Geometry.ragged(tables)
    mask = np.ones((shots, geometry.points), bool) if geometry.mask is None else np.asarray(geometry.mask)
    traces = np.random.default_rng(seed).normal(size=(shots, time.size, geometry.points)).astype(np.float32)
    return js.Shots(jnp.asarray(traces * mask[:, None]), sources, geometry, time)


def positions(geometry: js.Geometry) -> np.ndarray:
    """The positions that are not padding, all shots one after another."""
    table = np.asarray(geometry.positions)
    return table[np.asarray(geometry.mask)] if geometry.mask is not None else table.reshape(-1, table.shape[-1])
