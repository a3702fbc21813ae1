"""Gradient transformations of optax in our form."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers.least_squares import normal

from jaxseis.solvers import Bounded, Host, Status
from jaxseis.solvers.optax_solver import descend

M, TARGET = normal(7, 4, dtype=complex), normal(4, seed=1, dtype=complex)


def misfit(x):
    return jnp.sum(jnp.abs(M @ (x - TARGET)) ** 2)


@pytest.mark.parametrize(
    "transformation",
    [optax.sgd(0.02), optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(20))],
    ids=["fixed rate", "line search"],
)
def test_complex_unknowns_go_downhill(transformation):
    solution = descend(misfit, jnp.zeros(4, complex), transformation, max_steps=2000)
    assert solution.converged
    np.testing.assert_allclose(solution.value, TARGET, rtol=1e-4)
    np.testing.assert_allclose(solution.curves()["objective"][-1], misfit(solution.value), rtol=1e-12)


def test_the_objective_may_be_outside_jax():
    class Outside:
        def value_and_grad(self, x):
            x = np.asarray(x)
            return float(np.sum((x - 1.0) ** 2)), 2 * (x - 1.0)

    driver = Host(compiled=False)
    solution = descend(Outside(), jnp.zeros(2), optax.sgd(0.25), driver=driver)
    assert solution.converged
    np.testing.assert_allclose(solution.value, np.ones(2), rtol=1e-5)
    with np.errstate(over="ignore"):
        assert descend(Outside(), jnp.zeros(2), optax.sgd(1e9), driver=driver).status == Status.not_finite


def test_constraints_are_refused():
    with pytest.raises(ValueError, match="problem of OptaxSolver: expected an objective without constraints.*LBFGS"):
        descend(Bounded(misfit, 0.0), jnp.zeros(4), optax.sgd(0.02))
