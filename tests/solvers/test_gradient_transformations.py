"""Proximal steps in optax's training loops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxseis.functionals import L1, GroupL1, NonNegative
from jaxseis.operators.matrix import Matrix
from jaxseis.solvers.gradient_transformations import linearized_bregman_transform, proximal
from jaxseis.solvers.proximal_gradient import FixedStep, ista

RNG = np.random.default_rng(3)
A, B = jnp.asarray(RNG.standard_normal((12, 20))), jnp.asarray(RNG.standard_normal(12))
RATE = 1 / np.linalg.norm(A, 2) ** 2


def train(optimiser, params, loss, steps):
    def body(carry, _):
        params, state = carry
        updates, state = optimiser.update(jax.grad(loss)(params), state, params)
        return (optax.apply_updates(params, updates), state), None

    return jax.jit(lambda p: jax.lax.scan(body, (p, optimiser.init(p)), length=steps)[0][0])(params)


def misfit(x):
    return 0.5 * jnp.sum((A @ x - B) ** 2)


def test_proximal_steps_are_those_of_ista():
    trained = train(proximal(RATE, 1.5 * L1()), jnp.zeros(20), misfit, 30)
    expected = ista(Matrix(A), B, 1.5, step_rule=FixedStep(RATE), rtol=0.0, max_steps=30).value
    np.testing.assert_allclose(trained, expected, atol=1e-12)


def test_linearized_bregman_steps():
    x, z = np.zeros(20), np.zeros(20)
    for _ in range(30):
        z = z - RATE * np.asarray(A).T @ (np.asarray(A) @ x - B)
        x = np.sign(z) * np.maximum(np.abs(z) - 0.2, 0)
    trained = train(linearized_bregman_transform(RATE, 0.2), jnp.zeros(20), misfit, 30)
    np.testing.assert_allclose(trained, x, atol=1e-12)
    assert 0 < np.count_nonzero(x) < 20


def test_the_parameters_are_where_bregman_begins():
    params = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array([0.0, 1.0])}
    zero = jax.tree.map(jnp.zeros_like, params)
    optimiser = linearized_bregman_transform(0.1, 0.3)
    updates, _ = optimiser.update(zero, optimiser.init(params), params)
    assert jax.tree.all(jax.tree.map(lambda u: jnp.allclose(u, 0, atol=1e-15), updates))
    grouped = linearized_bregman_transform(0.1, 0.3, GroupL1(-1))
    updates, _ = grouped.update(zero, grouped.init(params), params)
    np.testing.assert_allclose(updates["b"], GroupL1(-1).prox(params, 0.3)["b"] - params["b"])


def test_they_go_in_chains_with_schedules_and_complex_parameters():
    schedule = optax.exponential_decay(0.5, 1, 0.9)
    chain = optax.chain(optax.clip_by_global_norm(10.0), proximal(schedule, NonNegative()))
    params = train(chain, jnp.array([1.0, 1.0], np.float32), lambda x: jnp.sum((x - jnp.array([2.0, -2.0])) ** 2), 40)
    assert params.dtype == np.float32
    np.testing.assert_allclose(params, [2.0, 0.0], atol=1e-5)
    x = jnp.array([3j, -0.1])
    for optimiser in (proximal(1.0, 1.0 * L1()), linearized_bregman_transform(1.0, 1.0)):
        updates, _ = optimiser.update(jnp.zeros(2, complex), optimiser.init(x), x)
        assert updates.dtype == complex


def test_wrong_arguments_are_named():
    optimiser = proximal(0.1, L1())
    with pytest.raises(ValueError, match=r"params: expected the parameters.*Write update\(gradients, state, params\)"):
        optimiser.update(jnp.zeros(2), optimiser.init(jnp.zeros(2)))
    with pytest.raises(ValueError, match="functional: expected a functional"):
        proximal(0.1, 0.5)
    with pytest.raises(ValueError, match="learning_rate: expected finite positive numbers"):
        proximal(-0.1, L1())
    with pytest.raises(ValueError, match="threshold: expected finite positive numbers"):
        linearized_bregman_transform(0.1, 0.0)
