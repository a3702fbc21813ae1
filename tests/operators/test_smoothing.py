"""Means over boxes against PyLops and NumPy, Gaussian weights against SciPy."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from jaxseis.operators.smoothing import GaussianSmoothing, Smoothing

X = np.random.default_rng(0).normal(size=(9, 14))


@pytest.mark.parametrize("length", [1, 3, 5, 7, 9, 11, 13, 21])
def test_a_mean_of_any_length(length):
    expected = np.convolve(X[0], np.ones(length) / length)[length // 2 :][:14]
    np.testing.assert_allclose(Smoothing(length, X[0]) @ X[0], expected, atol=1e-13)


def test_it_is_that_of_pylops():
    pylops = pytest.importorskip("pylops")
    np.testing.assert_allclose(Smoothing((3, 5), X) @ X, pylops.Smoothing2D((3, 5), X.shape) @ X, atol=1e-13)
    np.testing.assert_allclose(Smoothing(5, X, axes=-1) @ X, pylops.Smoothing1D(5, X.shape) @ X, atol=1e-13)


def test_gaussian_smoothing_is_that_of_scipy():
    expected = scipy.ndimage.gaussian_filter(X, (2.0, 0.7), mode="constant", truncate=3.0)
    np.testing.assert_allclose(GaussianSmoothing((2.0, 0.7), X, truncate=3.0) @ X, expected, atol=1e-13)


def test_no_width_leaves_all_as_it_is():
    np.testing.assert_array_equal(GaussianSmoothing(0.0, X) @ X, X)
    np.testing.assert_array_equal(Smoothing(1, X) @ X, X)


def test_divided_by_the_mean_of_ones_it_keeps_constants():
    A = GaussianSmoothing(3.0, X)
    np.testing.assert_allclose((A @ np.full_like(X, 7.0)) / (A @ np.ones_like(X)), 7.0)


def test_single_precision_stays():
    x = jnp.asarray(X, jnp.float32)
    assert (Smoothing(3, x) @ x).dtype == (GaussianSmoothing(1.0, x) @ x).dtype == jnp.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Smoothing(4, X), "nsmooth of Smoothing: expected odd numbers of samples, got 4"),
        (lambda: Smoothing((3, -1), X), "nsmooth of Smoothing: expected odd"),
        (lambda: Smoothing((3, 3, 3), X), "nsmooth of Smoothing: .*one for each of 2 axes"),
        (lambda: GaussianSmoothing(-1.0, X), "sigma of GaussianSmoothing: expected zero or a positive number"),
        (lambda: GaussianSmoothing(1.0, X, truncate=0.0), "truncate: expected a positive number"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
