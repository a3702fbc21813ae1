"""Augmentations: samples and their conditions change alike, reproducibly, and by the size that the schedule says."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxseis.flows.training.augmentation import Flip, Noise, compose

KEY = jax.random.key(5)
IMAGES = jnp.arange(8 * 3 * 4 * 1.0).reshape(8, 3, 4, 1)


def test_an_image_flips_with_its_condition_and_vectors_stay():
    traces = jnp.arange(8 * 3 * 2.0).reshape(8, 3, 2)
    labels = jnp.arange(16.0).reshape(8, 2)
    x, (image, vector, data) = Flip((0, 1))(KEY, IMAGES, (2 * IMAGES, labels, traces), 0)
    np.testing.assert_array_equal(image, 2 * x)
    np.testing.assert_array_equal(vector, labels)
    np.testing.assert_array_equal(data, traces)


def test_every_sample_is_flipped_or_not_along_each_axis():
    x, _ = Flip((0, 1))(KEY, IMAGES, None, 0)
    found = set()
    for before, after in zip(IMAGES, x, strict=True):
        ways = {(a, b): before[:: 1 - 2 * a, :: 1 - 2 * b] for a in (0, 1) for b in (0, 1)}
        (way,) = [way for way, image in ways.items() if jnp.array_equal(image, after)]
        found.add(way)
    assert len(found) == 4


def test_one_axis_leaves_the_other():
    x, _ = Flip((1,))(KEY, IMAGES, None, 0)
    np.testing.assert_array_equal(x.sum(2), IMAGES.sum(2))
    assert not jnp.array_equal(x, IMAGES)


def test_noise_decays_by_its_schedule():
    noise = Noise(optax.exponential_decay(0.5, transition_steps=1, decay_rate=0.5))
    x = jnp.zeros((1000, 2))
    first, second = (noise(KEY, x, None, jnp.asarray(step))[0] for step in (0, 3))
    np.testing.assert_allclose(first.std(), 0.5, rtol=0.05)
    np.testing.assert_allclose(second, first / 8, rtol=1e-6)


def test_noise_keeps_the_precision_and_the_condition():
    x, condition = Noise(0.1)(KEY, jnp.zeros((3, 2), jnp.float32), "c", 0)
    assert x.dtype == jnp.float32
    assert condition == "c"


def test_composed_augmentations_are_one_after_the_other_with_random_numbers_of_their_own():
    both = compose(Noise(0.1), Noise(0.1), Flip((0,)))
    x, condition = both(KEY, IMAGES, IMAGES, 0)
    keys = jax.random.split(KEY, 3)
    expected, _ = Noise(0.1)(keys[1], *Noise(0.1)(keys[0], IMAGES, IMAGES, 0), 0)
    expected, flipped = Flip((0,))(keys[2], expected, IMAGES, 0)
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(condition, flipped)


def test_axes_that_an_image_does_not_have_are_refused():
    with pytest.raises(ValueError, match="axes: expected axes of space, of which there are 2, got 2"):
        Flip((2,))(KEY, IMAGES, None, 0)
    with pytest.raises(ValueError, match="axes: expected a whole number of at least 0"):
        Flip((-1,))
