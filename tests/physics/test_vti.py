"""Vertical transverse isotropy: P waves travel along rays with the group velocity of the Christoffel equation, and
the layer absorbs in the long run too, SV waves with their triplications included."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.rays import delay, group_velocity

from jaxseis import PML, VTI, Geometry, Grid, Medium, Modeling, Sinc, TimeAxis, WaveEquation, ricker

VP, EPSILON, DELTA, SHEAR, PEAK, SPACING = 2.0, 0.2, 0.08, 0.3, 0.010, 12.0
NEAR, FAR = 500.0, 1100.0


@pytest.mark.parametrize("ndim", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_waves_travel_with_the_group_velocity(ndim):
    angles = np.radians([0, 15, 30, 45, 60, 75, 90])
    near, far = (NEAR, FAR) if ndim == 2 else (300.0, 600.0)
    n = int(far / SPACING) + 16
    grid = Grid((n,) + (25,) * (ndim - 2) + (n,), SPACING, origin=(-10 * SPACING,) * ndim)
    time = TimeAxis(far / VP + 2.5 / PEAK, 2.0)
    A = WaveEquation(
        grid, VTI(SHEAR), time, VP * 1.2, interpolation=Sinc(), correct_dispersion=True, absorbing=PML(20)
    )
    middle = {"y": 2 * SPACING} if ndim == 3 else {}
    rays = np.concatenate([r * np.stack([np.sin(angles), np.cos(angles)]) for r in (near, far)], axis=1)
    receivers = Geometry.spread(x=rays[0], z=rays[1], **middle)
    constant = {"m": VP**-2, "buoyancy": 1.0, "epsilon": EPSILON, "delta": DELTA}
    medium = Medium(**{k: jnp.full(grid.shape, v) for k, v in constant.items()})
    d = np.asarray(Modeling(A, Geometry(x=[0.0], z=0.0, **middle), receivers)(medium) @ ricker(time, PEAK))[0].T
    times = [delay(a, b, time.step) for a, b in zip(*np.split(d, 2), strict=True)]
    expected = group_velocity(angles, VP, EPSILON, DELTA, SHEAR)
    np.testing.assert_allclose((far - near) / np.array(times), expected, rtol=0.005)


def rough(shape):
    """Parameters random at every node, epsilon - delta from 0 to 0.35."""
    rng = np.random.default_rng(0)
    epsilon = rng.uniform(0, 0.4, shape)
    delta = epsilon - rng.uniform(0, 0.35, shape)
    m, buoyancy = rng.uniform(0.16, 0.44, shape), rng.uniform(0.6, 1.0, shape)
    return {"m": m, "buoyancy": buoyancy, "epsilon": epsilon, "delta": delta}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
@pytest.mark.parametrize("shear", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("medium", [(0.25, 0.05), (0.4, -0.3), "rough"], ids=str)
def test_no_growth_in_twenty_thousand_steps(medium, shear):
    grid, time = Grid((60, 50), 10.0), TimeAxis(20_000.0, 1.0)
    if medium == "rough":
        values = rough(grid.shape)
    else:
        constant = {"m": 0.25, "buoyancy": 1.0, "epsilon": medium[0], "delta": medium[1]}
        values = {k: np.full(grid.shape, v) for k, v in constant.items()}
    A = WaveEquation(grid, VTI(shear), time, max_velocity=4.0)
    assert A.step == time.step
    F = Modeling(A, Geometry(x=[300.0], z=250.0), Geometry.spread(x=np.arange(0.0, 600.0, 50.0), z=20.0))
    pulse = np.asarray(ricker(TimeAxis(119.0, 1.0), 0.025))
    d = F(Medium(**values)) @ np.pad(pulse, (0, time.size - pulse.size))
    sizes = [float(np.linalg.norm(part)) for part in np.array_split(np.asarray(d[0]), 4)]
    assert sizes[3] < sizes[2] < sizes[1] < sizes[0]  # slow SV waves take their time to leave
