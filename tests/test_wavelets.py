"""Wavelets: closed forms against independent numerics, peaks, spectra, derivatives and messages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxseis.acquisition import TimeAxis
from jaxseis.wavelets import band, berlage, gaussian_derivative, klauder, minimum_phase, ormsby, ricker

TIME = TimeAxis(duration=1000.0, step=4.0)
F = 0.012  # kHz


def amplitude(wavelet, step=TIME.step, size=2**14):
    return np.fft.rfftfreq(size, step), np.abs(np.fft.rfft(np.asarray(wavelet), size))


def spectral_peak(wavelet):
    frequency, values = amplitude(wavelet)
    return frequency[np.argmax(values)]


EVERY = {
    "ricker": (lambda f: ricker(TIME, f), F),
    "ricker delayed": (lambda d: ricker(TIME, F, delay=d), 130.0),
    "gaussian 1": (lambda f: gaussian_derivative(TIME, f), F),
    "gaussian 3": (lambda f: gaussian_derivative(TIME, f, order=3), F),
    "ormsby": (lambda f: ormsby(TIME, (0.4 * f, f, 3 * f, 5 * f)), F),
    "klauder": (lambda f: klauder(TIME, f, 5 * f, sweep_duration=3000.0), F),
    "klauder sweep": (lambda t: klauder(TIME, F, 5 * F, sweep_duration=t, delay=400.0), 3000.0),
    "berlage": (lambda f: berlage(TIME, f), F),
    "berlage exponent": (lambda n: berlage(TIME, F, exponent=n), 1.7),
    "berlage decay": (lambda a: berlage(TIME, F, decay=a), 0.05),
    "berlage phase": (lambda p: berlage(TIME, F, phase=p), 0.3),
    "minimum phase": (lambda f: minimum_phase(ricker(TIME, f), floor=1e-2), F),
}


@pytest.mark.parametrize("name", EVERY)
def test_shape_jit_and_derivatives(name):
    wavelet, parameter = EVERY[name]
    eager = wavelet(parameter)
    assert eager.shape == (TIME.size,)
    assert eager.dtype == jnp.float64
    np.testing.assert_allclose(jax.jit(wavelet)(parameter), eager, atol=1e-12)
    scaled = lambda s: wavelet(s * parameter)  # noqa: E731  a step of relative size for finite differences
    check_grads(scaled, (1.0,), order=1, modes=("fwd", "rev"), atol=1e-7, rtol=1e-6, eps=1e-6)


def test_wavelets_map_over_frequencies():
    together = jax.vmap(lambda f: ricker(TIME, f))(jnp.array([0.008, 0.016]))
    np.testing.assert_allclose(together, [ricker(TIME, 0.008), ricker(TIME, 0.016)], atol=1e-14)


@pytest.mark.parametrize(
    "wavelet",
    [
        ricker(TIME, F, delay=100.0), ormsby(TIME, (0.0, 0.01, 0.04, 0.05), delay=100.0),
        klauder(TIME, 0.06, 0.005, 2000.0, delay=100.0), gaussian_derivative(TIME, F, order=4, delay=100.0),
    ],
)
def test_symmetric_wavelets_peak_at_the_delay_with_one(wavelet):
    peak = int(100.0 / TIME.step)
    assert wavelet[peak] == pytest.approx(1.0, abs=1e-13)
    assert np.argmax(np.abs(wavelet)) == peak
    np.testing.assert_allclose(wavelet[peak + 1 : 2 * peak + 1], wavelet[peak - 1 :: -1], atol=1e-13)


def test_default_delays():
    axis = TimeAxis(duration=1000.0, step=1.0)
    assert np.argmax(ricker(axis, 0.010)) == 100  # 1 / f
    assert np.argmax(gaussian_derivative(axis, 0.010, order=8)) == 200  # sqrt(n / 2) / f
    assert np.argmax(ormsby(axis, (0.005, 0.010, 0.040, 0.050))) == 400  # 2 / (f2 - f1)
    assert np.argmax(ormsby(axis, (0.009, 0.010, 0.040, 0.050))) == 500  # half the axis
    assert np.argmax(klauder(axis, 0.005, 0.060, sweep_duration=300.0)) == 300
    assert np.argmax(klauder(axis, 0.005, 0.060, sweep_duration=8000.0)) == 500


def test_ricker_is_judis(data_dir):
    """The recorded source fits 15 Hz and a delay of 1 / f, and no neighbouring frequency, to its float32."""
    data = np.load(data_dir / "judi_acoustic.npz")
    recorded = data["q"][:, 0]
    step = float(data["dt"])
    axis = TimeAxis(duration=step * (recorded.size - 1), step=step)
    np.testing.assert_allclose(ricker(axis, 0.015), recorded, atol=1e-7)
    assert np.abs(np.asarray(ricker(axis, 0.01501)) - recorded).max() > 1e-4


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_gaussian_derivative_has_its_peaks_in_time_and_frequency(order):
    fine = TimeAxis(duration=1000.0, step=0.05)
    assert np.abs(gaussian_derivative(fine, F, order)).max() == pytest.approx(1.0, abs=1e-5)
    assert spectral_peak(gaussian_derivative(TIME, F, order, delay=400.0)) == pytest.approx(F, abs=2e-5)


def test_gaussian_derivatives_are_derivatives_of_each_other():
    at = lambda order: lambda delay: gaussian_derivative(TIME, F * np.sqrt(order), order, delay)  # noqa: E731
    # the same Gaussian at every order: b = 2 (pi f)^2 / n; a derivative in time is minus that in the delay
    for order, sign in ((1, -1), (2, 1), (3, -1)):
        derivative, following = -jax.jacfwd(at(order))(300.0), at(order + 1)(300.0)
        scale = np.vdot(following, derivative) / np.vdot(following, following)
        np.testing.assert_allclose(derivative, scale * following, atol=1e-14)
        assert np.sign(scale) == sign


def test_gaussian_derivative_of_order_two_is_ricker_and_order_one_rises_first():
    np.testing.assert_allclose(gaussian_derivative(TIME, F, order=2), ricker(TIME, F), atol=1e-14)
    first = np.asarray(gaussian_derivative(TIME, F, order=1))
    assert np.argmax(first) < np.argmin(first)


def test_ormsby_has_the_trapezoidal_spectrum():
    axis = TimeAxis(duration=40000.0, step=4.0)
    corners = (0.005, 0.010, 0.040, 0.050)
    frequency, values = amplitude(ormsby(axis, corners, delay=20000.0), size=2**15)
    trapezoid = np.interp(frequency, corners, [0, 1, 1, 0])
    plateau = values[np.argmin(np.abs(frequency - 0.025))]
    np.testing.assert_allclose(values / plateau, trapezoid, atol=2e-3)


@pytest.mark.parametrize(("start", "end"), [(0.005, 0.060), (0.060, 0.005), (0.02, 0.02)])
def test_klauder_is_the_autocorrelation_of_the_sweep(start, end):
    sweep_duration, step = 1000.0, 0.5
    t = step * (np.arange(int(sweep_duration / step)) + 0.5)
    sweep = np.exp(2j * np.pi * (start * t + (end - start) / sweep_duration * t**2 / 2))
    lags = np.correlate(sweep, sweep, mode="full")[t.size - 1 :].real / t.size  # exact but for the midpoint rule
    axis = TimeAxis(duration=step * (lags.size - 1), step=step)
    np.testing.assert_allclose(klauder(axis, start, end, sweep_duration, delay=0.0), lags, atol=2e-4)
    longer = TimeAxis(duration=3000.0, step=step)
    assert np.all(klauder(longer, start, end, sweep_duration, delay=0.0)[2001:] == 0)


def test_berlage_is_its_formula():
    t = TIME.values
    expected = t**1.5 * np.exp(-0.03 * t) * np.cos(2 * np.pi * F * t + 0.4)
    expected /= np.abs(expected).max()
    np.testing.assert_allclose(berlage(TIME, F, exponent=1.5, decay=0.03, phase=0.4), expected, atol=1e-13)
    # t^0 is one, at time zero too
    assert berlage(TIME, F, exponent=0.0, decay=0.03, phase=0.0)[0] == 1.0
    assert berlage(TIME, F)[0] == 0.0
    assert spectral_peak(berlage(TIME, F)) == pytest.approx(F, rel=0.02)


def causal_energy(wavelet):
    return np.cumsum(np.asarray(wavelet) ** 2)


def test_minimum_phase_recovers_a_minimum_phase_sequence():
    """(1 - a z)(1 - b z) has its roots outside the unit circle: it is what its amplitude spectrum gives."""
    expected = np.zeros(64)
    expected[:3] = np.convolve([1.0, -0.7], [1.0, 0.4])
    maximum_phase = jnp.zeros(64).at[:3].set(expected[2::-1])
    np.testing.assert_allclose(minimum_phase(maximum_phase, 1e-9), expected, atol=1e-12)


def test_minimum_phase_keeps_the_spectrum_and_brings_energy_forward():
    zero_phase = ricker(TIME, F)
    result = minimum_phase(zero_phase)
    before, after = amplitude(zero_phase)[1], amplitude(result)[1]
    np.testing.assert_allclose(after, before, atol=2e-4 * before.max())
    assert np.abs(np.asarray(result[-20:])).max() < 1e-7  # it has decayed within the axis: nothing was cut off
    sooner, later = (minimum_phase(ricker(TIME, F, delay=d)) for d in (300.0, 500.0))
    np.testing.assert_allclose(later, sooner, atol=1e-12)  # a shift does not change the amplitude spectrum
    for other in (zero_phase, berlage(TIME, F) * jnp.linalg.norm(zero_phase) / jnp.linalg.norm(berlage(TIME, F))):
        ours = causal_energy(minimum_phase(other))
        assert np.all(ours >= causal_energy(other) - 1e-4 * ours[-1])


def test_minimum_phase_floor_is_the_documented_one():
    zero_phase = ricker(TIME, F)
    before, after = amplitude(zero_phase)[1], amplitude(minimum_phase(zero_phase, floor=0.05))[1]
    np.testing.assert_allclose(after, np.hypot(before, 0.05 * before.max()), atol=1e-3 * before.max())


def test_band_of_a_ricker_is_where_its_closed_spectrum_crosses_the_level():
    low, high = band(ricker(TIME, F, delay=400.0), TIME.step, level=0.1)
    closed = lambda f: (f / F) ** 2 * np.exp(1 - (f / F) ** 2)  # noqa: E731
    resolution = 1 / (16 * TIME.duration)
    assert 0 < low < F < high
    assert closed(low) > 0.1 > closed(low - resolution)
    assert closed(high) > 0.1 > closed(high + resolution)
    assert isinstance(low, float)
    assert isinstance(high, float)


def test_band_of_a_spike_is_everything():
    assert band(np.eye(64)[0], 4.0) == (0.0, 0.125)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ricker(TIME, 10.0), r"peak_frequency: expected .* got 10\.0\. Is it in hertz\? Write hertz\(10\.0\)"),
        (lambda: gaussian_derivative(TIME, 10.0), r"peak_frequency: .* Write hertz\(10\.0\)"),
        (lambda: gaussian_derivative(TIME, F, order=0), "order: expected a whole number, at least 1, got 0"),
        (lambda: gaussian_derivative(TIME, F, order=1.5), "order: expected a whole number, at least 1, got 1.5"),
        (lambda: ormsby(TIME, (5, 10, 40, 50)), r"corners\[1\]: expected .* Write hertz\(10\.0\)"),
        (lambda: ormsby(TIME, (0.01, 0.01, 0.04, 0.05)), r"corners: expected frequencies with 0 <= f1 < f2 <= f3 < f4"),
        (lambda: ormsby(TIME, (0.01, 0.02, 0.04)), r"corners: expected four frequencies \(f1, f2, f3, f4\), got 3"),
        (lambda: klauder(TIME, 5.0, 0.06, 8000.0), r"start_frequency: .* Write hertz\(5\.0\)"),
        (lambda: klauder(TIME, 0.005, 60.0, 8000.0), r"end_frequency: .* Write hertz\(60\.0\)"),
        (lambda: klauder(TIME, 0.005, 0.06, 3.0), r"sweep_duration: .* Write seconds\(3\.0\)"),
        (lambda: berlage(TIME, 10.0), r"peak_frequency: .* Write hertz\(10\.0\)"),
        (lambda: berlage(TIME, F, exponent=-1.0), r"exponent: expected a number that is not negative, got -1\.0"),
        (lambda: berlage(TIME, F, decay=0.0), r"decay: expected a positive number of 1/ms, got 0\.0"),
        (lambda: minimum_phase(jnp.ones((2, 8))), r"wavelet: expected an array \(time,\) .* got shape \(2, 8\)"),
        (lambda: minimum_phase(jnp.ones(8), floor=0.0), "floor: expected a positive number"),
        (lambda: band(np.zeros(8), 4.0), "wavelet: expected a sample that is not zero, got zeros only"),
        (lambda: band(np.full(8, np.nan), 4.0), r"wavelet: expected finite numbers, got nan at index \(0,\)"),
        (lambda: band(np.ones(8), 4.0, level=1.0), r"level: expected a fraction between 0 and 1, got 1\.0"),
        (lambda: band(np.ones(8), 0.0), "step: expected a positive number of milliseconds"),
    ],
)
def test_messages_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
