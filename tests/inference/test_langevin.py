"""Langevin dynamics sample what they should."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxseis.inference import langevin, markov_chain, preconditioned_langevin
from jaxseis.networks import OperatorLayer
from jaxseis.operators import Matrix

PRECISION = jnp.array([[2.0, 0.6], [0.6, 1.0]])
MEAN = jnp.array([1.0, -2.0])


def potential(x):
    return 0.5 * (x - MEAN) @ PRECISION @ (x - MEAN)


def chains(dynamics, steps, count=4000):
    """The last states of many chains at once: independent samples."""

    def step(carry, _):
        x, state = carry
        updates, state = dynamics.update(jax.vmap(jax.grad(potential))(x), state)
        return (optax.apply_updates(x, updates), state), None

    start = jnp.tile(MEAN, (count, 1))
    return jax.lax.scan(step, (start, dynamics.init(start)), length=steps)[0][0]


def test_the_stationary_distribution_of_a_quadratic_is_the_one_stated():
    size = 0.2
    x = jax.jit(lambda: chains(langevin(size, jax.random.key(0)), 200))()
    h, axes = np.linalg.eigh(PRECISION)
    along = (np.asarray(x) - MEAN) @ axes
    np.testing.assert_allclose(along.mean(0), 0, atol=4 / np.sqrt(4000 * h.min()))
    np.testing.assert_allclose(along.var(0), 1 / (h * (1 - size * h / 4)), rtol=4 * np.sqrt(2 / 4000))


def test_a_schedule_sets_the_step():
    schedule = optax.piecewise_constant_schedule(1.0, {1: 0.0})
    dynamics = langevin(schedule, jax.random.key(0))
    state = dynamics.init(MEAN)
    first, state = dynamics.update(jnp.zeros(2), state)
    second, state = dynamics.update(jnp.ones(2), state)
    assert float(jnp.abs(first).min()) > 0
    np.testing.assert_array_equal(second, 0)


def test_the_preconditioner_makes_steps_of_equal_length():
    steep = jnp.array([1.0, 1e4])
    dynamics = preconditioned_langevin(1e-2, jax.random.key(0), decay=0.0)
    updates = []
    state = dynamics.init(steep)
    for _ in range(400):
        update, state = dynamics.update(steep, state)
        updates.append(update)
    updates = np.stack(updates)
    assert abs(updates[:, 1].mean() + 0.5e-2) < 4 * np.sqrt(1e-2 / steep[1] / 400)
    np.testing.assert_allclose(updates.var(0), 1e-2 / steep, rtol=4 * np.sqrt(2 / 400))


def test_what_is_frozen_stays():
    layer = OperatorLayer(Matrix(jnp.eye(2)))
    updates, _ = (dynamics := langevin(1.0, jax.random.key(0))).update(layer, dynamics.init(layer))
    np.testing.assert_array_equal(updates.leaves[0][...], 0)


def test_chains_keep_what_is_asked():
    options = {"steps": 10, "every": 5, "burn_in": 3, "show": False}
    kept = markov_chain(potential, MEAN, langevin(1e-2, jax.random.key(1)), observe=lambda x: {"x": x}, **options)
    every = markov_chain(potential, MEAN, langevin(1e-2, jax.random.key(1)), steps=13, show=False)
    np.testing.assert_array_equal(kept["x"], every[jnp.array([3 + 5 - 1, 3 + 10 - 1])])


def test_divergence_is_an_error():
    with pytest.raises(FloatingPointError, match="smaller step size"):
        markov_chain(lambda x: x @ x * 1e300 * (x @ x), MEAN, langevin(1e3, jax.random.key(0)), steps=5, show=False)


def test_errors_name_what_was_given():
    with pytest.raises(ValueError, match="step_size"):
        langevin(-1.0, jax.random.key(0))
    for every in (0, 6):
        with pytest.raises(ValueError, match="every"):
            markov_chain(potential, MEAN, langevin(1e-2, jax.random.key(0)), steps=5, every=every)
