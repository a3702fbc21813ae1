"""Filters along time, and resampling, against the truth they are made of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.preconditioners import BandPass, LowPass, ResampleTo, bandpass, lowpass

TIME = js.TimeAxis(4000.0, 4.0)


def tone(frequency):
    """A long cosine under a Gaussian, which has one frequency (kHz) only."""
    t = TIME.values - 2000.0
    return jnp.asarray(np.cos(2 * np.pi * frequency * t) * np.exp(-((t / 600.0) ** 2)))


def gain(filtered, x):
    return float(jnp.vdot(filtered, x) / jnp.vdot(x, x))


@pytest.mark.parametrize("corner", [0.005, 0.020])
def test_lowpass_has_half_power_at_its_corner_and_zero_phase(corner):
    for ratio, expected in ((0.5, 2**-0.125), (1, 2**-0.5), (2, 0.25)):
        x = tone(ratio * corner)
        filtered = lowpass(x, TIME.step, corner, 0)
        assert gain(filtered, x) == pytest.approx(expected, rel=0.02)
        np.testing.assert_allclose(filtered, gain(filtered, x) * x, atol=0.03)


def test_bandpass_keeps_its_middle_and_removes_a_constant():
    low, high = 0.002, 0.040
    gains = [gain(bandpass(tone(f), TIME.step, low, high, 0), tone(f)) for f in (0.001, low, 0.009, high)]
    np.testing.assert_allclose(gains, [0.26, 0.71, 0.98, 0.71], atol=0.02)
    middle = bandpass(jnp.ones(TIME.size), TIME.step, low, 0.010, 0)[400:600]
    assert np.abs(middle).max() < 1e-10


def test_nothing_comes_in_from_the_other_end():
    spike = jnp.zeros(TIME.size).at[0].set(1.0)
    assert np.abs(lowpass(spike, TIME.step, 0.005, 0)[TIME.size // 2 :]).max() < 1e-12


def test_any_axis_and_precision():
    x = jax.random.normal(jax.random.key(0), (2, TIME.size, 3), jnp.float32)
    alone = lowpass(x[1, :, 2], 4.0, 0.01, 0)
    found = lowpass(x, 4.0, 0.01, axis=1)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found[1, :, 2], alone, atol=1e-6)
    np.testing.assert_allclose(lowpass(jnp.moveaxis(x, 1, -1), 4.0, 0.01, -1), jnp.moveaxis(found, 1, -1), atol=1e-6)
    assert lowpass(np.arange(8), 4.0, 0.01, 0).dtype == jnp.zeros(()).dtype


def test_the_corner_may_be_traced():
    x = tone(0.010)
    slope = jax.jit(jax.grad(lambda corner: jnp.sum(lowpass(x, 4.0, corner, 0) ** 2)))(0.010)
    h = 1e-6
    power = [float(jnp.sum(lowpass(x, 4.0, c, 0) ** 2)) for c in (0.010 - h, 0.010 + h)]
    assert float(slope) == pytest.approx((power[1] - power[0]) / (2 * h), rel=1e-5)


def test_steps_filter_along_time(ragged):
    x, step = ragged.traces, ragged.time.step
    np.testing.assert_allclose(LowPass(0.01)(ragged).traces, lowpass(x, step, 0.01, 1), atol=1e-14)
    np.testing.assert_allclose(BandPass(0.01, 0.02)(ragged).traces, bandpass(x, step, 0.01, 0.02, 1), atol=1e-14)


def test_resampled_shots_are_those_of_the_other_axis(ragged):
    coarse = js.TimeAxis(900.0, 6.0)
    amplitude = jnp.arange(7.0)

    def record(time):
        traces = jnp.broadcast_to(js.ricker(time, 0.010, delay=400.0)[None, :, None] * amplitude, (3, time.size, 7))
        return js.Shots(traces, ragged.sources, ragged.receivers, time)

    found = ResampleTo(coarse)(record(ragged.time))
    assert found.time == coarse
    np.testing.assert_allclose(found.traces, record(coarse).traces, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda shots: LowPass(0.0), r"corner: expected a positive number of kHz, got 0.0"),
        (lambda shots: LowPass(5.0)(shots), r"corner: expected a frequency in kHz below 0.125.*Write hertz\(5.0\)"),
        (lambda shots: BandPass(0.02, 0.01), r"low: expected a frequency below high, 0.01 kHz, got 0.02"),
        (lambda shots: bandpass(shots.traces, 4.0, 0.02, 0.01, 1), r"low: expected a frequency below high"),
        (lambda shots: lowpass(shots.traces, 4.0, 0.02, 3), r"axis: expected one of the 3 axes of x, got 3"),
        (lambda shots: ResampleTo(4.0), r"time: expected a TimeAxis, as in ResampleTo\(TimeAxis\(4000.0, 4.0\)\), got"),
        (
            lambda shots: ResampleTo(js.TimeAxis(2000.0, 2.0))(shots),
            r"time: expected samples up to the last of the shots, 1000 ms, got 2000 ms. Write TimeAxis\(1000, 2\)",
        ),
    ],
)
def test_errors_say_what_to_write(make, message, ragged):
    with pytest.raises(ValueError, match=message):
        make(ragged)
