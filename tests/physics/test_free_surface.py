r"""A free surface against the image of the source.

In a model that is even about the surface, a source and minus its mirror image give a field that is odd about it, hence
vanishes on it: below, that is the field under a free surface. This holds for the discrete equations exactly.
"""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis import PML, Acoustic, Geometry, Grid, Linear, Medium, Modeling, Sinc, TimeAxis, WaveEquation, ricker

SHAPE, SPACING = (40, 32), 10.0
SOURCES = np.array([[133.7, 14.2], [241.1, 97.9], [60.0, 200.0]])
RECEIVERS = np.array([[81.3, 6.1], [210.0, 20.0], [333.3, 33.3], [222.2, 251.7]])


def model():
    """Smooth random velocity and density."""
    rng = np.random.default_rng(3)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(2, *SHAPE)), 1), 2)
    low, high = smooth.min((1, 2), keepdims=True), smooth.max((1, 2), keepdims=True)
    return 1.5 + 2.5 * (smooth[0] - low[0]) / (high[0] - low[0]), 1.0 + (smooth[1] - low[1]) / (high[1] - low[1])


def records(imaged, density, interpolation, engine, order):
    """Data of three simultaneous sources: under a free surface, or with their images in the extended model."""
    (v, rho), sources, shape, depth = model(), SOURCES, SHAPE, 0.0
    q = np.stack([0.5, -1.0, 2.0] * np.asarray(ricker(TIME, 0.012))[:, None])
    if imaged:
        v, rho = (np.concatenate([x[:, :0:-1], x], 1) for x in (v, rho))
        shape, depth = v.shape, -SPACING * (SHAPE[1] - 1)
        sources, q = np.concatenate([sources, sources * [1, -1]]), np.concatenate([q, -q], 1)
    A = WaveEquation(
        Grid(shape, SPACING, (0.0, depth)), Acoustic(density=density), TIME, 4.0, space_order=order,
        absorbing=PML(10), free_surface=not imaged, interpolation=interpolation, engine=engine,
    )  # fmt: skip
    F = Modeling(A, *(Geometry.spread(x=p[:, 0], z=p[:, 1]) for p in (sources, RECEIVERS)))
    m = jnp.asarray(v) ** -2
    return np.asarray(F(Medium(m=m, buoyancy=1 / rho) if density else m) @ jnp.asarray(q)[None])[0]


TIME = TimeAxis(600.0, 1.2)
CASES = [
    pytest.param(density, interpolation, engine, order, marks=pytest.mark.slow if order == 2 or density else ())
    for density in (False, True)
    for interpolation, engine, order in ((Linear(), "xla", 2), (Linear(), "devito", 8), (Sinc(4), "xla", 8))
]


@pytest.mark.parametrize(("density", "interpolation", "engine", "order"), CASES)
def test_free_surface_is_an_image_source(density, interpolation, engine, order):
    surface, image = (records(imaged, density, interpolation, engine, order) for imaged in (False, True))
    assert np.abs(image).max(0).min() > 0.01 * np.abs(image).max()
    assert np.abs(surface - image).max() < 1e-10 * np.abs(image).max()


def test_the_pressure_vanishes_at_the_surface():
    A = WaveEquation(Grid(SHAPE, SPACING), Acoustic(), TIME, 4.0, free_surface=True, engine="xla")
    F = Modeling(A, Geometry(x=[133.7], z=14.2), Geometry.spread(x=np.arange(0.0, 390.0, 13.0), z=0.0))
    d = F(jnp.asarray(model()[0]) ** -2) @ ricker(TIME, 0.012)
    assert np.all(np.asarray(d) == 0)
