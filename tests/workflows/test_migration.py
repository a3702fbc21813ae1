"""Migration, by transposition and by least squares: sums over batches are those over all shots."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import inversion
from helpers.tolerances import assert_close

import jaxseis as js
from jaxseis.preconditioners import TopMute
from jaxseis.workflows import LSRTMSettings, RTMSettings, least_squares_migrate, migrate

MUTE = TopMute(1.5, 100.0, 50.0)


@pytest.fixture(scope="module")
def muted():
    return replace(inversion.experiment(), weighting=(MUTE,))


@pytest.fixture(scope="module")
def born(muted):
    """The Born operator of all shots, the residual, and the weights."""
    q = jnp.asarray(muted.wavelet)
    m = js.squared_slowness(muted.velocity)
    residual = muted.shots.traces - muted.modeling()(m) @ q
    return muted.modeling().jacobian(m, q, js.InMemory()), residual, MUTE.weights(muted.shots)


def test_an_image_is_minus_the_gradient_of_the_misfit(muted):
    settings = RTMSettings(batch=2, illumination=False, laplacian=False)
    phi = js.FWI(muted.modeling(), muted.wavelet, muted.shots, data_weights=MUTE.weights(muted.shots))
    _, gradient = phi.value_and_grad(js.squared_slowness(muted.velocity))
    inside = np.s_[1:-1, 5:-1]  # below the water, without the edges
    assert_close(migrate(muted, settings, show=False)[inside], -np.asarray(gradient)[inside])


@pytest.mark.slow
def test_an_image_peaks_at_the_reflector(muted):
    image = migrate(muted, RTMSettings(), show=False)
    assert np.all(image[muted.water] == 0)
    depth = 20.0 * np.abs(image[15:26]).mean(0).argmax()
    quarter = 2.0 / 0.008 / 4  # of a wavelength, metres
    assert abs(depth - 18 * 20.0) <= quarter


@pytest.mark.slow
def test_illumination_is_the_energy_of_the_source_wavefields(muted):
    from jaxseis.wave.projection import Projection
    from jaxseis.workflows.migration import _at_nyquist, _illumination

    A, q = muted.wave, jnp.asarray(muted.wavelet)
    u = A(js.squared_slowness(muted.velocity)).inv @ Projection(muted.shots.sources, A).T @ q
    coarse = _at_nyquist(A, muted.wavelet)[0].time.step
    assert coarse >= 2 * A.time.step
    expected = np.asarray(jnp.sum(u**2, axis=(0, 1))) * A.time.step / coarse
    away = np.s_[:, 8:]  # records that are cut off are not band-limited
    got = np.asarray(_illumination(muted)(muted.shots))
    assert np.linalg.norm(got[away] - expected[away]) < 0.02 * np.linalg.norm(expected[away])


@pytest.mark.slow
def test_least_squares_fits_the_data_as_it_says(muted, born):
    J, residual, w = born
    image, misfit = least_squares_migrate(muted, LSRTMSettings(iterations=5, batch=2), show=False)
    assert np.all(np.diff(misfit) < 0)
    left = w * (J @ jnp.asarray(image) - residual)
    assert np.isclose(jnp.sum(left**2) / jnp.sum((w * residual) ** 2), misfit[-1], rtol=0.01)  # J.T is not exact
    assert np.all(image[muted.water] == 0)


def test_least_squares_of_nothing_is_nothing():
    quiet = inversion.experiment()
    quiet = replace(quiet, shots=quiet.shots * 0.0)
    settings = LSRTMSettings(iterations=1, subtract_background=False)
    image, misfit = least_squares_migrate(quiet, settings, show=False)
    assert not image.any()
    assert misfit == [1.0]
