"""LSQR against SciPy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg as scipy_linalg
from helpers.least_squares import PROBLEMS, STATUSES, arrays_for_scipy, counted, normal, parts, run, scipy_calls

from jaxseis.operators import Diagonal, FunctionOperator, Matrix
from jaxseis.solvers import Status
from jaxseis.solvers.lsqr import LSQR, lsqr

TOLERANCES = {"atol": 1e-9, "btol": 1e-9}


def by_scipy(problem, **options):
    a, b, damping = arrays_for_scipy(problem)
    # SciPy's LSQR makes a real x unless it is given a complex one
    return scipy_linalg.lsqr(a, b, damp=damping, x0=np.zeros(a.shape[1], a.dtype), **options), np.iscomplexobj(a)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_every_iterate_is_that_of_scipy(problem):
    problem = problem()
    ours, iterates = run(problem, LSQR(**TOLERANCES), 20)
    theirs, _ = by_scipy(problem, **TOLERANCES)
    assert int(ours.steps) == theirs[2]
    assert ours.status == STATUSES[theirs[1]]
    for k, x in enumerate(iterates, start=1):
        theirs, is_complex = by_scipy(problem, **TOLERANCES, iter_lim=k)
        np.testing.assert_allclose(parts(x, not is_complex), theirs[0], rtol=1e-10, atol=1e-10)
        known = {name: float(values[k]) for name, values in ours.history.items()}
        np.testing.assert_allclose(known["operator"], theirs[5], rtol=1e-10)
        np.testing.assert_allclose(known["condition"], theirs[6], rtol=1e-10)
        np.testing.assert_allclose(known["gradient"], theirs[7], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(known["solution"], theirs[8], rtol=1e-10)
        # SciPy takes the damping out of |b - A x| with the norm of an earlier x: compared with what it is
        residual = np.linalg.norm(problem.b - problem.A @ x)
        np.testing.assert_allclose(known["residual"], residual, rtol=1e-10, atol=1e-8)


def test_it_applies_the_operator_as_often_as_scipy():
    problem, calls = counted(PROBLEMS["tall, inconsistent"]())
    jax.block_until_ready(lsqr(problem.A, problem.b, **TOLERANCES))
    assert sorted(calls) == sorted(scipy_calls(scipy_linalg.lsqr, PROBLEMS["tall, inconsistent"](), **TOLERANCES))


@pytest.mark.parametrize("damping", [0.0, 0.5])
def test_a_start_and_a_preconditioner_change_the_way_and_not_the_solution(damping):
    a, b = normal(9, 6) * jnp.logspace(0, 3, 6), normal(9, seed=1)
    options = {"damping": damping, "atol": 1e-12, "btol": 1e-12}
    plain = lsqr(Matrix(a), b, **options)
    quick = lsqr(Matrix(a), b, normal(6, seed=2), preconditioner=Diagonal(jnp.logspace(0, -3, 6)), **options)
    expected = np.linalg.solve(a.T @ a + damping**2 * np.eye(6), a.T @ b)
    assert plain.converged
    assert quick.converged
    assert int(quick.steps) < int(plain.steps)
    for solution in (plain, quick):
        np.testing.assert_allclose(solution.value, expected, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(solution.curves()["residual"][-1], np.linalg.norm(b - a @ expected), rtol=1e-8)


def test_of_many_solutions_it_finds_the_nearest_to_the_start():
    a, b, start, weights = normal(4, 7), normal(4, seed=1), normal(7, seed=2), jnp.linspace(1.0, 3.0, 7)
    got = lsqr(Matrix(a), b, start, preconditioner=Diagonal(weights), atol=1e-13, btol=1e-13).value
    np.testing.assert_allclose(got, start + weights * (np.linalg.pinv(a * weights) @ (b - a @ start)), rtol=1e-9)


@pytest.mark.parametrize(("a", "b"), [(normal(5, 3), jnp.zeros(5)), (jnp.zeros((5, 3)), normal(5))], ids=["b", "A"])
def test_nothing_to_solve_is_solved_at_once(a, b):
    solution = lsqr(Matrix(a), b)
    assert solution.converged
    assert int(solution.steps) == 0
    np.testing.assert_array_equal(solution.value, np.zeros(3))


def test_what_ends_it_early_is_told():
    A, b = Diagonal(jnp.logspace(0, -12, 6)), jnp.ones(6)
    exact = {"atol": 0.0, "btol": 0.0, "conlim": 1e6}
    assert lsqr(A, b, **exact).status == Status.ill_conditioned
    assert lsqr(Diagonal(jnp.arange(1.0, 7.0)), b, **exact).status == Status.stagnated


def test_it_works_in_single_precision_on_blocks():
    a, c = normal(9, 4).astype(jnp.float32), normal(9, 2, seed=1, dtype=jnp.complex64)
    blocks = jnp.zeros(4, jnp.float32), jnp.zeros(2, jnp.complex64)
    A, b = FunctionOperator(lambda x: a @ x[0] + c @ x[1], blocks), normal(9, seed=2, dtype=jnp.complex64)
    solution = lsqr(A, b, damping=0.1)
    assert [v.dtype for v in solution.value] == [jnp.float32, jnp.complex64]
    assert all(values.dtype == jnp.float32 for values in solution.history.values())
    left = b - A @ solution.value
    np.testing.assert_allclose((a.T @ left).real - 0.01 * solution.value[0], 0, atol=1e-4)
    np.testing.assert_allclose(c.conj().T @ left - 0.01 * solution.value[1], 0, atol=1e-4)


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="atol: expected a finite number >= 0, got -1.0"):
        LSQR(atol=-1.0)
    with pytest.raises(ValueError, match="start, in the domain of Matrix: expected .*3.*, got .*4"):
        lsqr(Matrix(normal(5, 3)), normal(5), start=jnp.zeros(4))
