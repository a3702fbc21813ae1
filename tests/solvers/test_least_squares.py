"""The problem of least squares: its parts, and what does not fit."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.least_squares import normal

from jaxseis.operators import Diagonal, Matrix
from jaxseis.solvers.cgls import cgls
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.linear_system import LinearSystem
from jaxseis.solvers.lsmr import lsmr
from jaxseis.solvers.lsqr import lsqr


def test_the_gradient_vanishes_at_the_solution():
    a, b = normal(5, 3, dtype=complex), normal(5, seed=1, dtype=complex)
    problem = LeastSquares(Matrix(a), b, damping=0.5)
    x = np.linalg.solve(a.conj().T @ a + 0.25 * np.eye(3), a.conj().T @ b)
    np.testing.assert_allclose(problem.gradient(x), np.zeros(3), atol=1e-12)
    np.testing.assert_allclose(problem.residual(x), b - a @ x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": jnp.ones((5, 3))}, "A: expected a linear operator"),
        ({"b": jnp.ones(4)}, r"b, the data of Matrix: expected shape \(5,\).*, got shape \(4,\)"),
        ({"b": 1j * jnp.ones(5)}, "b, the data of Matrix: expected real numbers"),
        ({"damping": -1.0}, "damping: expected a finite number >= 0, got -1.0"),
        ({"damping": jnp.ones(3)}, "damping: expected"),
        ({"preconditioner": Diagonal(jnp.ones(5))}, r"preconditioner: expected a range that Matrix acts on"),
        ({"preconditioner": jnp.eye(3)}, "preconditioner: expected a linear operator"),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LeastSquares(**({"A": Matrix(normal(5, 3)), "b": jnp.ones(5)} | arguments))


@pytest.mark.parametrize("method", [lsqr, lsmr, cgls])
def test_units_do_not_matter_in_single_precision(method):
    a, b = normal(6, 4).astype(jnp.float32), normal(6, seed=1).astype(jnp.float32)
    for of_a, of_b in ((1e-11, 1e-10), (1.0, 1e-21)):
        found = method(Matrix(jnp.float32(of_a) * a), jnp.float32(of_b) * b).required()
        np.testing.assert_allclose(of_a / of_b * found.value, np.linalg.lstsq(a, b)[0], atol=1e-4)


def test_a_gradient_that_underflows_is_not_taken_for_a_solution():
    a, b = (jnp.float32(1e-22) * v.astype(jnp.float32) for v in (normal(6, 4), normal(6, seed=1)))
    assert not lsmr(Matrix(a), b, max_steps=1).converged


def test_what_does_not_fit_a_system_is_named():
    with pytest.raises(ValueError, match="A: expected a linear operator"):
        LinearSystem(jnp.eye(3), jnp.ones(3))
    with pytest.raises(ValueError, match="b, the result of Matrix: expected"):
        LinearSystem(Matrix(jnp.eye(3)), jnp.ones(4))
    with pytest.raises(ValueError, match="preconditioner: expected an operator from the range of Matrix"):
        LinearSystem(Matrix(jnp.eye(3)), jnp.ones(3), Diagonal(jnp.ones(4)))
