"""Errors and similarity of images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from jaxseis.inference import image_scores, posterior_mean, rmse, snr, ssim


def normals(shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def reference_ssim(a, b, data_range):
    """By filters of scipy, with the border left out."""
    smooth = lambda x: gaussian_filter(x, 1.5, truncate=3.5)  # noqa: E731
    ma, mb = smooth(a), smooth(b)
    va, vb, cov = smooth(a * a) - ma * ma, smooth(b * b) - mb * mb, smooth(a * b) - ma * mb
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    found = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return found[(slice(5, -5),) * a.ndim].mean()


@pytest.mark.parametrize("shape", [(30,), (17, 14), (12, 11, 13)])
def test_similarity_in_any_dimension(shape):
    a = normals((2, *shape, 1), 0)
    b = a + 0.5 * normals(a.shape, 1)
    found = jax.jit(ssim, static_argnums=2)(a, b, 6.0)
    np.testing.assert_allclose(found, [reference_ssim(a[i, ..., 0], b[i, ..., 0], 6.0) for i in range(2)], rtol=1e-9)


def test_similarity_of_the_same_is_one():
    a = normals((2, 12, 12, 3), 0)
    np.testing.assert_allclose(ssim(a, a, 1.0), [1.0, 1.0], rtol=1e-12)


def test_similarity_of_opposites_is_negative():
    board = (-1.0) ** np.indices((12, 12)).sum(axis=0)[None, ..., None]
    np.testing.assert_allclose(ssim(board, -board, 1.0), [-1.0], rtol=1e-2)


def test_similarity_of_constant_images_by_hand():
    """Without variance only the means count."""
    a, b = np.full((1, 11, 11, 1), 1.0), np.full((1, 11, 11, 1), 3.0)
    np.testing.assert_allclose(ssim(a, b, 10.0), [(2 * 3 + 0.01) / (1 + 9 + 0.01)], rtol=1e-9)


@pytest.mark.parametrize("level", [1e3, 1e4])
def test_a_large_mean_costs_no_digits(level):
    """In single precision: squares of the level would hide the variance, which is 1."""
    a, b = (normals((2, 12, 12, 1), seed) for seed in range(2))
    a, b = (level + a).astype(np.float32), (level + 0.5 * a + b).astype(np.float32)
    exact = ssim(a.astype(float), b.astype(float), 6.0)
    found = ssim(a, b, 6.0)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, exact, atol=2e-5)


def test_whole_numbers_do_not_wrap_round():
    a, b = np.full((1, 12, 12, 1), 3, np.uint8), np.full((1, 12, 12, 1), 250, np.uint8)
    np.testing.assert_allclose(rmse(a, b), 247.0)
    np.testing.assert_allclose(snr(a, b), 20 * np.log10(250 / 247), rtol=1e-5)
    np.testing.assert_allclose(ssim(a, b, 255), ssim(a.astype(np.float32), b.astype(np.float32), 255))


def test_errors_and_ratios_by_hand():
    reference, image = np.array([[[3.0], [4.0]]]), np.array([[[3.0], [3.5]]])
    np.testing.assert_allclose(rmse(image, reference), [np.sqrt(0.125)])
    np.testing.assert_allclose(snr(image, reference), [20.0])  # 5 over 0.5


def test_scores_of_posteriors():
    """Cases of growing noise: error and spread grow with it, similarity falls."""
    noise = np.array([0.1, 0.5, 2.0])[:, None, None, None]
    truths = normals((3, 12, 12, 1), 0)
    samples = truths + noise * (normals((40, 3, 12, 12, 1), 1) + normals(truths.shape, 2))
    scores = image_scores(truths, samples, 6.0)
    np.testing.assert_allclose(scores.rmse, noise.ravel(), rtol=0.2)
    np.testing.assert_allclose(scores.spread, noise.ravel(), rtol=0.05)
    assert bool(jnp.all(jnp.diff(scores.ssim) < 0))
    np.testing.assert_allclose(scores.snr, snr(posterior_mean(samples), truths))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rmse(np.zeros((2, 3)), np.zeros((2, 4))), r"images: expected shape \(2, 4\), got shape \(2, 3\)"),
        (lambda: ssim(np.zeros((1, 20, 9, 1)), np.zeros((1, 20, 9, 1)), 1.0), "images: .* of at least 11 pixels"),
        (lambda: ssim(np.zeros((1, 20)), np.zeros((1, 20)), 1.0), r"images: expected \(cases, \*space, channel\)"),
        (lambda: ssim(np.zeros((1, 20, 1)), np.zeros((1, 20, 1)), 0.0), "data_range: expected a positive number"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
