"""Overlapping windows: what they hold, and that they put the array together again."""

import jax
import numpy as np
import pytest

from jaxseis.operators.patches import TAPERS, Patches

X = np.random.default_rng(0).normal(size=(2, 11, 9))


def test_without_a_taper_and_overlap_they_are_slices():
    windows = Patches((4, 3), 0, X, taper="box") @ X
    assert windows.shape == (2, 3, 3, 4, 3)
    np.testing.assert_array_equal(windows[:, 1, 2], X[:, 4:8, 6:9])
    np.testing.assert_array_equal(windows[:, 2, 0, 3], np.zeros((2, 3)))  # past the end


@pytest.mark.parametrize("overlap", [0, 1, 3, 4])
@pytest.mark.parametrize("length", [3, 11, 13])
def test_any_size_is_an_isometry(length, overlap):
    P = Patches(5, overlap, np.zeros(length))
    x = np.arange(1.0, length + 1)
    np.testing.assert_allclose(P.T @ (P @ x), x, rtol=1e-13)


@pytest.mark.parametrize("taper", TAPERS)
def test_every_taper_is_an_isometry(taper):
    P = Patches((4, 5), (2, 3), X, taper=taper)
    np.testing.assert_allclose(P.T @ (P @ X), X, rtol=1e-12)
    np.testing.assert_allclose(np.sum((P @ X) ** 2), np.sum(X**2), rtol=1e-12)


def test_tapered_windows_add_up_to_the_array():
    x, step = X[0, :, 0], 2
    windows = Patches(5, 3, x, partition="amplitude") @ x
    total = np.zeros(20)
    for k, window in enumerate(windows):
        total[k * step : k * step + 5] += window
    np.testing.assert_allclose(total[:11], x, rtol=1e-13)
    assert not total[11:].any()


def test_windows_hold_the_samples_they_cover():
    windows = Patches(5, 3, X[0, :, 0], partition="amplitude") @ X[0, :, 0]
    tapers = Patches(5, 3, X[0, :, 0], partition="amplitude") @ np.ones(11)
    for k in range(4):
        np.testing.assert_allclose(windows[k], tapers[k] * X[0, 2 * k : 2 * k + 5, 0], rtol=1e-13)
    assert np.all(tapers > 0)


def test_single_precision_stays():
    P = Patches(4, 2, jax.ShapeDtypeStruct((9,), np.float32))
    assert (P @ np.ones(9, np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Patches(5, 5, X), "nover of Patches: expected less than the length of a window"),
        (lambda: Patches((5, 4), (2, 2, 2), X), "nover of Patches: .*one for each of 2 axes"),
        (lambda: Patches(0, 0, X), "nwin of Patches: expected a whole number of at least 1"),
        (lambda: Patches(5, 2.5, X), "nover of Patches: expected a whole number"),
        (lambda: Patches((2, 2, 2, 2), 1, X), "nwin of Patches: expected at most one length for each axis"),
        (lambda: Patches(5, 2, X, taper="welch"), "taper of Patches: expected one of hanning, .*got welch"),
        (lambda: Patches(5, 2, X, partition="power"), "partition of Patches: expected one of energy, amplitude"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
