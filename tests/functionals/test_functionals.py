"""Scaled and composed functionals, squares, and functionals that are zero or infinite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.functionals import L1, L2, Ball, Box, Composed, Functional, NonNegative, NuclearNorm, SquaredL2
from jaxseis.operators.matrix import Matrix

ROWS = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (6, 4)))[0].T  # ROWS ROWS.T = I


def minimiser(f, x, t):
    """argmin of f(u) + |u - x|^2 / (2 t) by the subgradient method, a few digits."""
    slope = jax.grad(lambda u: f(u) + jnp.sum((u - x) ** 2) / (2 * t))
    return jax.lax.fori_loop(1, 20000, lambda k, u: u - t / k * slope(u), x)


def test_a_factor_scales_the_value_and_the_step():
    x = jnp.array([1.0, -3.0])
    assert (0.5 * L1())(x) == (L1() * 0.5)(x) == (np.float64(0.5) * L1())(x) == 2.0
    np.testing.assert_array_equal((0.5 * L1()).prox(x, 4.0), L1().prox(x, 2.0))
    for factor in (0.0, -1.0):
        with pytest.raises(ValueError, match="factor: expected finite positive numbers, got"):
            factor * L1()
    with pytest.raises(ValueError, match=r"factor: expected one number, got shape \(2,\). For a weight for each"):
        jnp.ones(2) * L1()


def test_squares():
    x = jnp.array([3j, -4.0])
    assert SquaredL2()(x) == 12.5
    np.testing.assert_allclose(SquaredL2().prox(x, 3.0), x / 4)


def test_the_proximal_map_of_a_composed_functional():
    x = jax.random.normal(jax.random.key(1), (6,))
    f = Composed(L1(), Matrix(2 * ROWS), bound=4.0)
    np.testing.assert_allclose(f(x), jnp.sum(abs(2 * ROWS @ x)))
    np.testing.assert_allclose(f.prox(x, 0.3), minimiser(f, x, 0.3), atol=1e-3)


def test_frames_that_have_no_formula_are_refused():
    with pytest.raises(ValueError, match="C, .*: expected C C.H = 1 I, got a relative difference .* coefficients"):
        Composed(L1(), Matrix(ROWS.T))
    with pytest.raises(ValueError, match="expected C C.H = 1 I"):
        Composed(L1(), Matrix(2 * ROWS))


def test_bounds():
    box = Box(-1.0, jnp.array([1.0, 2.0, 3.0]))
    x = jnp.array([-3.0, 1.5, 4.0])
    np.testing.assert_array_equal(box.prox(x, 0.1), [-1.0, 1.5, 3.0])
    assert box(x) == jnp.inf
    assert box(box.project(x)) == 0
    np.testing.assert_array_equal(NonNegative().project({"a": x})["a"], [0.0, 1.5, 4.0])
    assert NonNegative()(x) == jnp.inf
    assert Box().project(x.astype(np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="lower: expected bounds that are nowhere above"):
        Box(1.0, -1.0)
    with pytest.raises(ValueError, match="expected real numbers, got complex ones. Bound x.real and x.imag"):
        Box(0.0).project(1j * x)


def test_balls():
    ball = Ball(L2(), 2.0)
    x = jnp.array([3.0, 4.0], np.float32)
    np.testing.assert_allclose(ball.prox(x, 0.1), [1.2, 1.6], rtol=1e-6)
    assert ball(x) == jnp.inf
    assert ball(ball.project(x)) == 0
    assert ball(x).dtype == np.float32
    with pytest.raises(ValueError, match="radius: expected a number >= 0, got -2"):
        Ball(L1(), -2)


def test_the_nuclear_norm_acts_on_each_matrix():
    x = jnp.stack([jnp.diag(jnp.array([3.0, 1.0])), jnp.diag(jnp.array([0.5, 2.0]))])
    assert NuclearNorm()(x) == 6.5
    np.testing.assert_allclose(NuclearNorm().prox(x, 0.75)[1], jnp.diag(jnp.array([0.0, 1.25])), atol=1e-15)


INTEGERS = jnp.array([3, -1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda i: L1().prox(i, 0.5), [2.5, -0.5]),
        (lambda i: L1().project(i, 2.5), [2.25, -0.25]),
        (lambda i: L1(0.5)(i), 2.0),
        (lambda i: L1(0.5).dual(i), 6.0),
        (lambda i: L2().project(4 * i, 10.0), [7.5, -2.5] / np.sqrt(0.625)),
        (lambda i: SquaredL2().prox(i, 1.0), [1.5, -0.5]),
        (lambda i: Box(-0.5, 0.5).project(i), [0.5, -0.5]),
        (lambda i: (0.5 * L1())(i), 2.0),
        (lambda i: Ball(L1(), 2.5).project(i), [2.25, -0.25]),
        (lambda i: Composed(L1(), Matrix(jnp.eye(2))).prox(i, 0.5), [2.5, -0.5]),
    ],
)
def test_integers_count_as_floats(value, expected):
    for numbers in (INTEGERS, np.asarray(INTEGERS)):
        np.testing.assert_allclose(value(numbers), expected)


def test_integers_are_floats_for_functionals_of_users_too():
    class Squares(Functional):
        def __call__(self, x):
            return 0.5 * jnp.sum(x**2)

        def prox(self, x, step):
            """Shrinks."""
            return x / (1 + step)

    assert Squares()(INTEGERS).dtype == float
    assert Squares().prox(x=INTEGERS, step=1.0)[0] == 1.5
    assert Squares.prox.__doc__ == "Shrinks."


def test_what_is_no_norm_and_no_number_is_named():
    with pytest.raises(ValueError, match=r"norm of Ball: expected a norm, for instance L1\(\), got Box"):
        Ball(Box(), 1.0)
    for factor in (None, "2"):
        with pytest.raises(ValueError, match="factor: expected real numbers, got"):
            factor * L1()
