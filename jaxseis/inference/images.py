"""How good images are: root-mean-square error, signal-to-noise ratio, and structural similarity.

With means, variances and the covariance of two images under a Gaussian window of deviation 1.5 pixels, 11 pixels wide,

    SSIM = (2 mu_a mu_b + C_1) (2 s_ab + C_2) / ((mu_a^2 + mu_b^2 + C_1) (s_a^2 + s_b^2 + C_2)),

C_1 = (0.01 L)^2 and C_2 = (0.03 L)^2 for a range L of values, is averaged over all windows within the image (Wang et
al., IEEE Transactions on Image Processing 2004). Variances and the covariance are those of the images less their means,
which is the same, and keeps its digits where the mean is large.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.inference._shapes import paired
from jaxseis.inference.summaries import posterior_mean, posterior_std

RADIUS, DEVIATION = 5, 1.5  # pixels


def rmse(images, references) -> Array:
    """The root-mean-square error of each image: (cases, \\*event) twice -> (cases,).

    ```python
    error = rmse(posterior_mean(samples), truths)
    ```
    """
    images, references = _alike(images, references)
    return jnp.sqrt(_mean((images - references) ** 2))


def snr(images, references) -> Array:
    """The signal-to-noise ratio of each image, ``20 log10(||reference|| / ||image - reference||)``, decibels.

    ```python
    decibels = snr(posterior_mean(samples), truths)
    ```
    """
    images, references = _alike(images, references)
    return 10 * jnp.log10(_mean(references**2) / _mean((images - references) ** 2))


def ssim(images, references, data_range: float) -> Array:
    """The structural similarity of each image, up to 1 for the same.

    Arguments:
        images, references: (cases, \\*space, channel) with 1, 2 or 3 axes of space of at least 11 pixels.
        data_range: L, the largest less the smallest value that images can have.

    Returns (cases,): the mean over all windows and channels. Raises ValueError if the images differ in shape, are
    smaller than a window, or the range is not positive.

    ```python
    similarity = ssim(posterior_mean(samples), truths, data_range=1.0)
    ```
    """
    a, b = _alike(images, references)
    _checks.positive("data_range", data_range, "values' units")
    if a.ndim < 3 or min(a.shape[1:-1]) < 2 * RADIUS + 1:
        raise _checks.fail("images", f"(cases, *space, channel) of at least {2 * RADIUS + 1} pixels", a.shape)
    one, two = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    (level_a, a), (level_b, b) = _split(a), _split(b)
    mean_a, mean_b = _window(a), _window(b)
    var_a, var_b, cov = _window(a * a) - mean_a**2, _window(b * b) - mean_b**2, _window(a * b) - mean_a * mean_b
    mean_a, mean_b = mean_a + level_a, mean_b + level_b
    similarity = (2 * mean_a * mean_b + one) * (2 * cov + two)
    return _mean(similarity / ((mean_a**2 + mean_b**2 + one) * (var_a + var_b + two)))


class ImageScores(NamedTuple):
    """Of the posterior mean of each case, (cases,): errors, and the spread, root-mean-square over the image."""

    rmse: Array
    ssim: Array
    snr: Array
    spread: Array


def image_scores(truths, samples, data_range: float) -> ImageScores:
    """How good the posterior mean of each case is, and how wide its posterior.

    Arguments:
        truths: (cases, \\*space, channel).
        samples: (n, cases, \\*space, channel), from the posteriors.
        data_range: as for `ssim`.

    Over cases, the spread of useful posteriors rises with the error and falls with the similarity:

    ```python
    scores = image_scores(truths, flow.sample(key, 50, conditions), data_range=1.0)
    correlation = jnp.corrcoef(scores.spread, scores.rmse)[0, 1]
    ```
    """
    truths, samples = paired(truths, samples)
    mean = posterior_mean(samples)
    spread = jnp.sqrt(_mean(posterior_std(samples) ** 2))
    return ImageScores(rmse(mean, truths), ssim(mean, truths, data_range), snr(mean, truths), spread)


def _alike(images, references) -> tuple[Array, Array]:
    """Both in one type with fractions: whole numbers without a sign would wrap round."""
    dtype = jnp.result_type(images, references, jnp.float32)
    images, references = jnp.asarray(images, dtype), jnp.asarray(references, dtype)
    _checks.shape_is("images", images, references.shape)
    return images, references


def _mean(values: Array) -> Array:
    """Over all axes but the cases."""
    return values.reshape(len(values), -1).mean(axis=1)


def _split(x: Array) -> tuple[Array, Array]:
    """The mean over space, of each channel of each case, and the rest."""
    level = x.mean(axis=tuple(range(1, x.ndim - 1)), keepdims=True)
    return level, x - level


def _window(x: Array) -> Array:
    """The mean under the window at each place where it lies within the image."""
    offsets = np.arange(-RADIUS, RADIUS + 1)
    weights = np.exp(-0.5 * (offsets / DEVIATION) ** 2)
    weights /= weights.sum()
    for axis in range(1, x.ndim - 1):
        size = x.shape[axis] - 2 * RADIUS
        parts = [float(w) * jax.lax.slice_in_dim(x, i, i + size, axis=axis) for i, w in enumerate(weights)]
        x = functools.reduce(jnp.add, parts)
    return x
