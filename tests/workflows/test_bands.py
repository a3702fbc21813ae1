"""Low-passed data are data of the low-passed wavelet, at time zero too."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import inversion

import jaxseis as js
from jaxseis.preconditioners import TopMute
from jaxseis.workflows.bands import samples_spread

CORNER = 0.005  # kHz


def test_the_spread_holds_the_filtered_spike():
    step = 2.0
    samples = samples_spread(CORNER, step)
    time = (np.arange(4001) - 2000) * step
    response = np.exp(-0.5 * np.log(2) * (np.fft.fftfreq(4001, step) / CORNER) ** 2)
    spike = np.fft.fftshift(np.fft.ifft(response).real)
    assert np.abs(spike[np.abs(time) > samples * step]).max() < 1e-3 * spike.max()


@pytest.fixture(scope="module")
def abrupt():
    """An experiment whose wavelet begins with all its energy at once, recorded long enough."""
    time = js.TimeAxis(900.0, 5.0)
    wave = inversion.wave().replace(time=time)
    t = time.values
    q = np.exp(-t / 60.0) * np.sin(2 * np.pi * 0.008 * t)
    F = js.Modeling(wave, inversion.SOURCES, inversion.RECEIVERS)
    m = js.squared_slowness(inversion.models()[0])
    with pytest.warns(UserWarning, match="points per wavelength"):
        traces = F(m) @ q
    shots = js.Shots(traces, inversion.SOURCES, inversion.RECEIVERS, time)
    return replace(inversion.experiment(), wave=wave, wavelet=q, shots=shots)


def test_filtered_data_are_data_of_the_filtered_wavelet(abrupt):
    samples = samples_spread(CORNER, 5.0)
    time, q, d, w = abrupt.prepared(abrupt.shots, CORNER, samples)
    assert time == js.TimeAxis(900.0 + 5.0 * samples, 5.0)
    assert float(jnp.abs(q[:samples]).max()) > 0.3 * float(jnp.abs(q).max())  # what would have been cut off
    predicted = abrupt.modeling(abrupt.shots, time)(js.squared_slowness(inversion.models()[0])) @ q
    error = jnp.linalg.norm(w * (predicted - d)) / jnp.linalg.norm(w * d)
    assert error < 0.01  # the kink of the wavelet at time zero is not resampled exactly


def test_weights_go_on_before_time_zero_and_fade_at_the_end(abrupt):
    samples = samples_spread(CORNER, 5.0)
    plain = abrupt.prepared(abrupt.shots, CORNER, samples).w
    assert np.all(plain[0, : -samples - 1] == 1)
    assert plain[0, -1] == 0
    muted = replace(abrupt, weighting=(TopMute(1.5, 100.0, 50.0),))
    weights = muted.prepared(abrupt.shots, CORNER, samples).w
    assert weights.shape == (3, abrupt.wave.time.size + samples, 41)
    assert not weights[:, : samples + 20].any()


def test_without_a_corner_nothing_changes(abrupt):
    time, q, d, w = abrupt.prepared(abrupt.shots)
    assert time == abrupt.wave.time
    assert np.array_equal(q, abrupt.wavelet)
    assert np.array_equal(d, abrupt.shots.traces)
    assert np.all(w == 1)
