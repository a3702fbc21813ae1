"""LSMR against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg as scipy_linalg
from helpers.least_squares import PROBLEMS, STATUSES, arrays_for_scipy, counted, normal, parts, run, scipy_calls

from jaxseis.operators import Diagonal, Matrix
from jaxseis.solvers import Status
from jaxseis.solvers.lsmr import LSMR, lsmr

TOLERANCES = {"atol": 1e-9, "btol": 1e-9}


def by_scipy(problem, **options):
    a, b, damping = arrays_for_scipy(problem)
    return scipy_linalg.lsmr(a, b, damp=damping, **options), np.iscomplexobj(a)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_every_iterate_is_that_of_scipy(problem):
    problem = problem()
    ours, iterates = run(problem, LSMR(**TOLERANCES), 20)
    theirs, _ = by_scipy(problem, **TOLERANCES, maxiter=20)
    assert int(ours.steps) == theirs[2]
    assert ours.status == STATUSES[theirs[1]]
    for k, x in enumerate(iterates, start=1):
        theirs, is_complex = by_scipy(problem, **TOLERANCES, maxiter=k)
        np.testing.assert_allclose(parts(x, not is_complex), theirs[0], rtol=1e-10, atol=1e-10)
        known = {name: float(values[k]) for name, values in ours.history.items()}
        np.testing.assert_allclose(known["gradient"], theirs[4], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(known["operator"], theirs[5], rtol=1e-10)
        np.testing.assert_allclose(known["condition"], theirs[6], rtol=1e-10)
        np.testing.assert_allclose(known["solution"], theirs[7], rtol=1e-10)
        residual = np.linalg.norm(problem.b - problem.A @ x)
        np.testing.assert_allclose(known["residual"], residual, rtol=1e-10, atol=1e-8)


def test_it_applies_the_operator_as_often_as_scipy():
    problem, calls = counted(PROBLEMS["tall, inconsistent"]())
    jax.block_until_ready(lsmr(problem.A, problem.b, **TOLERANCES))
    assert sorted(calls) == sorted(scipy_calls(scipy_linalg.lsmr, PROBLEMS["tall, inconsistent"](), **TOLERANCES))


def test_a_start_and_a_preconditioner_change_the_way_and_not_the_solution():
    scaled, b = Matrix(normal(9, 6)) @ Diagonal(jnp.logspace(0, 3, 6)), normal(9, seed=1)
    problem = {"damping": 0.5, "atol": 1e-12, "btol": 1e-12}
    plain = lsmr(scaled, b, **problem)
    quick = lsmr(scaled, b, normal(6, seed=2), preconditioner=Diagonal(jnp.logspace(0, -3, 6)), **problem)
    assert plain.converged
    assert quick.converged
    assert int(quick.steps) < int(plain.steps)
    np.testing.assert_allclose(quick.value, plain.value, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(("a", "b"), [(normal(5, 3), jnp.zeros(5)), (jnp.zeros((5, 3)), normal(5))], ids=["b", "A"])
def test_nothing_to_solve_is_solved_at_once(a, b):
    solution = lsmr(Matrix(a), b)
    assert solution.converged
    assert int(solution.steps) == 0
    np.testing.assert_array_equal(solution.value, np.zeros(3))


def test_units_of_the_operator_do_not_matter():
    """SciPy counts an initial 1 among the singular values: an operator with small ones then seems ill-conditioned."""
    a, b = normal(6, 4), normal(6, seed=1)
    assert scipy_linalg.lsmr(1e-12 * np.asarray(a), b)[1] == 3
    small, large = (lsmr(Matrix(c * a), b, **TOLERANCES) for c in (1e-12, 1.0))
    assert small.converged
    np.testing.assert_allclose(small.curves()["condition"], large.curves()["condition"], rtol=1e-6)
    np.testing.assert_allclose(1e-12 * small.value, large.value, rtol=1e-10)


def test_what_ends_it_early_is_told():
    A, b = Diagonal(jnp.logspace(0, -12, 6)), jnp.ones(6)
    exact = {"atol": 0.0, "btol": 0.0, "conlim": 1e6}
    assert lsmr(A, b, **exact).status == Status.ill_conditioned
    assert lsmr(Diagonal(jnp.arange(1.0, 7.0)), b, **exact).status == Status.stagnated


def test_it_works_in_single_precision():
    a, b = normal(6, 4).astype(jnp.float32), normal(6, seed=1).astype(jnp.float32)
    solution = lsmr(Matrix(a), b)
    assert solution.value.dtype == jnp.float32
    assert all(values.dtype == jnp.float32 for values in solution.history.values())
    np.testing.assert_allclose(solution.value, np.linalg.lstsq(a, b)[0], rtol=1e-4, atol=1e-5)
