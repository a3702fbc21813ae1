"""Space into channels, and odd planes out of the state."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, mlp, normals, perturbed

from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.shuffle import Checkerboard, Columns, Halves
from jaxseis.flows.layers.trim import Trim

IMAGE = jnp.arange(16.0).reshape(1, 4, 4, 1)


def channel(y, c):
    return y[0, :, :, c].tolist()


def test_a_checkerboard_takes_every_second_pixel():
    y = Checkerboard().squeeze(IMAGE)
    assert [channel(y, c) for c in range(4)] == [
        [[0, 2], [8, 10]], [[1, 3], [9, 11]], [[4, 6], [12, 14]], [[5, 7], [13, 15]]
    ]  # fmt: skip


def test_halves_are_quadrants():
    y = Halves().squeeze(IMAGE)
    assert [channel(y, c) for c in range(4)] == [
        [[0, 1], [4, 5]], [[2, 3], [6, 7]], [[8, 9], [12, 13]], [[10, 11], [14, 15]]
    ]  # fmt: skip


def test_columns_keep_the_order_in_memory():
    np.testing.assert_array_equal(Columns().squeeze(IMAGE).ravel(), IMAGE.ravel())


def test_haar_is_orthonormal_and_begins_with_averages():
    x = normals((4, 6, 3), 2, 1)
    y = Haar().squeeze(x)
    np.testing.assert_allclose(jnp.sum(y**2), jnp.sum(x**2))
    pairs = x.reshape(2, 2, 2, 3, 2, 3).sum((2, 4)) / 2
    np.testing.assert_allclose(y[..., :3], pairs, atol=1e-14)


@pytest.mark.parametrize("squeeze", [Checkerboard(), Halves(), Columns(), Haar()])
def test_odd_sizes_are_refused(squeeze):
    with pytest.raises(ValueError, match=r"x: expected axes of space of even size, got shape \(1, 4, 5, 1\)"):
        squeeze.forward(jnp.ones((1, 4, 5, 1)))


def test_the_last_plane_is_normalised_by_the_one_before_alone():
    trim = perturbed(Trim(1, axis=1, subnet=mlp, rngs=nnx.Rngs(0), **DOUBLE))
    x = normals((3, 5, 1), 2, 1)
    (rest, plane), _ = trim.forward(x)
    assert (rest.shape, plane.shape) == ((2, 3, 4, 1), (2, 3, 1, 1))
    far, near = x.at[:, :, 2].add(1.0), x.at[:, :, 3].add(1.0)
    np.testing.assert_array_equal(trim.forward(far)[0][1], plane)
    assert np.abs(trim.forward(near)[0][1] - plane).max() > 1e-3
