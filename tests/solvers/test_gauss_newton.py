"""Gauss-Newton against SciPy, with Jacobians of JAX and others, and its counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from jaxseis.operators import HostOperator, Matrix
from jaxseis.solvers import Host, Status
from jaxseis.solvers.gauss_newton import Damping, Searching, gauss_newton
from jaxseis.solvers.lbfgs import lbfgs
from jaxseis.solvers.nonlinear_least_squares import NonlinearLeastSquares

T = np.linspace(0, 4, 60)
TRUE = np.array([2.0, 1.3, 0.5, 3.1, 0.2])
START = jnp.array([1.0, 1.0, 1.0, 3.0, 0.0])
EAGER = Host(compiled=False)
RULES = {"search": Searching(), "damping": Damping()}


def curve(p, np=jnp):
    return p[0] * np.exp(-p[1] * T) + p[2] * np.sin(p[3] * T) + p[4]


DATA = curve(TRUE, np) + 0.05 * np.random.default_rng(0).standard_normal(T.size)


def residual(p):
    return curve(p) - DATA


def host_residual(p):
    return curve(np.array(p), np) - DATA


def matrix_of(p):
    p = np.array(p)
    wave = p[2] * T * np.cos(p[3] * T)
    return np.stack([np.exp(-p[1] * T), -p[0] * T * np.exp(-p[1] * T), np.sin(p[3] * T), wave, np.ones_like(T)], axis=1)


def host_jacobian(p):
    J = matrix_of(p)
    return HostOperator(lambda x: J @ x, lambda y: J.T @ y, jnp.zeros(5), jnp.zeros(T.size))


def hard(x):
    """The residual of Rosenbrock's function."""
    return jnp.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


@pytest.fixture(scope="module")
def scipy_solution():
    return least_squares(host_residual, START, x_scale=1.0, xtol=1e-15, ftol=1e-15, gtol=1e-12)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_curve_is_fitted_as_scipy_does_it(rule, scipy_solution):
    found = gauss_newton(residual, START, rule=rule, rtol=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.value, scipy_solution.x, rtol=1e-7)
    np.testing.assert_allclose(found.state.point.value, scipy_solution.cost, rtol=1e-10)
    assert int(found.state.progress.evaluations) <= scipy_solution.nfev + 5


def test_a_bent_valley():
    found = gauss_newton(hard, jnp.tile(jnp.array([-1.2, 1.0]), 2), rule=Damping(), rtol=1e-10, max_steps=200)
    assert found.converged
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-7)


def test_quasi_newton_finds_the_same(scipy_solution):
    found = lbfgs(NonlinearLeastSquares(residual), START, rtol=1e-9)
    np.testing.assert_allclose(found.value, scipy_solution.x, rtol=1e-6)


def test_outside_jax_it_takes_the_same_steps(scipy_solution):
    here = gauss_newton(host_residual, START, host_jacobian, rtol=1e-10, driver=EAGER)
    there = gauss_newton(residual, START, rtol=1e-10)
    assert here.converged
    for name in ("objective", "evaluations", "products"):
        np.testing.assert_allclose(here.curves()[name], there.curves()[name], rtol=1e-6)


@pytest.mark.parametrize("rule", [Searching(), Damping(change=1e3)])
def test_what_it_costs_is_what_it_says(rule):
    """One residual a trial, J and J.H once an inner step, and J.H once more for each new point."""
    calls = {"r": 0, "J": 0, "J.H": 0}

    def counted(name, value):
        calls[name] += 1
        return value

    def jacobian(p):
        J = matrix_of(p)
        forward, adjoint = (lambda x: counted("J", J @ x)), (lambda y: counted("J.H", J.T @ y))
        return HostOperator(forward, adjoint, jnp.zeros(5), jnp.zeros(T.size))

    start = 2.0 * START
    found = gauss_newton(lambda p: counted("r", host_residual(p)), start, jacobian, driver=EAGER, rtol=1e-6, rule=rule)
    measures = {name: int(values[-1]) for name, values in found.curves().items()}
    assert calls["r"] == measures["evaluations"]
    assert calls["J"] == measures["products"]
    taken = found.curves()["step"][1:] > 0
    assert calls["J.H"] == measures["products"] + taken.sum() + 1
    assert taken.all() == isinstance(rule, Searching)  # damping turns some points down


def test_functions_with_a_rule_for_the_reverse_mode_only_need_their_jacobian(scipy_solution):
    @jax.custom_vjp
    def reverse_only(p):
        return curve(p) - DATA

    reverse_only.defvjp(lambda p: (reverse_only(p), p), lambda p, r: (jax.vjp(residual, p)[1](r)[0],))
    with pytest.raises(TypeError, match="forward"):
        gauss_newton(reverse_only, START)
    found = gauss_newton(reverse_only, START, lambda p: Matrix(jax.jacrev(reverse_only)(p)), rtol=1e-10)
    np.testing.assert_allclose(found.value, scipy_solution.x, rtol=1e-7)


def test_complex_vectors_and_pytrees():
    target = {"a": jnp.array([1 + 2j, -0.5j]), "b": jnp.array([0.3])}

    def r(x):
        return jnp.exp(x["a"]) - jnp.exp(target["a"]), x["b"] ** 3 + x["b"] - target["b"] ** 3 - target["b"]

    found = gauss_newton(r, {"a": jnp.zeros(2, complex), "b": jnp.ones(1)}, rtol=1e-10, rule=Damping())
    assert found.converged
    np.testing.assert_allclose(found.value["a"], target["a"], rtol=1e-7)
    np.testing.assert_allclose(found.value["b"], target["b"], rtol=1e-7)


def test_float32_stays_float32():
    found = gauss_newton(hard, jnp.array([-1.2, 1.0], jnp.float32), rtol=1e-6)
    assert found.converged
    assert found.value.dtype == found.history["gradient"].dtype == jnp.float32
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-3)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_wrong_jacobian_is_told(rule):
    found = gauss_newton(lambda x: x, jnp.ones(2), lambda x: Matrix(-jnp.eye(2)), rule=rule, driver=EAGER)
    assert found.status == Status.line_search
    np.testing.assert_array_equal(found.value, 1.0)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="residual: expected a function x -> r"):
        gauss_newton(jnp.ones(3), START)
    with pytest.raises(ValueError, match="jacobian: expected a function x -> linear operator"):
        gauss_newton(residual, START, Matrix(jnp.eye(3)))
    with pytest.raises(ValueError, match="start: expected a vector to begin at"):
        gauss_newton(residual, None)
    with pytest.raises(ValueError, match=r"rule: expected Searching\(...\) or Damping\(...\), got 'damping'"):
        gauss_newton(residual, START, rule="damping")


def test_small_residuals_in_single_precision():
    found = gauss_newton(lambda x: 1e-11 * (x**3 - 1), 2 * jnp.ones(3, jnp.float32))
    assert found.converged
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-5)
