"""Random bodies of salt, and the folded layers that they are put into."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import label

from jaxseis.datasets import Salt, faulted_layers, salt_body

KEYS = jax.random.split(jax.random.key(0), 50)


@pytest.fixture(scope="module")
def bodies() -> np.ndarray:
    """Whether there is salt, (earth, x, z)."""
    background = jnp.full((64, 48), 2.0)
    return np.asarray(jax.jit(jax.vmap(lambda key: salt_body(key, background)))(KEYS)) == 4.5


def test_salt_is_one_body_that_rises_from_the_base(bodies):
    for body in bodies:
        assert label(body)[1] == 1
        assert body[:, -1].any()


def test_salt_leaves_the_top_and_the_sides_and_is_of_reasonable_size(bodies):
    assert not bodies[:, :, :2].any()
    assert not bodies[:, [0, -1]].any()
    assert 0.02 < bodies.mean((1, 2)).min() < bodies.mean((1, 2)).max() < 0.4


def test_caps_are_wider_than_stems(bodies):
    width = bodies.sum(1)
    assert np.mean(width.max(1) > 1.5 * width[:, -1]) > 0.8


def test_the_earth_stays_what_it_is_outside_of_the_salt():
    earth = faulted_layers(KEYS[0], (40, 30))
    with_salt = salt_body(KEYS[1], earth, Salt(velocity=5.0))
    assert with_salt.dtype == earth.dtype
    np.testing.assert_array_equal(with_salt[with_salt != 5.0], earth[with_salt != 5.0])
    assert np.mean(with_salt == 5.0) > 0.02


def test_an_earth_of_another_number_of_axes_is_refused():
    with pytest.raises(ValueError, match=r"velocity: expected two axes \(x, z\), got shape \(4,\)"):
        salt_body(KEYS[0], jnp.ones(4))
