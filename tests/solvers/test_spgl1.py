"""SPGL1 against PyPI's, closed forms and optimality conditions."""

from functools import partial

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.counted import Counter

from jaxseis.functionals import L1, GroupL1
from jaxseis.operators.function import FunctionOperator
from jaxseis.operators.matrix import Matrix
from jaxseis.solvers import Host, Status, solve
from jaxseis.solvers.pareto import BasisPursuit, Lasso
from jaxseis.solvers.spgl1 import SPGL1, lasso
from jaxseis.solvers.spgl1 import spgl1 as spgl1_of

spgl1 = partial(spgl1_of, rtol=1e-9)  # one tolerance, so that programs are compiled once
RNG = np.random.default_rng(1)
REAL = RNG.standard_normal((30, 80))
COMPLEX = REAL + 1j * RNG.standard_normal((30, 80))


def sparse_data(matrix, noise=0.02, seed=0):
    rng = np.random.default_rng(seed)
    x = np.zeros(matrix.shape[1], matrix.dtype)
    x[rng.choice(x.size, 5, replace=False)] = rng.standard_normal(5) * (1j if np.iscomplexobj(matrix) else 1)
    b = matrix @ x
    return b + noise * np.linalg.norm(b) * rng.standard_normal(b.size) / np.sqrt(b.size)


def pursuit_error(A, b, x, sigma, norm):
    """How far x is from the optimality conditions: |r| = sigma, and <A.H r, x> = |A.H r|_* norm(x)."""
    r = b - A @ x
    g = A.H @ r
    aligned = jnp.sum((g.conj() * x).real) / (norm.dual(g) * norm(x))
    return max(abs(float(jnp.linalg.norm(r) / sigma) - 1), abs(1 - float(aligned)))


@pytest.mark.parametrize("matrix", [REAL, COMPLEX])
def test_the_solution_is_that_of_pypi(matrix):
    reference = pytest.importorskip("spgl1")
    b = sparse_data(matrix)
    sigma = 0.1 * np.linalg.norm(b)
    found = spgl1(Matrix(matrix), b, sigma).required()
    x, *_, info = reference.spg_bpdn(matrix, b, sigma, opt_tol=1e-11, iter_lim=5000, iscomplex=np.iscomplexobj(matrix))
    np.testing.assert_allclose(found.value, x, atol=1e-6 * np.max(np.abs(x)))
    np.testing.assert_allclose(found.curves()["norm"][-1], np.sum(np.abs(x)), rtol=1e-8)
    np.testing.assert_allclose(found.curves()["tau"][-1], info["tau"], rtol=1e-8)


def test_the_pareto_curve_is_that_of_pypi():
    reference = pytest.importorskip("spgl1")
    b, A = sparse_data(REAL), Matrix(REAL)
    largest = float(jnp.sum(abs(spgl1(A, b, 0.03 * np.linalg.norm(b)).value)))
    for tau in np.array([0.2, 0.5, 0.8]) * largest:
        found = lasso(A, b, tau, rtol=1e-9).required().curves()
        *_, info = reference.spg_lasso(REAL, b, tau, opt_tol=1e-10, iter_lim=5000)
        np.testing.assert_allclose(found["residual"][-1], info["rnorm"], rtol=1e-8)
        np.testing.assert_allclose(found["multiplier"][-1], info["gnorm"], rtol=1e-6)
        # the same point of the curve from its other side
        back = spgl1(A, b, found["residual"][-1]).curves()
        np.testing.assert_allclose(back["norm"][-1], tau, rtol=1e-7)


def applications_until(rows, error):
    return next(count for count, found in rows if found <= error)


def test_it_takes_fewer_applications_than_pypi_for_the_same_error():
    reference = pytest.importorskip("spgl1")
    ours, theirs = [], []
    for seed, share in ((0, 0.1), (1, 0.3), (1, 0.1), (5, 0.3)):
        b = sparse_data(REAL, seed=seed)
        sigma = share * np.linalg.norm(b)
        exact = spgl1(Matrix(REAL), b, sigma).required().value
        errors = []
        watch = Host(lambda k, x, m, exact=exact, errors=errors: errors.append(np.linalg.norm(x - exact)))
        spgl1(Matrix(REAL), b, sigma, driver=watch)
        mine, other = [(2 * k + 3, e) for k, e in enumerate(errors)], []
        for tolerance in 10.0 ** -np.arange(2, 13, 0.5):
            x, *_, info = reference.spg_bpdn(REAL, b, sigma, opt_tol=tolerance, iter_lim=5000)
            other.append((info["nprodA"] + info["nprodAt"], np.linalg.norm(x - exact)))
        for rows, counts in ((mine, ours), (other, theirs)):
            counts.append([applications_until(rows, e * np.linalg.norm(exact)) for e in (1e-2, 1e-4, 1e-6)])
    assert np.all(np.sum(ours, axis=0) < np.sum(theirs, axis=0))


def test_a_step_costs_one_application_each_way():
    A, b = Counter(REAL), sparse_data(REAL)
    solution = spgl1(A.operator, b, 0.1 * np.linalg.norm(b))
    assert (A.forward, A.adjoint) == (int(solution.steps), int(solution.steps) + 1)


@pytest.mark.parametrize(
    "norm", [L1(jnp.linspace(0.5, 2.0, 80)), GroupL1(1, jnp.linspace(0.5, 2.0, 40))]
)
def test_other_norms(norm):
    shape = (40, 2) if isinstance(norm, GroupL1) else (80,)
    A = FunctionOperator(lambda x: REAL @ x.ravel(), np.zeros(shape))
    b = sparse_data(REAL)
    sigma = 0.2 * np.linalg.norm(b)
    x = spgl1(A, b, sigma, norm).required().value
    assert pursuit_error(A, b, x, sigma, norm) < 1e-7


def test_an_operator_that_is_linear_over_the_real_numbers_only():
    A = FunctionOperator(lambda x: jnp.fft.rfft(x)[:20:2], np.zeros(64))
    b = A @ jnp.zeros(64).at[jnp.array([5, 30])].set(jnp.array([1.0, -2.0]))
    x = spgl1(A, b, 0.2).required().value
    assert x.dtype == float
    assert pursuit_error(A, b, x, 0.2, L1()) < 1e-6


def test_twenty_spikes_are_found_in_noisy_traces():
    rng = np.random.default_rng(5)
    places = 10 + 24 * np.arange(20) + rng.integers(-6, 7, 20)
    x = np.zeros(500)
    x[places] = rng.uniform(0.3, 1.0, 20) * rng.choice([-1, 1], 20)
    t = 0.15 * np.arange(-40, 41)
    wavelet = (1 - 2 * t**2) * np.exp(-(t**2))
    A = FunctionOperator(lambda v: jnp.convolve(v, wavelet, mode="same"), np.zeros(500))
    noise = 0.02 * rng.standard_normal(500)
    found = spgl1(A, A @ jnp.asarray(x) + noise, np.linalg.norm(noise), rtol=1e-4, max_steps=2000).value
    for place in places:
        window = slice(place - 1, place + 2)
        assert abs(np.sum(found[window]) - x[place]) < 0.1 * abs(x[place]) + 0.05
    away = np.ones(500, bool)
    away[(places[:, None] + np.arange(-1, 2)).ravel()] = False
    assert np.sum(np.abs(found[away])) < 0.02 * np.sum(np.abs(x))


def test_zero_is_known_at_once():
    b = sparse_data(REAL)
    A = Counter(REAL)
    solution = spgl1(A.operator, b, 1.001 * np.linalg.norm(b))
    assert solution.converged
    assert not np.any(solution.value)
    assert (int(solution.steps), A.total) == (0, 1)
    assert not np.any(spgl1(Matrix(REAL), b, 1.001 * np.linalg.norm(b), start=jnp.ones(80)).required().value)
    assert not np.any(spgl1(Matrix(REAL), 0 * b).required().value)
    assert not np.any(lasso(Matrix(REAL), b, 0.0, start=jnp.ones(80), rtol=1e-9).required().value)


def test_a_sigma_out_of_reach_is_infeasible():
    tall, b = REAL.T, np.ones(80)
    least = np.linalg.norm(b - tall @ np.linalg.lstsq(tall, b, rcond=None)[0])
    solution = spgl1(Matrix(tall), b, 0.9 * least)
    assert solution.status == Status.infeasible
    assert "raise sigma" in solution.reason
    assert spgl1(Matrix(tall), b, 1.1 * least).converged
    # what is not known when the problem is made is told by the status as well
    problem = eqx.tree_at(lambda p: p.sigma, BasisPursuit(Matrix(tall), b), jnp.asarray(-1.0))
    assert solve(problem, SPGL1(rtol=1e-9), max_steps=1000).status == Status.infeasible


def test_a_large_ball_gives_least_squares():
    tall, b = REAL.T, np.arange(80.0)
    expected = np.linalg.lstsq(tall, b, rcond=None)[0]
    found = lasso(Matrix(tall), b, 2 * np.sum(np.abs(expected)), rtol=1e-11).required()
    np.testing.assert_allclose(found.value, expected, atol=1e-5 * np.max(np.abs(expected)))


def test_a_neighbour_is_a_good_start():
    A, b = Matrix(REAL), sparse_data(REAL)
    sigma = 0.1 * np.linalg.norm(b)
    first = spgl1(A, b, sigma)
    again = spgl1(A, b, sigma, start=first.value)
    assert again.converged
    assert int(again.steps) < 0.3 * int(first.steps)


def test_single_precision():
    b = sparse_data(REAL).astype(np.float32)
    solution = spgl1(Matrix(REAL.astype(np.float32)), b, 0.1 * np.linalg.norm(b))
    assert solution.converged
    assert solution.value.dtype == np.float32
    assert all(v.dtype == np.float32 for v in solution.history.values())
    expected = spgl1(Matrix(REAL), b.astype(float), 0.1 * np.linalg.norm(b), rtol=1e-9).value
    np.testing.assert_allclose(solution.value, expected, atol=1e-3)


def test_basis_pursuit_comes_as_close_as_single_precision_allows():
    a = RNG.standard_normal((8, 20)).astype(np.float32)
    x = np.zeros(20, np.float32)
    x[[3, 11]] = 1.0, -2.0
    for size in (1.0, 1e-21):  # squares of the small data are no numbers any more
        found = spgl1_of(Matrix(a), np.float32(size) * (a @ x), max_steps=2000)
        assert found.status in (Status.converged, Status.stagnated)
        np.testing.assert_allclose(found.value / size, x, atol=1e-4)


def test_in_single_precision_inconsistent_data_are_infeasible_too():
    tall = REAL.T[:, :12].astype(np.float32)
    assert spgl1_of(Matrix(tall), np.ones(80, np.float32)).status == Status.infeasible


def test_what_cannot_be_reached_is_told():
    A, b = Matrix(REAL), sparse_data(REAL)
    assert spgl1(A, b, 0.1, max_steps=3).status == Status.max_steps
    problem, solver = BasisPursuit(A, b, 0.1), SPGL1()
    still = eqx.tree_at(lambda s: s.still, solver.init(problem, None), jnp.asarray(2))
    assert solver.status(problem, still) == Status.stagnated


def test_wrong_arguments_are_named():
    A, b = Matrix(REAL), np.ones(30)
    with pytest.raises(ValueError, match="sigma: expected a finite number >= 0, got -1"):
        spgl1(A, b, -1)
    for options in ({"rtol": -1.0}, {"gtol": -1.0}, {"memory": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(options))}: expected a"):
            SPGL1(**options)
    with pytest.raises(ValueError, match="tau: expected a finite number >= 0, got nan"):
        lasso(A, b, np.nan)
    with pytest.raises(ValueError, match="norm: expected a norm"):
        BasisPursuit(A, b, 0.1, 2.0 * L1())
    with pytest.raises(ValueError, match=r"b, the data of Matrix: expected shape \(30,\)"):
        Lasso(A, np.ones(4), 1.0)
    with pytest.raises(ValueError, match=r"start, in the domain of Matrix: expected shape \(80,\)"):
        solve(Lasso(A, b, 1.0), SPGL1(), np.ones(30))
