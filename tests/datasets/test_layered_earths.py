"""Random flat layers: the walk of velocities, and sections of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.datasets import VelocityWalk, layered_earth, layered_section
from jaxseis.grid import Grid


@pytest.fixture(scope="module")
def earths() -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(layered_earth))(jax.random.split(jax.random.key(0), 20_000)))


def test_the_first_layer_is_uniform_about_1500_metres_per_second(earths):
    first = earths[:, 0]
    assert 1.35 <= first.min() < 1.351
    assert 1.649 < first.max() <= 1.65
    quartiles = np.quantile(first, [0.25, 0.5, 0.75])
    np.testing.assert_allclose(quartiles, [1.425, 1.5, 1.575], atol=0.005)


def test_steps_are_those_of_the_paper_where_no_wall_is_near(earths):
    v, step = earths[:, :-1], np.diff(earths, axis=1)
    free = step[(v > 1.2) & (v < 3.4)]  # no step from here reaches a wall
    assert -0.19 <= free.min() < -0.189
    assert 0.569 < free.max() <= 0.57
    np.testing.assert_allclose(free.mean(), 0.19, atol=0.003)
    np.testing.assert_allclose(free.std(), 0.38 / np.sqrt(3), rtol=0.01)


def test_velocities_stay_between_the_walls_and_reach_them(earths):
    assert earths.min() == 1.0
    assert earths.max() == 4.0
    assert 0.03 < np.mean(earths[:, -1] == 4.0) < 0.08


def test_another_walk_and_number_of_layers():
    walk = VelocityWalk(first=2.0, first_scatter=0.0, rise=0.1, scatter=0.0, fastest=2.25)
    velocities = layered_earth(jax.random.key(0), layers=5, walk=walk)
    np.testing.assert_allclose(velocities, [2.0, 2.1, 2.2, 2.25, 2.25], rtol=1e-6)


def test_a_section_has_the_layers_at_their_depths_and_a_half_space():
    section = layered_section(jnp.arange(1.0, 4.0), Grid((3, 7), 100.0))
    np.testing.assert_array_equal(section, np.broadcast_to([1, 1, 2, 2, 3, 3, 3], (3, 7)))
    assert layered_section(jnp.ones(9)).shape == (501, 361)


def test_a_coarser_grid_samples_the_same_earth():
    velocities = layered_earth(jax.random.key(1))
    fine, coarse = (layered_section(velocities, Grid((n, n), h)) for n, h in ((361, 5.0), (181, 10.0)))
    np.testing.assert_array_equal(fine[::2, ::2], coarse)


def test_spacings_that_are_not_binary_numbers_find_their_layers():
    depth = 0.1 * np.arange(31)  # 0.3 / 0.1 is a little less than three
    section = layered_section(jnp.arange(40.0), Grid((2, 31), 0.1), thickness=0.1)
    np.testing.assert_array_equal(section[0], np.arange(31.0), err_msg=str(depth))


def test_the_derivative_of_a_section_is_one_where_the_layer_is():
    J = jax.jacfwd(lambda v: layered_section(v, Grid((2, 5), 100.0)))(jnp.ones(3))
    np.testing.assert_array_equal(J[0], np.eye(3)[[0, 0, 1, 1, 2]])


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"layers: expected a whole number of at least 1, got 0"):
        layered_earth(jax.random.key(0), layers=0)
    with pytest.raises(ValueError, match=r"thickness: expected a positive number of metres, got 0"):
        layered_section(jnp.ones(3), thickness=0.0)
    with pytest.raises(ValueError, match=r"grid.origin: expected a z of zero or more"):
        layered_section(jnp.ones(3), Grid((3, 3), 10.0, (0.0, -20.0)))


def test_velocities_of_many_earths_at_once_are_refused():
    with pytest.raises(ValueError, match=r"velocities: expected those of one earth.*jax.vmap"):
        layered_section(jnp.ones((4, 9)))
