"""Projected methods against closed forms, optimality conditions and SciPy, on balls, the simplex and boxes."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize, rosen, rosen_der

from jaxseis.functionals import L1, L2, Ball
from jaxseis.solvers import Host, Status, solve
from jaxseis.solvers.objective import Bounded, Constrained
from jaxseis.solvers.pqn import PQN, pqn
from jaxseis.solvers.spg import SPG, spg

RNG = np.random.default_rng(1)
ROOT = RNG.standard_normal((8, 8))
H, C = ROOT @ ROOT.T + 0.1 * np.eye(8), RNG.standard_normal(8)
METHODS = {"spg": spg, "pqn": pqn}


@pytest.fixture(params=METHODS.values(), ids=METHODS.keys())
def method(request):
    return request.param


def quadratic(x):
    return 0.5 * x @ (jnp.asarray(H) @ x) - jnp.asarray(C) @ x


def onto_simplex(x):
    """The nearest point with entries >= 0 that sum to one, by sorting."""
    u = jnp.sort(x)[::-1]
    theta = (jnp.cumsum(u) - 1) / jnp.arange(1, x.size + 1)
    return jnp.maximum(x - theta[jnp.sum(u > theta) - 1], 0)


def trust_region(radius):
    """argmin of the quadratic in the l2 ball: (H + mu) x = C with mu from the length of x."""
    w, V = np.linalg.eigh(H)
    c = V.T @ C
    mu = brentq(lambda mu: np.linalg.norm(c / (w + mu)) - radius, 0, 1e6, xtol=1e-14)
    return V @ (c / (w + mu))


def test_quadratic_in_the_l2_ball(method):
    found = method(quadratic, jnp.zeros(8), Ball(L2(), 0.5).project, rtol=1e-8)
    assert found.converged
    np.testing.assert_allclose(found.value, trust_region(0.5), atol=1e-7)


def test_quadratic_in_the_l1_ball(method):
    found = method(quadratic, jnp.zeros(8), Ball(L1(), 0.7).project, rtol=1e-8)
    x, g = np.asarray(found.value), H @ np.asarray(found.value) - C
    assert found.converged
    np.testing.assert_allclose(np.abs(x).sum(), 0.7, rtol=1e-7)
    assert 0 < np.sum(x != 0) < 8
    # Where x is not zero the gradient is the multiplier with the other sign; elsewhere it is no larger.
    multiplier = np.abs(g).max()
    np.testing.assert_allclose(g[x != 0], -multiplier * np.sign(x[x != 0]), rtol=1e-6)


@pytest.mark.parametrize(("method", "most"), [(spg, 60), (pqn, 20)])
def test_quadratic_on_the_simplex(method, most):
    found = method(quadratic, jnp.ones(8), onto_simplex, rtol=1e-8)
    x, g = np.asarray(found.value), H @ np.asarray(found.value) - C
    assert found.converged
    np.testing.assert_allclose(x.sum(), 1.0, rtol=1e-12)
    assert x.min() == 0
    np.testing.assert_allclose(g[x > 0], g.min(), atol=1e-6)
    assert int(found.state.progress.evaluations) <= most  # quasi-Newton evaluates less


def test_bounds_as_scipy_does_it():
    x = jnp.clip(jnp.tile(jnp.array([-1.2, 1.0]), 5), -0.5, 0.5)

    def rosenbrock(x):
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = pqn(Bounded(rosenbrock, -0.5, 0.5), x, rtol=1e-7)
    options = {"ftol": 0.0, "gtol": 1e-8}
    bounds = [(-0.5, 0.5)] * 10
    theirs = minimize(rosen, np.asarray(x), jac=rosen_der, method="L-BFGS-B", bounds=bounds, options=options)
    assert found.converged
    np.testing.assert_allclose(found.value, theirs.x, atol=3e-6)
    assert int(found.state.progress.evaluations) <= 1.4 * theirs.nfev + 5


def test_complex_vectors_in_a_ball():
    target = jnp.array([3 + 4j, 0.1j, -0.2])
    found = pqn(lambda x: jnp.sum(jnp.abs(x - target) ** 2), jnp.zeros(3, complex), Ball(L1(), 1.0).project)
    np.testing.assert_allclose(found.value, Ball(L1(), 1.0).project(target), atol=1e-6)


def test_outside_jax_it_takes_the_same_steps():
    h = H + 5 * np.eye(8)

    class Outside:
        def value_and_grad(self, x):
            x = np.array(x)
            return 0.5 * x @ h @ x - C @ x, h @ x - C

    def project(x):  # not traceable either
        return jnp.asarray(np.clip(np.array(x), 0.0, 0.2))

    eager = Host(compiled=False)
    for solver, options in ((SPG(rtol=1e-4), {}), (PQN(rtol=1e-4, inner_steps=5), {"inner_driver": eager})):
        outside = replace(solver, **options)
        here = solve(Constrained(Outside(), project), outside, jnp.ones(8), 25, eager)
        there = solve(Bounded(lambda x: 0.5 * x @ (h @ x) - x @ C, 0.0, 0.2), solver, jnp.ones(8), 25)
        assert here.converged
        assert int(here.steps) == int(there.steps)
        np.testing.assert_allclose(here.value, there.value, atol=1e-8)


@pytest.mark.parametrize("project", [None, lambda x: jnp.clip(x, 3000.0, 5000.0)])
def test_what_rounding_hides_is_not_taken_for_convergence(method, project):
    h, c = jnp.array([1.0, 1e-6], jnp.float32), jnp.array([4001.0, 4100.0], jnp.float32)
    found = method(lambda x: 0.5 * jnp.sum(h * (x - c) ** 2), jnp.full(2, 4000.0, jnp.float32), project)
    gradient = jnp.linalg.norm(h * (found.value - c))
    np.testing.assert_allclose(found.curves()["gradient"][-1], gradient, rtol=1e-2)
    assert bool(found.converged) == bool(gradient <= 1e-6 * found.curves()["gradient"][0])


def test_what_has_no_minimum_is_not_converged(method):
    assert not method(jnp.sum, jnp.zeros(2)).converged


def test_float32_stays_float32():
    h, c = jnp.asarray(H, jnp.float32), jnp.asarray(C, jnp.float32)
    start = jnp.zeros(8, jnp.float32)
    found = pqn(lambda x: 0.5 * x @ (h @ x) - c @ x, start, Ball(L2(), 0.5).project, rtol=1e-4)
    assert found.converged
    assert found.value.dtype == found.history["gradient"].dtype == jnp.float32
    np.testing.assert_allclose(found.value, trust_region(0.5), atol=1e-3)


def test_a_start_outside_is_projected_first():
    found = spg(quadratic, 10 * jnp.ones(8), onto_simplex, rtol=1e-8)
    assert found.history["objective"][0] == quadratic(onto_simplex(10 * jnp.ones(8)))


def test_steps_back_where_the_value_is_not_finite():
    found = spg(lambda x: jnp.sum(x - jnp.log(x)), jnp.full(3, 0.01), lambda x: jnp.minimum(x, 0.5), change=100.0)
    assert found.converged
    np.testing.assert_allclose(found.value, 0.5)


def test_a_wrong_gradient_is_told():
    class Wrong:
        def value_and_grad(self, x):
            return jnp.sum(x**2), -2 * x

    found = spg(Wrong(), 0.1 * jnp.ones(2), Ball(L2(), 1.0).project)
    assert found.status == Status.line_search
