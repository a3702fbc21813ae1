"""Monotone rational-quadratic splines."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.flows.layers.spline import RationalQuadratic

SPLINE = RationalQuadratic(bins=6, bound=3.0)
COUNT = 400


def parameters(size, seed=0, dtype=jnp.float64, numbers=COUNT):
    """Random parameters, (numbers, count, 1)."""
    return size * jax.random.normal(jax.random.key(seed), (numbers, SPLINE.count, 1), dtype)


def everywhere(dtype=jnp.float64):
    """Numbers within the spline and on both sides of it, (number, 1)."""
    return jnp.linspace(-4.0, 4.0, COUNT, dtype=dtype)[:, None] + 1e-3


forward, inverse = jax.jit(SPLINE.forward), jax.jit(SPLINE.inverse)
knots = jax.jit(SPLINE.knots)


def test_parameters_of_zero_are_the_identity():
    x = everywhere()
    for run in (forward, inverse):
        y, log_derivative = run(x, parameters(0.0))
        np.testing.assert_allclose(y, x, rtol=0, atol=1e-14)
        np.testing.assert_allclose(log_derivative, 0, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [0.1, 1.0, 5.0, 50.0])
def test_the_inverse_undoes_it(size):
    x, p = everywhere(), parameters(size)
    y, log_derivative = forward(x, p)
    again, minus = inverse(y, p)
    flattest = np.maximum(1, np.exp(-log_derivative))  # rounding of y is that much in x
    assert np.max(np.abs(again - x) / flattest) < 1e-13
    assert np.max(np.abs(minus + log_derivative) / flattest) < 1e-9


@pytest.mark.parametrize("size", [0.3, 1.0, 5.0])
def test_it_inverts_in_single_precision_as_far_as_rounding_lets_it(size):
    x, p = everywhere(jnp.float32), parameters(size, dtype=jnp.float32)
    y, log_derivative = forward(x, p)
    again, minus = inverse(y, p)
    assert y.dtype == log_derivative.dtype == again.dtype == jnp.float32
    flattest = np.maximum(1, np.exp(-log_derivative))  # rounding of y is that much in x
    assert np.max(np.abs(again - x) / flattest) < 1e-5
    if size < 1:
        np.testing.assert_allclose(again, x, rtol=0, atol=1e-5)
        np.testing.assert_allclose(minus, -log_derivative, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [1.0, 50.0])
def test_its_derivative_is_that_of_automatic_differentiation(size):
    x, p = everywhere(), parameters(size)
    slopes = jax.jit(jax.vmap(jax.grad(lambda x, p: SPLINE.forward(x[None], p)[0][0])))(x[:, 0], p)
    np.testing.assert_allclose(forward(x, p)[1][:, 0], jnp.log(slopes), rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1.0, 50.0])
def test_it_goes_through_its_knots_with_their_slopes_from_both_sides(size):
    p = parameters(size, numbers=30)
    at = knots(p)
    for k in range(SPLINE.bins + 1):
        for side in (-1, 1):
            x = jnp.nextafter(at.x[:, k], side * jnp.inf)
            y, log_derivative = forward(x, p)
            np.testing.assert_allclose(y, at.y[:, k], rtol=0, atol=1e-11)
            np.testing.assert_allclose(jnp.exp(log_derivative), at.slope[:, k], rtol=1e-6)  # it bends fast


def test_knots_keep_their_distance_and_end_at_the_bounds():
    at = knots(parameters(50.0))
    least = 2 * SPLINE.bound * SPLINE.min_bin
    for places in (at.x, at.y):
        assert float(jnp.min(jnp.diff(places, axis=1))) > 0.999 * least
        np.testing.assert_array_equal(places[:, 0], -SPLINE.bound)
        np.testing.assert_array_equal(places[:, -1], SPLINE.bound)
    assert float(jnp.min(at.slope)) >= SPLINE.min_slope


@pytest.mark.parametrize("size", [1.0, 50.0])
def test_it_increases(size):
    p = jnp.broadcast_to(parameters(size, numbers=1), (COUNT, SPLINE.count, 1))
    assert float(jnp.min(jnp.diff(forward(everywhere(), p)[0][:, 0]))) > 0


@pytest.mark.parametrize("run", [forward, inverse], ids=["forward", "inverse"])
def test_outside_of_its_bounds_it_changes_nothing(run):
    x = jnp.array([-1e6, -3.0, 3.0, 3.5, 1e6])[:, None]
    y, log_derivative = run(x, parameters(50.0, numbers=5))
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(log_derivative, 0)


@pytest.mark.parametrize("run", [SPLINE.forward, SPLINE.inverse], ids=["forward", "inverse"])
def test_gradients_are_finite_on_knots_outside_and_for_large_parameters(run):
    p = parameters(50.0, numbers=30)
    x = jnp.concatenate([knots(p).x[:, :, 0], jnp.full((30, 1), 1e6)], axis=1)
    p = jnp.broadcast_to(p, (30, SPLINE.count, x.shape[1]))
    gradients = jax.jit(jax.grad(lambda x, p: sum(map(jnp.sum, run(x, p))), argnums=(0, 1)))(x, p)
    assert all(bool(jnp.all(jnp.isfinite(g))) for g in gradients)


def test_gradients_of_parameters_are_those_of_divided_differences():
    x, p, direction = everywhere()[::8], parameters(1.0)[::8], parameters(1.0, seed=1)[::8]
    objective = jax.jit(lambda p: sum(jnp.sum(jnp.sin(part)) for part in SPLINE.forward(x, p)))
    slope = jnp.vdot(jax.jit(jax.grad(objective))(p), direction)
    h = 1e-6
    difference = (objective(p + h * direction) - objective(p - h * direction)) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 1}, "bins: expected a whole number of at least 2, got 1"),
        ({"bound": 0.0}, "bound: expected a positive number of standard deviations, got 0.0"),
        ({"bins": 4, "min_bin": 0.3}, r"min_bin: expected a number between 0 and 0\.25, got 0\.3"),
        ({"min_slope": 1.0}, r"min_slope: expected a number between 0 and 1, got 1\.0"),
    ],
)
def test_impossible_splines_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        partial(RationalQuadratic, **options)()
