"""CGLS against LSQR and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
from helpers.least_squares import PROBLEMS, counted, normal

from jaxseis.operators import Diagonal, FunctionOperator, Matrix
from jaxseis.solvers import Status
from jaxseis.solvers.cgls import cgls
from jaxseis.solvers.lsqr import lsqr


def test_its_iterates_are_those_of_lsqr():
    problem = PROBLEMS["fourier of real"]()
    by_lsqr = lsqr(problem.A, problem.b, max_steps=3, damping=0.5)
    by_cgls = cgls(problem.A, problem.b, max_steps=3, damping=0.5)
    np.testing.assert_allclose(by_cgls.value, by_lsqr.value, rtol=1e-10)
    for name in ("residual", "gradient", "solution"):
        np.testing.assert_allclose(by_cgls.history[name], by_lsqr.history[name], rtol=1e-8)


def test_a_start_and_a_preconditioner_change_the_way_and_not_the_solution():
    a, b = normal(9, 6) * jnp.logspace(0, 3, 6), normal(9, seed=1)
    start, preconditioner = normal(6, seed=2), Diagonal(jnp.logspace(0, -3, 6))
    solution = cgls(Matrix(a), b, start, damping=0.5, preconditioner=preconditioner, rtol=1e-13)
    assert solution.converged
    assert int(solution.steps) <= 10
    np.testing.assert_allclose(solution.value, np.linalg.solve(a.T @ a + 0.25 * np.eye(6), a.T @ b), rtol=1e-8)


def test_a_step_applies_the_operator_and_its_adjoint_once():
    problem, calls = counted(PROBLEMS["tall, inconsistent"]())
    solution = jax.block_until_ready(cgls(problem.A, problem.b))
    assert (calls.count("A"), calls.count("A.H")) == (int(solution.steps), int(solution.steps) + 1)


def test_nothing_to_solve_is_solved_at_once():
    solution = cgls(Matrix(normal(5, 3)), jnp.zeros(5))
    assert solution.converged
    assert int(solution.steps) == 0


def test_a_tolerance_below_the_precision_is_told():
    a, b = normal(6, 4).astype(jnp.float32), normal(6, seed=1).astype(jnp.float32)
    solution = cgls(Matrix(a), b, rtol=0.0)
    assert solution.status == Status.stagnated
    assert solution.value.dtype == jnp.float32
    np.testing.assert_allclose(solution.value, np.linalg.lstsq(a, b)[0], rtol=1e-4, atol=1e-5)


def test_an_adjoint_that_is_none_is_told():
    A = FunctionOperator(jnp.zeros_like, jnp.zeros(3), adjoint=lambda y: y)
    solution = cgls(A, jnp.ones(3))
    assert solution.status == Status.breakdown
    assert "adjoint" in solution.reason


def test_a_solution_is_a_start_at_which_it_has_converged():
    a, b = normal(9, 6), normal(9, seed=1)
    first = cgls(Matrix(a), b)
    again = cgls(Matrix(a), b, first.value)
    assert again.converged
    assert int(again.steps) == 0
    assert cgls(Matrix(a), jnp.zeros(9), first.value, max_steps=6).converged  # nothing to be relative to but the start
