"""Tilted transverse isotropy: P waves travel with the group velocity of the tilted Christoffel equation, an axis that
stands upright is VTI, and fields do not grow in a multi-axial layer, as they do in a plain one."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.rays import delay, group_velocity

from jaxseis import PML, TTI, VTI, Geometry, Grid, Medium, Modeling, Sinc, TimeAxis, WaveEquation, ricker

VP, EPSILON, DELTA, SHEAR, PEAK, SPACING = 2.0, 0.2, 0.08, 0.3, 0.010, 12.0
NEAR, FAR = 500.0, 1100.0


def traces(equation, angles, **tilt):
    """Records (receiver, time) along rays at angles from the vertical, near and far."""
    n = int(FAR / SPACING) + 16
    grid = Grid((2 * n - 1, n), SPACING, origin=(-SPACING * (n - 1), -10 * SPACING))
    time = TimeAxis(FAR / VP + 2.5 / PEAK, 2.0)
    options = {"interpolation": Sinc(), "correct_dispersion": True, "absorbing": PML(20, multiaxial=0.0)}
    A = WaveEquation(grid, equation, time, VP * 1.25, **options)
    rays = np.concatenate([r * np.stack([np.sin(angles), np.cos(angles)]) for r in (NEAR, FAR)], axis=1)
    constant = {"m": VP**-2, "buoyancy": 1.0, "epsilon": EPSILON, "delta": DELTA} | tilt
    medium = Medium(**{k: jnp.full(grid.shape, v) for k, v in constant.items()})
    F = Modeling(A, Geometry(x=[0.0], z=0.0), Geometry.spread(x=rays[0], z=rays[1]))
    return np.asarray(F(medium) @ ricker(time, PEAK))[0].T, time.step


@pytest.mark.slow
def test_waves_travel_with_the_group_velocity():
    angles, tilt = np.radians([-75, -45, -20, 0, 20, 30, 45, 75]), np.radians(30)
    d, dt = traces(TTI(SHEAR), angles, theta=tilt)
    times = [delay(a, b, dt) for a, b in zip(*np.split(d, 2), strict=True)]
    expected = group_velocity(angles - tilt, VP, EPSILON, DELTA, SHEAR)
    np.testing.assert_allclose((FAR - NEAR) / np.array(times), expected, rtol=0.005)


@pytest.mark.slow
def test_an_upright_axis_is_vti():
    angles = np.radians([0, 40, 80])
    (tilted, _), (upright, _) = traces(TTI(SHEAR), angles, theta=0.0), traces(VTI(SHEAR), angles)
    tilted, upright = tilted[3:], upright[3:]  # far away, where slow SV waves of few points a wavelength are not yet
    assert np.linalg.norm(tilted - upright) < 0.002 * np.linalg.norm(upright)  # two kinds of differences of order 8


def sizes(layer, order=8, parts=4, **medium):
    """Norms of the parts of a record of 10,000 steps on a small grid, after a pulse in its middle."""
    grid, time = Grid((50, 40), 10.0), TimeAxis(10_000.0, 1.0)
    A = WaveEquation(grid, TTI(SHEAR), time, max_velocity=4.0, absorbing=layer, space_order=order)
    assert A.step == time.step
    F = Modeling(A, Geometry(x=[250.0], z=200.0), Geometry.spread(x=np.arange(0.0, 500.0, 50.0), z=20.0))
    values = {"m": VP**-2, "buoyancy": 1.0} | medium
    m = Medium(**{k: jnp.broadcast_to(jnp.asarray(v, float), grid.shape) for k, v in values.items()})
    pulse = np.asarray(ricker(TimeAxis(119.0, 1.0), 0.025))
    d = F(m) @ np.pad(pulse, (0, time.size - pulse.size))
    return [float(np.linalg.norm(part)) for part in np.array_split(np.asarray(d[0]), parts)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
@pytest.mark.parametrize(("epsilon", "delta"), [(0.2, 0.1), (0.3, 0.1), (0.25, 0.0)])
@pytest.mark.parametrize("tilt", [20, 45, 70])
def test_no_growth_in_ten_thousand_steps(epsilon, delta, tilt):
    a, b, c, d = sizes(PML(), epsilon=epsilon, delta=delta, theta=np.radians(tilt))
    assert d < c < b < a


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
@pytest.mark.parametrize("order", [2, 8, 16])
def test_no_growth_in_a_rough_medium(order):
    random = partial(np.random.default_rng(0).uniform, size=(50, 40))
    epsilon = random(0, 0.3)
    medium = {"m": random(0.25, 0.4), "buoyancy": random(0.6, 1.0), "epsilon": epsilon}
    a, b, c, d = sizes(PML(), order, **medium, delta=epsilon - random(0, 0.2), theta=random(-1.5, 1.5))
    assert d < c < b < a


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
def test_a_plain_layer_grows():
    parts = sizes(PML(multiaxial=0.0), epsilon=0.25, delta=0.05, theta=np.radians(45))
    assert parts[-1] > 10 * parts[0]
