"""Objectives: gradients for the inner product, objects of other programs, bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators import inner
from jaxseis.solvers.objective import Bounded, Constrained, evaluate, value_and_grad

TARGET = {"a": jnp.array([1.0 + 2j, -1j]), "b": jnp.array([[3.0]])}
X = {"a": jnp.array([0.5 - 1j, 2.0]), "b": jnp.array([[-1.0]])}


def quartic(x):
    return sum(jnp.sum(jnp.abs(u - v) ** 4) for u, v in zip(jax.tree.leaves(x), jax.tree.leaves(TARGET), strict=True))


class OutsideJAX:
    """As an object of another program: numbers of NumPy, the gradient as jax.grad would return it."""

    def value_and_grad(self, x):
        x = np.asarray(x)
        return float(np.sum(np.abs(x) ** 2)), 2 * np.conj(x)


def test_the_gradient_is_the_one_for_the_inner_product():
    value, gradient = value_and_grad(quartic, X)
    dx = {"a": jnp.array([0.3j, 1.0 - 1j]), "b": jnp.array([[0.7]])}
    h = 1e-6
    up, down = (quartic(jax.tree.map(lambda v, d, s=s: v + s * d, X, dx)) for s in (h, -h))
    assert value == quartic(X)
    np.testing.assert_allclose(inner(gradient, dx), (up - down) / (2 * h), rtol=1e-8)
    assert jax.tree.map(lambda v: v.dtype, gradient) == jax.tree.map(lambda v: v.dtype, X)


def test_objects_need_not_be_traceable():
    x = jnp.array([1.0 + 1j, 2.0])
    for problem in (OutsideJAX(), Constrained(OutsideJAX(), lambda x: x)):
        value, gradient = value_and_grad(problem, x)
        assert value == 6.0
        np.testing.assert_array_equal(gradient, 2 * x)
    real = value_and_grad(Bounded(OutsideJAX(), 0.0), jnp.ones(2, jnp.float32))
    assert real[1].dtype == jnp.float32


def test_what_is_not_finite_counts_as_infinitely_high():
    assert evaluate(jnp.log, jnp.asarray(0.0)).value == jnp.inf
    assert evaluate(jnp.sqrt, jnp.asarray(0.0)).value == jnp.inf  # its slope is infinite
    assert evaluate(jnp.sqrt, jnp.asarray(4.0)).value == 2.0


@pytest.mark.parametrize(
    ("problem", "match"),
    [
        (3.0, r"problem: expected a function x -> f\(x\)"),
        (Constrained(None, lambda x: x), "problem: expected a function"),
    ],
)
def test_what_is_no_objective_is_refused(problem, match):
    with pytest.raises(ValueError, match=match):
        value_and_grad(problem, jnp.ones(2))


def test_values_that_are_no_numbers_are_refused():
    class Vector:
        def value_and_grad(self, x):
            return x, x

    with pytest.raises(ValueError, match=r"value of the objective: expected one real number, got shape \(2,\)"):
        value_and_grad(Vector(), jnp.ones(2))


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (None, None, [-3.0, 0.5, 4.0]),
        (0.0, None, [0.0, 0.5, 4.0]),
        (None, 1.0, [-3.0, 0.5, 1.0]),
        (jnp.array([-1.0, 0.7, -jnp.inf]), jnp.inf, [-1.0, 0.7, 4.0]),
    ],
)
def test_bounds_clip(lower, upper, expected):
    x = jnp.array([-3.0, 0.5, 4.0])
    np.testing.assert_array_equal(Bounded(jnp.sum, lower, upper).project(x), expected)


def test_the_projected_gradient_is_exact_where_nothing_is_held():
    x, g = jnp.array([4000.0, 4000.0, 5.0], jnp.float32), jnp.array([1e-7, -1e-7, 2.0], jnp.float32)
    got = Bounded(jnp.sum, lower=[4000.0, 0.0, 4.0]).projected_gradient(x, g, jnp.float32(1.0))
    np.testing.assert_array_equal(got, np.array([0.0, -1e-7, 1.0], np.float32))


def test_bounds_of_a_pytree():
    problem = Bounded(jnp.sum, {"v": 1.0, "q": 0.0}, 2.0)
    x = {"v": jnp.array([0.0, 3.0], jnp.float32), "q": jnp.array([-1.0])}
    got = problem.project(x)
    np.testing.assert_array_equal(got["v"], [1.0, 2.0])
    np.testing.assert_array_equal(got["q"], [0.0])
    assert got["v"].dtype == jnp.float32


def test_wrong_bounds_are_named():
    with pytest.raises(ValueError, match="lower: expected bounds that are nowhere above the upper ones"):
        Bounded(jnp.sum, jnp.array([0.0, 2.0]), 1.0)
    with pytest.raises(ValueError, match="x of a problem with bounds: expected real numbers, got complex ones"):
        Bounded(jnp.sum, 0.0).project(jnp.array([1j]))
