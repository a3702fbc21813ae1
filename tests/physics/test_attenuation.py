"""Attenuation: the quality measured by spectral ratios is the one of the medium, over the band of the law."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis import (
    Acoustic,
    Damped,
    Dilatation,
    Elastic,
    Geometry,
    Grid,
    Medium,
    Modeling,
    Projection,
    TimeAxis,
    Viscous,
    WaveEquation,
    ricker,
)

V, PEAK, SPACING = 2.0, 0.015, 8.0
NEAR, FAR = 200.0, 1000.0
BAND = (0.005, 0.04)


def spectra(equation, values, quantity=None):
    """Spectra of a plane wave (one dimension) at two distances, and the angular frequencies."""
    grid, time = Grid((150,), SPACING), TimeAxis(1500.0, 2.0)
    A = WaveEquation(grid, equation, time, max_velocity=1.3 * V, correct_dispersion=True)
    ends = (Geometry(z=[40.0]), Geometry.spread(z=[40.0 + NEAR, 40.0 + FAR]))
    F = Modeling(A, *(Projection(end, A, quantity) for end in ends))
    medium = Medium(**{name: jnp.full(grid.shape, value) for name, value in values.items()})
    d = np.asarray(F(medium) @ ricker(time, PEAK))[0]
    return np.fft.rfft(d, 4 * len(d), axis=0).T, 2 * np.pi * np.fft.rfftfreq(4 * len(d), time.step)


def inside(omega, low=0.008, high=0.03):
    """Where the wavelet has energy."""
    return (omega > 2 * np.pi * low) & (omega < 2 * np.pi * high)


def wavenumber(near, far, omega):
    """k(omega) of exp(-i k x): the ratio of the spectra, its phase counted from that of the velocity V."""
    distance = FAR - NEAR
    ratio = far / near * np.exp(1j * omega * distance / V)
    return omega / V + 1j * (np.log(np.abs(ratio)) + 1j * np.unwrap(np.angle(ratio))) / distance


def quality(equation, values, quantity=None):
    """1/Q at the frequencies of the wavelet: that of the modulus, M = rho (omega/k)^2."""
    (near, far), omega = spectra(equation, values, quantity)
    band = inside(omega)
    modulus = (omega[band] / wavenumber(near[band], far[band], omega[band])) ** 2
    return modulus.imag / modulus.real, omega[band]


@pytest.mark.parametrize("q", [100.0, 20.0])
def test_a_damping_term_has_its_quality_at_its_frequency(q):
    equation = Damped(Acoustic(), frequency=PEAK)
    inverse, omega = quality(equation, {"m": V**-2, "inverse_q": 1 / q})
    expected = 2 * np.pi * PEAK / omega / q
    np.testing.assert_allclose(inverse, expected, rtol=0.03)


@pytest.mark.parametrize("q", [100.0, 20.0])
def test_standard_linear_solids_have_constant_quality(q):
    equation = Viscous(Acoustic(density=True), band=BAND)
    inverse, _ = quality(equation, {"m": V**-2, "buoyancy": 1.0, "inverse_q": 1 / q})
    np.testing.assert_allclose(inverse, 1 / q, rtol=0.03)


def test_p_waves_of_an_elastic_medium_have_the_quality_of_p():
    equation, rest = Viscous(Elastic(), band=BAND), {"vs": 1.0, "rho": 2.0, "inverse_qs": 0.1}
    inverse, _ = quality(equation, {"vp": V, "inverse_qp": 1 / 30} | rest, Dilatation())
    np.testing.assert_allclose(inverse, 1 / 30, rtol=0.03)


@pytest.mark.parametrize("reference", [0.01, 0.02])
def test_the_velocity_is_that_of_the_medium_at_the_reference_frequency(reference):
    equation = Viscous(Acoustic(density=True), band=BAND, reference=reference)
    (near, far), omega = spectra(equation, {"m": V**-2, "buoyancy": 1.0, "inverse_q": 1 / 20})
    band = inside(omega)
    k = wavenumber(near[band], far[band], omega[band])
    velocity = np.interp(2 * np.pi * reference, omega[band], omega[band] / k.real)
    assert abs(velocity / V - 1) < 0.002


def test_no_attenuation_is_the_equation_inside():
    values = {"m": V**-2, "buoyancy": 1.0}
    plain, _ = spectra(Acoustic(density=True), values)
    for equation in (Viscous(Acoustic(density=True), band=BAND), Damped(Acoustic(density=True), frequency=PEAK)):
        lossless, _ = spectra(equation, values | {"inverse_q": 0.0})
        np.testing.assert_allclose(lossless, plain, atol=1e-10 * np.abs(plain).max())


@pytest.mark.parametrize(("q", "within"), [(5, 0.0105), (20, 0.003)])
def test_three_mechanisms_fit_the_quality_over_a_decade(q, within):
    low, high = 0.004, 0.04
    equation = Viscous(Acoustic(density=True), band=(low, high))
    omega, w = 2 * np.pi * np.geomspace(low, high, 200)[:, None], np.array(equation.relaxation_rates)
    modulus = 1 - (w / (w + 1j * omega)) @ np.asarray(equation._shares(jnp.array(1 / q)))
    error = modulus.real / modulus.imag / q - 1
    assert np.abs(error).max() < within
