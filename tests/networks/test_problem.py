"""Gradients of misfits, over batches of problems."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.networks import MisfitGradient, Preconditioned, Problem, Shared, least_squares_gradient
from jaxseis.networks.problem import held, over_batch
from jaxseis.operators import FFT, Matrix

MATRICES = jnp.sin(jnp.arange(24.0)).reshape(2, 4, 3)
X, D = jnp.arange(6.0).reshape(2, 3), jnp.ones((2, 4))


def misfit(x, matrix, d):
    return 0.5 * jnp.sum((matrix @ x - d) ** 2)


def test_a_stack_of_operators_is_one_for_each_sample():
    problem = Problem(jax.vmap(Matrix)(MATRICES), D)
    found = over_batch(least_squares_gradient, X, problem)
    for x, matrix, d, g in zip(X, MATRICES, D, found, strict=True):
        np.testing.assert_allclose(g, matrix.T @ (matrix @ x - d), rtol=1e-14)


def test_a_shared_operator_is_that_of_all():
    found = over_batch(least_squares_gradient, X, Problem(Shared(Matrix(MATRICES[0])), D))
    wanted = over_batch(least_squares_gradient, X, Problem(jax.vmap(Matrix)(MATRICES[jnp.array([0, 0])]), D))
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_a_misfit_has_the_gradient_of_least_squares():
    found = over_batch(MisfitGradient(misfit), X, Problem(MATRICES, D))
    wanted = over_batch(least_squares_gradient, X, Problem(jax.vmap(Matrix)(MATRICES), D))
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_complex_data_give_real_gradients():
    x = jnp.arange(5.0)
    A = FFT(x)
    g = least_squares_gradient(x, A, A @ jnp.ones(5))
    assert g.dtype == x.dtype
    wanted = jax.grad(lambda x: 0.5 * jnp.sum(jnp.abs(A @ (x - 1)) ** 2))(x)
    np.testing.assert_allclose(g, wanted, atol=1e-14)


def test_a_preconditioner_comes_behind():
    gradient = Preconditioned(least_squares_gradient, lambda g: 2 * g)
    problem = Problem(Shared(Matrix(MATRICES[0])), D)
    plain = over_batch(least_squares_gradient, X, problem)
    np.testing.assert_array_equal(over_batch(gradient, X, problem), 2 * plain)


@pytest.mark.parametrize("transform", [jax.grad, lambda f: jax.jit(jax.grad(f))], ids=["eager", "jit"])
def test_what_is_held_has_no_derivative(transform):
    with pytest.raises(NotImplementedError, match='memory="remat"'):
        transform(lambda a: jnp.sum(held({"a": a, "n": jnp.arange(3)})["a"]))(jnp.ones(3))
    fixed = {"a": jnp.ones(3), "n": jnp.arange(3)}
    np.testing.assert_array_equal(transform(lambda x: jnp.sum(x * held(fixed)["a"]))(jnp.ones(3)), jnp.ones(3))
