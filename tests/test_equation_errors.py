"""Mistakes with elastic, tilted and absorbing media, their quantities and layers, eagerly and under jit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js

GRID, TIME = js.Grid((21, 17), 10.0), js.TimeAxis(20.0, 1.0)
PLACE, SPREAD = js.Geometry(x=[50.0], z=50.0), js.Geometry.spread(x=[60.0, 80.0], z=40.0)
ACOUSTIC = {"m": 0.25, "buoyancy": 0.5}
THOMSEN = {"epsilon": 0.2, "delta": 0.1}
ELASTIC = {"vp": 2.0, "vs": 1.0, "rho": 2.0}


def wave(equation, **options):
    return js.WaveEquation(GRID, equation, TIME, 3.0, **options)


def medium(**values):
    return js.Medium(**{name: jnp.full(GRID.shape, value) for name, value in values.items()})


MEDIA = [
    (js.Elastic(), ELASTIC | {"vs": 1.99 * 1.02}, "medium: expected vs below 1.000 vp in 2 dimensions"),
    (js.Elastic(), ELASTIC | {"vs": -1.0}, "medium: expected a shear modulus or velocity that is not negative"),
    (js.Elastic(), {"vp": 2.0, "rho": 2.0}, "medium: expected a Medium with rho, vp, vs or lam, mu, rho or"),
    (js.Elastic(), ELASTIC | {"mu": 1.0}, "medium: expected a Medium with rho, vp, vs or"),
    (js.Elastic(), ELASTIC | {"vp": 3.5, "vs": 1.0}, "max_velocity = 3 km/s"),
    (js.Elastic(), ELASTIC | {"rho": 0.0}, "rho: expected positive"),
    (js.ElasticVTI(), ELASTIC | THOMSEN | {"delta": -0.9}, "medium: expected Thomsen parameters of a medium with"),
    (js.TTI(), ACOUSTIC | THOMSEN | {"theta": 45.0}, r"theta: expected radians, got angles up to 45.* jnp.radians"),
    (js.Elastic(), {"vp": 2000.0, "vs": 1000.0, "rho": 2.0}, "medium: expected velocities in km/s"),
    (js.TTI(), ACOUSTIC | THOMSEN, "medium: expected a Medium with .*theta"),
    (js.TTI(), ACOUSTIC | THOMSEN | {"delta": 0.3, "theta": 0.1}, "delta: expected at most epsilon everywhere"),
    (js.Damped(js.Acoustic(), 0.01), {"m": 0.25, "inverse_q": 50.0}, "inverse_q: expected 1/Q from 0 to 0.2"),
    (js.Damped(js.Acoustic(), 0.01), {"m": 0.25}, "medium: expected a Medium with inverse_q, m"),
    (
        js.Viscous(js.Elastic(), (0.004, 0.04)),
        ELASTIC | {"inverse_qp": 0.01, "inverse_qs": -0.01},
        "inverse_qs: expected 1/Q from 0 to 0.2",
    ),
]


@pytest.mark.parametrize(("equation", "values", "message"), MEDIA)
def test_media(equation, values, message):
    with pytest.raises(ValueError, match=message):
        wave(equation)(medium(**values))


def test_a_traced_medium_is_checked_by_the_kernel():
    A = wave(js.Elastic())
    ends = (js.Projection(g, A, js.Displacement("z")) for g in (PLACE, SPREAD))
    F, q = js.Modeling(A, *ends), js.ricker(TIME, 0.02)
    with pytest.raises(jax.errors.JaxRuntimeError, match="make the WaveEquation with a larger max_velocity"):
        jax.block_until_ready(jax.jit(lambda m: F(m) @ q)(medium(**ELASTIC | {"vp": 9.0})))


OTHERS = [
    (lambda: js.TTI(shear=0.0), "shear: expected a ratio of velocities above 0"),
    (lambda: js.Damped(js.Acoustic(), 10.0), r"frequency: expected kHz, got 10.* Write hertz\(10\)"),
    (lambda: js.Damped("acoustic", 0.01), "equation: expected a wave equation such as"),
    (lambda: js.Viscous(js.Acoustic(), (0.004, 0.04)), "equation: expected one with strains"),
    (lambda: js.Viscous(js.Viscous(js.Elastic(), (0.004, 0.04)), (0.004, 0.04)), "without attenuation of its own"),
    (lambda: js.Viscous(js.Elastic(), (0.04, 0.004)), "band: expected two frequencies, the lowest and the highest"),
    (lambda: js.Viscous(js.Elastic(), 0.01), "band: expected two frequencies"),
    (lambda: js.Viscous(js.Elastic(), (0.004, 0.04), mechanisms=0), "mechanisms: expected a whole number"),
    (lambda: js.Damped(js.Damped(js.Acoustic(), 0.01), 0.01), "without attenuation of its own"),
    (lambda: js.PML(multiaxial=2.0), "PML.multiaxial: expected a share from 0 to 1, got 2"),
    (lambda: js.PML(multiaxial="much"), "PML.multiaxial: expected a share from 0 to 1, got 'much'"),
    (lambda: js.PML(reflection="a"), "PML.reflection: expected a number between 0 and 1, got 'a'"),
    (lambda: js.Displacement(""), r'Displacement.axes: expected axes such as "z"'),
    (lambda: js.Velocity(["x", "z"]), r'Velocity.axes: expected axes such as "z"'),
    (lambda: js.MomentTensor(xx=np.nan), "MomentTensor.xx: expected finite numbers"),
    (lambda: js.DAS((np.nan, 1.0), 10.0), "DAS.direction: expected a vector that is finite"),
    (lambda: wave(js.Acoustic(), absorbing=js.PML(multiaxial=0.1)), r"absorbing: expected PML\(multiaxial=0\)"),
    (lambda: js.Projection(PLACE, wave(js.Elastic())), r"quantity: expected a quantity such as Displacement\(\"z\"\)"),
    (lambda: js.Projection(PLACE, wave(js.Elastic()), "z"), "quantity: expected a quantity such as"),
    (lambda: js.Projection(PLACE, wave(js.Elastic()), js.Displacement("y")), "'y'|axis|component"),
    (lambda: js.Projection(PLACE, wave(js.Acoustic()), js.Displacement("z")), "displacement"),
    (lambda: js.Strain("xq"), "expected"),
    (lambda: js.MomentTensor(), "expected"),
    (lambda: js.DAS((0.0, 0.0), 10.0), "expected"),
    (
        lambda: js.WaveEquation(js.Grid((21, 3), 10.0), js.Elastic(), TIME, 3.0, absorbing=None, free_surface=True),
        "grid.shape: expected at least 13 nodes along z, layer included, below a free surface",
    ),
]


@pytest.mark.parametrize(("make", "message"), OTHERS)
def test_other_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_medium_without_azimuth_is_tilted_towards_x():
    grid = js.Grid((5, 6, 7), 10.0)
    values = ACOUSTIC | THOMSEN | {"theta": 0.4}
    m = js.Medium(**{name: jnp.full(grid.shape, value) for name, value in values.items()})
    A = js.WaveEquation(grid, js.TTI(), TIME, 3.0)
    plain, explicit = (A.coefficients(A.medium(x)) for x in (m, m.replace(phi=jnp.zeros(grid.shape))))
    assert all(np.array_equal(plain[name], explicit[name]) for name in plain)
