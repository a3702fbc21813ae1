"""Line searches: their conditions on functions made for the purpose, values that are not finite, and both drivers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.solvers.line_search import Armijo, Wolfe
from jaxseis.solvers.objective import evaluate

# The test functions of More and Thuente, ACM Trans. Math. Softw. 20 (1994), eq. 5.1 to 5.3, and one with a wall.
BETA = 0.01


def kinked(a):
    low, high = 1 - a, a - 1
    middle = ((a - 1) ** 2 / BETA + BETA) / 2
    return jnp.where(a <= 1 - BETA, low, jnp.where(a >= 1 + BETA, high, middle)) + 2 * (1 - BETA) / (
        39 * jnp.pi
    ) * jnp.sin(39 * jnp.pi / 2 * a)


FUNCTIONS = {
    "rational": lambda a: -a / (a**2 + 2),
    "quintic": lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
    "wavy": kinked,
    "quadratic": lambda a: (a - 3.0) ** 2,
    "wall": lambda a: -a - 0.1 * jnp.log(2.0 - a),
}


def searched(rule, f, scale, last=None, x=0.0):
    """From x along the axis; t = 1 is at the scale."""
    start = evaluate(f, jnp.asarray(x))
    path = lambda t: start.x + scale * t  # noqa: E731
    return start, rule.search(lambda x: evaluate(f, x), start, path, start.value[None] if last is None else last)


@pytest.mark.parametrize("scale", [1e-3, 0.1, 10.0, 1e3])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_strong_wolfe_conditions_hold(name, scale):
    rule = Wolfe(decrease=1e-3, curvature=0.1)
    start, found = searched(rule, FUNCTIONS[name], scale)
    assert found.found
    assert int(found.evaluations) <= 15
    slope, end = start.gradient, found.point
    assert end.value <= start.value + rule.decrease * slope * end.x
    assert abs(end.gradient) <= rule.curvature * abs(slope)
    np.testing.assert_allclose(end.x, found.step * scale)


@pytest.mark.parametrize("scale", [0.1, 10.0, 1e3])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_armijo_goes_down_and_not_too_far(name, scale):
    rule = Armijo()
    start, found = searched(rule, FUNCTIONS[name], scale)
    assert found.found
    assert found.point.value <= start.value + rule.decrease * start.gradient * found.point.x
    assert float(found.step) <= 1
    assert int(found.evaluations) == 1 or float(found.step) >= rule.shortest ** (int(found.evaluations) - 1)


def test_a_parabola_needs_two_trials():
    _, found = searched(Armijo(), FUNCTIONS["quadratic"], 15.0)
    assert int(found.evaluations) == 2
    np.testing.assert_allclose(found.point.x, 3.0, rtol=1e-12)


def test_the_nonmonotone_rule_lets_the_value_rise():
    f, last = FUNCTIONS["quadratic"], jnp.array([50.0, 9.0])
    assert int(searched(Armijo(), f, 9.0)[1].evaluations) == 2
    start, found = searched(Armijo(memory=2), f, 9.0, last)
    assert int(found.evaluations) == 1
    assert found.point.value > start.value


@pytest.mark.parametrize("rule", [Armijo(), Wolfe()])
def test_uphill_nothing_is_found(rule):
    start, found = searched(rule, FUNCTIONS["quadratic"], -1.0)
    assert not found.found
    assert found.point.x == start.x
    assert found.step == 0
    assert int(found.evaluations) <= rule.max_trials


@pytest.mark.parametrize("rule", [Armijo(), Wolfe()])
def test_nan_everywhere_ends_the_search(rule):
    start, found = searched(rule, lambda x: jnp.where(x > 0, jnp.nan, -x), 1.0)
    assert not found.found
    assert found.point.value == start.value


@pytest.mark.parametrize("rule", [Armijo(), Wolfe()])
def test_rounding_is_forgiven(rule):
    def f(x):
        return 1e8 + (x - 1) ** 2 + jnp.where(x > 1 - 3e-5, 3e-8, 0.0)  # two units in the last place

    start, found = searched(rule, f, 4e-5, x=1.0 - 3e-5)
    assert found.found
    assert found.point.value > start.value
    assert int(found.evaluations) == 1


@pytest.mark.parametrize("rule", [Armijo(), Wolfe(curvature=0.1)])
def test_compiled_and_in_python_it_is_the_same(rule):
    f = FUNCTIONS["wavy"]
    _, here = searched(rule, f, 10.0)
    there = jax.jit(lambda scale: searched(rule, f, scale)[1])(10.0)
    np.testing.assert_allclose(there.point.x, here.point.x, rtol=1e-12)
    assert int(there.evaluations) == int(here.evaluations)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Armijo(decrease=2.0), "decrease: expected a number between 0 and 1, got 2.0"),
        (lambda: Armijo(memory=0), "memory: expected a whole number >= 1, got 0"),
        (lambda: Wolfe(decrease=0.5, curvature=0.1), "curvature: expected a number between decrease, 0.5, and 1"),
        (lambda: Wolfe(max_trials=0), "max_trials: expected a whole number >= 1"),
    ],
)
def test_wrong_options_are_named(make, match):
    with pytest.raises(ValueError, match=match):
        make()
