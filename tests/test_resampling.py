"""Resampling as interpolation, and leapfrog between its two warped forms against exact integration.

A set of oscillators stands for a wave equation: each Fourier mode of ``u_tt = c^2 u_xx + q`` is
``u_tt + W^2 u = q`` with ``W = c k``, whose exact solution is Duhamel's integral of ``sin(W (t - s)) q(s) / W``.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from jaxseis.acquisition import TimeAxis
from jaxseis.resampling import Resampling, choose_step, overrun

COARSE, FINE = (4.0, 251), (4.0 / 3, 751)
AXES = [(COARSE, FINE), (FINE, COARSE), (COARSE, (1.7, 589)), ((1.7, 589), COARSE)]
KINDS = [
    Resampling(*COARSE, *FINE),
    Resampling(*FINE, *COARSE),
    Resampling(*COARSE, 1.7, 589),
    Resampling(*COARSE, *COARSE),
    Resampling(*COARSE, *FINE, "source"),
    Resampling(*FINE, *COARSE, "receiver"),
    Resampling(*COARSE, *COARSE, "source"),
]
RNG = np.random.default_rng(7)


def waves(step, size, highest):
    """A sum of forty cosines below an angular frequency: it vanishes at neither end."""
    rng = np.random.default_rng(1)
    frequencies, phases = rng.uniform(0, highest, 40), rng.uniform(0, 2 * np.pi, 40)
    return np.cos(np.multiply.outer(step * np.arange(size), frequencies) + phases).sum(1) / 6


def burst(step, size, centre=500.0, frequency=0.03):
    """A cosine under a Gaussian, which vanishes at both ends."""
    tau = step * np.arange(size) - centre
    return np.cos(2 * np.pi * frequency * tau) * np.exp(-((tau / 80) ** 2))


# --- the computational step -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "parts"), [(5.0, 1), (4.0, 1), (3.999, 2), (2.0, 2), (4 / 3, 3), (0.1 + 0.2, 14), (4 / 49, 49)]
)
def test_choose_step_is_the_fewest_whole_parts(limit, parts):
    time = TimeAxis(duration=1003.0, step=4.0)  # its last sample is at 1000
    dt, size = choose_step(time, limit)
    assert (dt, size) == (4.0 / parts, 250 * parts + 1)
    assert dt <= limit * (1 + 1e-12)
    np.testing.assert_allclose(dt * np.arange(size)[::parts], time.values, rtol=1e-15)


def test_steps_need_a_positive_limit():
    with pytest.raises(ValueError, match=r"limit: expected a positive number of milliseconds, got 0\.0"):
        choose_step(TimeAxis(1000.0, 4.0), 0.0)
    with pytest.raises(ValueError, match=r"dt: expected a positive number of milliseconds, got -1\.0"):
        overrun(TimeAxis(1000.0, 4.0), -1.0)


# --- a linear map -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resample", KINDS)
def test_transpose_passes_the_dot_test(resample):
    x = jnp.asarray(RNG.standard_normal((2, resample.source_size, 3)))
    y = jnp.asarray(RNG.standard_normal((2, resample.target_size, 3)))
    (back,) = jax.jit(lambda y: jax.linear_transpose(resample, x)(y))(y)
    forward = jax.jit(resample)(x)
    assert abs(jnp.vdot(forward, y) - jnp.vdot(x, back)) < 1e-14 * jnp.linalg.norm(forward) * jnp.linalg.norm(y)
    np.testing.assert_allclose(jax.grad(lambda x: jnp.vdot(resample(x), y))(x), back, atol=1e-13)


@pytest.mark.parametrize("resample", KINDS)
def test_the_call_is_the_matrix(resample):
    x = RNG.standard_normal(resample.source_size)
    assert resample.matrix.shape == (resample.target_size, resample.source_size)
    assert resample.matrix.dtype == np.float64
    assert not resample.matrix.flags.writeable
    np.testing.assert_allclose(resample(x, axis=0), resample.matrix @ x, atol=3e-14)


def test_time_may_be_any_axis():
    resample = KINDS[1]
    x = jnp.asarray(RNG.standard_normal((2, 3, resample.source_size, 4)))
    expected = np.einsum("ij,abjc->abic", resample.matrix, x)
    np.testing.assert_allclose(resample(x), expected, atol=1e-13)
    for axis in (0, 1, -1):
        np.testing.assert_allclose(
            resample(jnp.moveaxis(x, 2, axis), axis=axis), np.moveaxis(expected, 2, axis), atol=1e-13
        )
    np.testing.assert_allclose(jax.vmap(resample)(x), expected, atol=1e-13)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64, jnp.complex64, jnp.complex128])
@pytest.mark.parametrize("resample", KINDS)
def test_precision_is_kept(resample, dtype):
    x = jnp.asarray(RNG.standard_normal(resample.source_size), dtype)
    y = resample(x, axis=0)
    assert y.dtype == dtype
    error = jnp.linalg.norm(y - resample.matrix @ np.asarray(x, np.complex128))
    assert error < 10 * jnp.finfo(dtype).eps * jnp.linalg.norm(y)


def test_whole_numbers_become_floats():
    assert KINDS[0](jnp.ones(251, int), axis=0).dtype == jnp.float64
    assert KINDS[3](jnp.ones(251, int), axis=0).dtype == jnp.float64


def test_complex_signals_are_resampled_part_by_part():
    real, imaginary = RNG.standard_normal((2, 251))
    together = KINDS[0](real + 1j * imaginary, axis=0)
    np.testing.assert_allclose(together, KINDS[0](real, axis=0) + 1j * KINDS[0](imaginary, axis=0), atol=1e-14)


def test_it_is_static():
    first, second = (Resampling(4, 251, 2.0, 501.0, "source") for _ in range(2))
    assert first == second != Resampling(4.0, 251, 2.0, 501)
    assert hash(first) == hash(second)
    assert jax.tree.leaves(first) == []
    assert first.matrix is second.matrix  # built once
    traces = []

    @jax.jit
    def apply(operator, x):
        traces.append(1)
        return operator(x, axis=0)

    np.testing.assert_array_equal(apply(first, jnp.ones(251)), apply(second, jnp.ones(251)))
    assert len(traces) == 1


# --- interpolation ----------------------------------------------------------------------------------------------------


def test_equal_axes_change_nothing():
    x = jnp.asarray(RNG.standard_normal((251, 2)))
    np.testing.assert_array_equal(Resampling(*COARSE, *COARSE)(x), x)
    np.testing.assert_allclose(Resampling(*COARSE, *COARSE).matrix, np.eye(251), atol=1e-15)
    np.testing.assert_allclose(Resampling(*COARSE, 4.0, 200)(x), x[:200], atol=1e-14)


@pytest.mark.parametrize(("source", "target"), AXES)
def test_samples_are_those_of_the_same_function(source, target):
    """To rounding where the kernel is inside the axis, at 0.7 of the lower Nyquist frequency."""
    highest = 0.7 * np.pi / max(source[0], target[0])
    y = Resampling(*source, *target)(waves(*source, highest), axis=0)
    inside = slice(int(62 * 4.0 / target[0]), -int(62 * 4.0 / target[0]))
    np.testing.assert_allclose(y[inside], waves(*target, highest)[inside], atol=1e-11)
    np.testing.assert_allclose(Resampling(*source, *target)(burst(*source), axis=0), burst(*target), atol=1e-8)


@pytest.mark.parametrize(("source", "target"), AXES)
def test_ends_do_not_ring(source, target):
    """Lines are exact up to the ends; what is cut off there costs a fraction of its amplitude, nearby only."""
    line = lambda step, size: 3 - step * np.arange(size) / 100  # noqa: E731
    np.testing.assert_allclose(Resampling(*source, *target)(line(*source), axis=0), line(*target), atol=1e-12)
    slow = 0.2 * np.pi / 4.0
    error = np.abs(Resampling(*source, *target)(waves(*source, slow), axis=0) - waves(*target, slow))
    assert error.max() < 0.01
    noise = RNG.uniform(-1, 1, source[1])
    assert np.abs(Resampling(*source, *target)(noise, axis=0)).max() < 3


def test_short_axes_are_resampled_too():
    for size in (2, 3, 5):
        y = Resampling(4.0, size, 2.0, 2 * size - 1)(jnp.ones(size), axis=0)
        np.testing.assert_allclose(y[::2], 1.0, atol=1e-12)
        np.testing.assert_allclose(y, 1.0, atol=0.2)


def test_refinement_keeps_the_given_samples():
    x = RNG.standard_normal(251)
    np.testing.assert_allclose(Resampling(*COARSE, *FINE)(x, axis=0)[::3], x, atol=1e-13)


def test_coarsening_removes_what_would_alias():
    time = TimeAxis(duration=1000.0, step=1.0)
    high = burst(time.step, time.size, frequency=0.17)  # above 1.25 x 0.125, in kHz
    assert np.abs(high[::4]).max() > 0.9
    assert np.abs(Resampling(1.0, 1001, *COARSE)(high, axis=0)).max() < 1e-6
    assert np.abs(Resampling(1.0, 1001, *COARSE)(burst(1.0, 1001, frequency=0.125), axis=0)).max() < 0.6


def test_refining_and_coarsening_return_the_signal():
    x = burst(*COARSE)
    np.testing.assert_allclose(Resampling(*FINE, *COARSE)(Resampling(*COARSE, *FINE)(x, axis=0), axis=0), x, atol=1e-8)


def test_after_the_source_its_continuation_fades():
    y = np.asarray(Resampling(4.0, 251, 4.0, 600)(np.ones(251), axis=0))
    np.testing.assert_allclose(y[:251], 1.0, atol=1e-13)
    assert np.all(np.diff(y[:376]) < 1e-13)  # no overshoot
    np.testing.assert_allclose(y[376:], 0.0, atol=1e-15)
    assert Resampling(4.0, 251, 4.0, 2000)(np.ones(251), axis=0).shape == (2000,)  # rows of zeros


# --- time dispersion --------------------------------------------------------------------------------------------------


def duhamel(source, time, frequencies, parts=64):
    """``u = [sin(W t) int cos(W s) q ds - cos(W t) int sin(W s) q ds] / W`` by Simpson's rule."""
    t = time.step / parts * np.arange((time.size - 1) * parts + 1)
    phase = np.multiply.outer(frequencies, t)
    cosine, sine = (cumulative_simpson(f(phase) * source(t), x=t, initial=0) for f in (np.cos, np.sin))
    return ((np.sin(phase) * cosine - np.cos(phase) * sine) / frequencies[:, None])[:, ::parts].T


def leapfrog(q, dt, frequencies):
    u = np.zeros((q.size, frequencies.size))
    for n in range(1, q.size - 1):
        u[n + 1] = 2 * u[n] - u[n - 1] + dt**2 * (q[n] - frequencies**2 * u[n])
    return u


def errors(source, time, dt, extra, frequencies):
    """Errors (time, oscillator) relative to the largest value of each, without and with the correction."""
    exact = duhamel(source, time, frequencies)
    size = int(np.floor(time.values[-1] / dt + 1e-9)) + 1 + extra
    found = []
    for into, back in ((None, None), ("source", "receiver")):
        q = Resampling(time.step, time.size, dt, size, into)(source(time.values), axis=0)
        record = Resampling(dt, size, time.step, time.size, back)(leapfrog(np.asarray(q), dt, frequencies))
        found.append(np.abs(np.asarray(record) - exact) / np.abs(exact).max(0))
    return found


def pulse(frequency, delay):
    """Ricker's wavelet as a function of time that starts below rounding."""
    def source(t):
        a = (np.pi * frequency * (t - delay)) ** 2
        return (1 - 2 * a) * np.exp(-a)
    return source


OSCILLATORS = 1.8 * np.array([0.1, 0.2, 0.3, 0.4, 1.0])  # W dt; the highest is at 90 % of the stability limit


@pytest.mark.parametrize(
    ("step", "dt", "duration"), [(4.0, 4.0, 4000.0), (4.0, 2.0, 2000.0), (2.0, 4.0, 4000.0), (4.0, 1.7321, 2000.0)]
)
def test_leapfrog_between_the_warped_maps_is_exact_integration(step, dt, duration):
    time = TimeAxis(duration, step)
    frequency = 0.04 / dt  # of the pulse; W dt = 0.25 at its peak
    both = errors(pulse(frequency, 2 / frequency), time, dt, overrun(time, dt), OSCILLATORS / dt)
    plain, corrected = (error.max(0) for error in both)
    assert plain[1] > 1  # out of phase
    assert np.all(corrected < 1e-5)  # five orders of magnitude in the middle of the band
    assert np.all(corrected[:4] < plain[:4] / 1000)


def test_without_the_overrun_only_the_last_samples_suffer():
    time, dt = TimeAxis(2000.0, 4.0), 2.0
    error = errors(pulse(0.02, 100.0), time, dt, 0, OSCILLATORS / dt)[1]
    late = int(np.ceil(overrun(time, dt) * dt / time.step))
    assert error[:-late].max() < 1e-5
    assert error[-late:].max() > 1e-2


def test_a_source_that_is_still_on_at_the_end_is_corrected_too():
    """Two tones switched on smoothly. What they do after the end is not known: the last samples feel it a little."""
    def source(t):
        return (np.sin(0.1 * t) + np.sin(0.17 * t)) * 0.5 * (1 + np.tanh((t - 300) / 40))

    time, dt = TimeAxis(2000.0, 4.0), 2.0
    plain, corrected = errors(source, time, dt, overrun(time, dt), OSCILLATORS / dt)
    assert plain.max() > 0.5
    assert corrected[:-30].max() < 1e-6
    assert corrected.max() < 1e-2


@pytest.mark.parametrize("speed", [1.5, 3.0])
def test_a_travelling_wave_keeps_its_shape(speed):
    """``u_tt = c^2 u_xx + delta(x) q`` on a circle, exact in space: u is ``int q / 2 c`` at ``t - x / c``."""
    time, points, spacing = TimeAxis(1600.0, 4.0), 512, 20.0
    dt, size = choose_step(time, 0.9 * 2 / (np.pi / spacing * speed))
    size += overrun(time, dt)
    symbol = (speed * 2 * np.pi * np.fft.rfftfreq(points, spacing)) ** 2
    q = Resampling(time.step, time.size, dt, size, "source")(pulse(0.012, 200.0)(time.values), axis=0)
    receiver = 90 * spacing

    def step(u, q_n):
        before, now = u
        after = 2 * now - before - dt**2 * symbol * now + dt**2 * q_n / spacing
        return (now, after), jnp.fft.irfft(now, points)[90]

    rest = jnp.zeros(points // 2 + 1)
    record = jax.lax.scan(step, (rest, rest), q)[1]
    seen = Resampling(dt, size, time.step, time.size, "receiver")(record, axis=0)
    uncorrected = Resampling(dt, size, time.step, time.size)(record, axis=0)
    tau = time.values - receiver / speed - 200.0
    arrival = tau * np.exp(-((np.pi * 0.012 * tau) ** 2)) / (2 * speed)  # the integral of Ricker's wavelet
    inside = time.values < (points - 91) * spacing / speed  # before what comes round the circle
    assert np.abs(seen - arrival)[inside].max() < 1e-3 * arrival.max()
    assert np.abs(uncorrected - arrival)[inside].max() > 3e-3 * arrival.max()


def test_the_maps_are_transposes_and_inverses_of_each_other():
    into, back = Resampling(*COARSE, *FINE, "source"), Resampling(*FINE, *COARSE, "receiver")
    inside = np.s_[250:500], np.s_[100:150]  # away from the ends, which are continued on one side only
    np.testing.assert_allclose(back.matrix.T[inside] * 3, into.matrix[inside], atol=1e-14)
    np.testing.assert_allclose(back(into(burst(*COARSE), axis=0), axis=0), burst(*COARSE), atol=1e-8)


def test_the_warp_advances_by_the_dispersion_of_leapfrog():
    """A packet at w' and t goes to w = (2 / dt) asin(w' dt / 2) and, stationary phase, to t cos(w dt / 2)."""
    frequency, centre, dt = 0.03, 600.0, 4.0
    y = np.asarray(Resampling(4.0, 301, dt, 301, "source")(burst(4.0, 301, centre, frequency), axis=0))
    w = 2 / dt * np.arcsin(np.pi * frequency * dt)
    t = dt * np.arange(301)
    spectrum = np.abs(np.fft.rfft(y, 2**14))
    assert np.average(t, weights=y**2) == pytest.approx(centre * np.cos(w * dt / 2), abs=0.5)
    assert 2 * np.pi * np.fft.rfftfreq(2**14, dt)[spectrum.argmax()] == pytest.approx(w, rel=2e-3)
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(burst(4.0, 301, centre, frequency)), rel=1e-8)  # unitary


def test_frequencies_beyond_leapfrog_are_dropped():
    """At 1.3 times ``2 / dt``, below the Nyquist frequency of both axes."""
    resample = Resampling(1.0, 1501, 4.0, 376, "source")
    below, beyond = (burst(1.0, 1501, 400.0, part / (4.0 * np.pi)) for part in (0.5, 1.3))
    assert np.abs(resample(beyond, axis=0)).max() < 1e-9
    assert np.abs(resample(below, axis=0)).max() > 0.5


def test_the_warp_vanishes_with_the_square_of_the_step():
    def change(dt):
        size = round(400 / dt) + 1
        plain, warped = (Resampling(4.0, 101, dt, size, kind).matrix @ signal for kind in (None, "source"))
        return np.abs(warped - plain).max()

    signal = burst(4.0, 101, centre=200.0)
    assert change(0.5) < 3e-2
    assert change(0.5) / change(0.25) == pytest.approx(4.0, rel=0.01)


def test_overrun_is_the_stated_formula():
    assert overrun(TimeAxis(4000.0, 4.0), 4.0 / 3) == int(np.ceil((4 * (4000 * 16 / 72) ** (1 / 3) + 20) / (4 / 3)))
    assert overrun(TimeAxis(4000.0, 4.0), 4.0) == int(np.ceil((4 * 8000 ** (1 / 3) + 40) / 4))


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Resampling(0.0, 251, 2.0, 501), r"source_step: expected a positive number of milliseconds, got 0\.0"),
        (lambda: Resampling(4.0, 251, -2.0, 501), r"target_step: expected a positive number of .* got -2\.0"),
        (lambda: Resampling(4.0, 1, 2.0, 501), "source_size: expected a whole number of samples, at least two, got 1"),
        (lambda: Resampling(4.0, 251, 2.0, 50.5), "target_size: expected a whole number of samples, .*, got 50.5"),
        (lambda: Resampling(*COARSE, *FINE, "both"), r"dispersion: expected None, .*, got 'both'"),
        (lambda: KINDS[0](jnp.ones((250, 3))), r"x: expected 251 samples along axis -2, got shape \(250, 3\)"),
        (lambda: KINDS[0](jnp.ones(251)), r"x: expected 251 .* axis -2, got shape \(251,\)\. .*axis=0 for one signal"),
    ],
)
def test_messages_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
