"""Derivatives of least-squares solutions against dense linear algebra and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.least_squares import PROBLEMS, counted, fourier, normal

from jaxseis.operators import Diagonal, HostOperator, Matrix
from jaxseis.solvers import Host, Unrolled
from jaxseis.solvers.cgls import cgls
from jaxseis.solvers.lsmr import lsmr
from jaxseis.solvers.lsqr import lsqr

SHARP = {"atol": 1e-13, "btol": 1e-13}


def closed_form(a, b, damping, start=0.0, weights=1.0):
    """The solution by dense linear algebra; of many, without damping, that which is nearest to the start."""
    rows, columns = a.shape
    if rows >= columns:
        return jnp.linalg.solve(a.conj().T @ a + damping**2 * jnp.eye(columns), a.conj().T @ b)
    scaled, left = a * weights, b - a @ (start * jnp.ones(columns))
    matrix = scaled @ scaled.conj().T + damping**2 * jnp.eye(rows)
    return start + weights * (scaled.conj().T @ jnp.linalg.solve(matrix, left))


def numbers(rows, columns, dtype):
    return normal(rows, columns, dtype=dtype), normal(rows, seed=1, dtype=dtype), normal(columns, seed=2, dtype=dtype)


@pytest.mark.parametrize(("rows", "columns", "dtype"), [(7, 4, complex), (4, 7, float)], ids=["tall", "wide"])
def test_derivatives_are_those_of_the_closed_form(rows, columns, dtype):
    a, b, c = numbers(rows, columns, dtype)

    def ours(a, b, damping):
        return jnp.sum(c * lsqr(Matrix(a), b, damping=damping, **SHARP).value).real

    def dense(a, b, damping):
        return jnp.sum(c * closed_form(a, b, damping)).real

    def derivatives(f, *point):
        direction = 0.3 * a[::-1], jnp.ones_like(b), 1.0
        return jax.grad(f, (0, 1, 2))(*point), jax.jvp(f, point, direction)[1]

    by_us, by_dense = (jax.jit(derivatives, static_argnums=0).lower(f, a, b, 0.0).compile() for f in (ours, dense))
    for damping in (0.0, 0.5):
        for got, expected in zip(*map(jax.tree.leaves, (by_us(a, b, damping), by_dense(a, b, damping))), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("method", "options"), [(lsmr, SHARP), (cgls, {"rtol": 1e-13})], ids=["lsmr", "cgls"])
def test_every_method_has_them(method, options):
    a, b, c = numbers(7, 4, float)
    value, derivative = jax.jit(
        jax.value_and_grad(lambda t: jnp.sum(c * method(Matrix(a + t * a[::-1]), b, damping=t, **options).value))
    )(0.3)
    expected = jax.jit(jax.value_and_grad(lambda t: jnp.sum(c * closed_form(a + t * a[::-1], b, t))))(0.3)
    np.testing.assert_allclose((value, derivative), expected, rtol=1e-8)


def test_of_many_solutions_the_one_that_is_found_is_differentiated():
    a, b, c = numbers(4, 7, float)
    start, weights = normal(7, seed=3), jnp.linspace(1.0, 3.0, 7)

    def ours(start, weights):
        return jnp.sum(c * lsqr(Matrix(a), b, start, preconditioner=Diagonal(weights), **SHARP).value)

    def dense(start, weights):
        return jnp.sum(c * closed_form(a, b, 0.0, start, weights))

    for got, expected in zip(*(jax.jit(jax.grad(f, (0, 1)))(start, weights) for f in (ours, dense)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)


def test_second_derivatives():
    a, b, c = numbers(7, 4, float)
    ours, dense = (
        jax.jit(jax.grad(lambda t, f=f: jax.jvp(lambda t: jnp.sum(c * f(a + t * a[::-1])), (t,), (1.0,))[1]))(0.2)
        for f in (lambda a: lsqr(Matrix(a), b, **SHARP).value, lambda a: closed_form(a, b, 0.0))
    )
    np.testing.assert_allclose(ours, dense, rtol=1e-8)


def test_vmap_of_the_gradient():
    a, b, _ = numbers(7, 4, float)
    gradient = jax.grad(lambda b: jnp.sum(lsqr(Matrix(a), b, **SHARP).value ** 2))
    batch = jnp.stack([b, b[::-1]])
    expected = jax.jit(jax.vmap(jax.grad(lambda b: jnp.sum(closed_form(a, b, 0.0) ** 2))))(batch)
    np.testing.assert_allclose(jax.jit(jax.vmap(gradient))(batch), expected, rtol=1e-8)


def test_operators_that_are_linear_over_the_real_numbers_only_and_those_of_the_host():
    A, b = fourier(), normal(6, seed=1, dtype=complex)
    weights = normal(6, seed=3, dtype=complex)
    on_host = HostOperator(
        lambda x: np.asarray(weights) * np.fft.fft(x),
        lambda y: 6 * np.fft.ifft(np.conj(weights) * y).real,
        A.in_structure(),
        A.out_structure(),
    )
    f = jax.jit(lambda A, b: jnp.sum(lsqr(A, b, **SHARP).value ** 3))
    by_jax, by_host = (jax.jit(jax.grad(f, 1))(A, b) for A in (A, on_host))
    step = 1e-5 * normal(6, seed=4, dtype=complex)
    np.testing.assert_allclose(jnp.sum(by_jax * step).real, (f(A, b + step) - f(A, b - step)) / 2, rtol=1e-7)
    np.testing.assert_allclose(by_host, by_jax, rtol=1e-8, atol=1e-10)


def test_the_host_driver_has_them_too_and_steps_keep_their_own():
    a, b, c = numbers(7, 4, float)

    def gradient(driver):
        return jax.grad(lambda b: jnp.sum(c * lsqr(Matrix(a), b, None, 6, driver, **SHARP).value))

    exact = np.linalg.solve(a.T @ a, c) @ a.T
    np.testing.assert_allclose(gradient(Host())(b), exact, rtol=1e-8)
    np.testing.assert_allclose(jax.jit(gradient(Unrolled()))(b), exact, rtol=1e-8)


def test_a_run_that_is_resumed_has_derivatives_as_exact():
    a, b, c = numbers(7, 4, float)
    state = lsqr(Matrix(a), b, **SHARP).state
    got = jax.grad(lambda b: jnp.sum(c * lsqr(Matrix(a), b, max_steps=1, state=state, **SHARP).value))(b)
    np.testing.assert_allclose(got, np.linalg.solve(a.T @ a, c) @ a.T, rtol=1e-8)


def test_small_cotangents_are_not_lost_in_single_precision():
    a, b, c = (v.astype(jnp.float32) for v in numbers(7, 4, float))
    got = jax.grad(lambda b: 1e-22 * jnp.sum(c * cgls(Matrix(a), b).value))(b)
    np.testing.assert_allclose(1e22 * got, np.linalg.solve(a.T @ a, c) @ a.T, atol=1e-3)


def test_a_solution_alone_costs_no_more_than_without_derivatives():
    problem, calls = counted(PROBLEMS["tall, inconsistent"]())
    solution = jax.block_until_ready(lsqr(problem.A, problem.b))
    assert len(calls) == 2 * int(solution.steps) + 1
