"""Solvers of optimistix in our form."""

import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest

from jaxseis.solvers import Status, solve
from jaxseis.solvers.optimistix_solver import OptimistixSolver, levenberg_marquardt, nonlinear_cg

START = jnp.array([-1.2, 1.0])


def residual(x):
    return jnp.array([1.0 - x[0], 10.0 * (x[1] - x[0] ** 2)])


def rosenbrock(x):
    return jnp.sum(residual(x) ** 2) / 2


def test_the_steps_are_those_of_optimistix():
    ours = levenberg_marquardt(residual, START, rtol=1e-6, atol=1e-6)
    solver = optx.LevenbergMarquardt(rtol=1e-6, atol=1e-6)
    theirs = optx.least_squares(lambda x, _: residual(x), solver, START)
    assert ours.converged
    assert int(ours.steps) == int(theirs.stats["num_steps"])
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-12)
    objective = ours.curves()["objective"]
    np.testing.assert_allclose([objective[0], objective[-1]], [rosenbrock(START), rosenbrock(ours.value)], atol=1e-12)


def test_minimisers_and_pytrees():
    def bowl(x):
        return jnp.sum((x["a"] - 1.0) ** 2) + jnp.sum((x["b"] + 2.0) ** 4)

    solution = nonlinear_cg(bowl, {"a": jnp.zeros(2), "b": jnp.zeros(())}, rtol=1e-8, atol=1e-8)
    assert solution.converged
    np.testing.assert_allclose(solution.value["a"], [1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(solution.curves()["objective"][-1], bowl(solution.value), atol=1e-12)


def test_what_it_cannot_do_is_told():
    assert levenberg_marquardt(residual, START, max_steps=2).status == Status.max_steps
    with pytest.raises(ValueError, match="start: expected a vector to begin at, got None"):
        levenberg_marquardt(residual, None)
    with pytest.raises(ValueError, match=r"problem: expected a function x -> f\(x\) or r\(x\), got 3"):
        levenberg_marquardt(3, START)
    with pytest.raises(ValueError, match="start: expected real arrays, got complex ones"):
        solve(rosenbrock, OptimistixSolver(optx.BFGS(rtol=1e-6, atol=1e-6)), 1j * START)
