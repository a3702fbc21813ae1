"""ISTA and FISTA: optimality, costs, step rules, and objectives of other kinds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.counted import Counter

from jaxseis.functionals import L1, Ball, GroupL1, NonNegative
from jaxseis.operators.function import FunctionOperator
from jaxseis.operators.matrix import Matrix
from jaxseis.solvers import Host, Status, solve
from jaxseis.solvers.composite import Composite
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.proximal_gradient import FISTA, ISTA, Backtracking, FixedStep, fista, ista

RNG = np.random.default_rng(0)
REAL, DATA = RNG.standard_normal((20, 40)), RNG.standard_normal(20)
COMPLEX = REAL + 1j * RNG.standard_normal((20, 40))
WEIGHT = 5.0


def lasso_error(A, b, x, weight):
    """How far x is from the optimality conditions of the lasso: |A.H r| <= weight, and <A.H r, x> = weight |x|_1."""
    g = (A.H @ (b - A @ x)) / weight
    return max(float(jnp.max(abs(g))) - 1, abs(1 - float(jnp.sum((g.conj() * x).real) / jnp.sum(abs(x)))))


@pytest.mark.parametrize(("method", "matrix"), [(ista, REAL), (fista, REAL), (fista, COMPLEX)])
def test_the_lasso_is_solved(method, matrix):
    A, b = Matrix(matrix), jnp.asarray(DATA, matrix.dtype)
    solution = method(A, b, WEIGHT, rtol=1e-10).required()
    assert 0 < jnp.count_nonzero(solution.value) < 30
    assert lasso_error(A, b, solution.value, WEIGHT) < 1e-7
    r = b - A @ solution.value
    objective = 0.5 * jnp.sum(abs(r) ** 2) + WEIGHT * jnp.sum(abs(solution.value))
    np.testing.assert_allclose(solution.curves()["objective"][-1], objective, rtol=1e-12)


def test_an_operator_that_is_linear_over_the_real_numbers_only():
    A = FunctionOperator(lambda x: jnp.fft.rfft(x)[::2], np.zeros(16))
    b = A @ jnp.zeros(16).at[3].set(2.0)
    solution = fista(A, b, 0.3, rtol=1e-10).required()
    assert solution.value.dtype == float
    assert lasso_error(A, b, solution.value, 0.3) < 1e-7


def test_momentum_saves_steps_and_restarts_save_more():
    A, b = Matrix(REAL), DATA
    names = ("gradient", "function", "never")
    steps = {name: int(fista(A, b, WEIGHT, restart=name, rtol=1e-10).steps) for name in names}
    assert max(steps["gradient"], steps["function"]) < 0.6 * steps["never"]
    assert steps["gradient"] < 0.6 * int(ista(A, b, WEIGHT, rtol=1e-10).steps)


def test_a_step_costs_one_application_each_way():
    """PyLops 2.8's FISTA takes as many, and a power iteration for its step length before."""
    A = Counter(REAL)
    solution = fista(A.operator, DATA, WEIGHT, step_rule=FixedStep(1 / np.linalg.norm(REAL, 2) ** 2), max_steps=50)
    steps = int(solution.steps)
    assert (A.forward, A.adjoint) == (steps + 1, steps)
    A = Counter(REAL)
    solution = fista(A.operator, DATA, WEIGHT, max_steps=50)
    trials = int(solution.curves()["trials"][-1])
    assert (A.forward, A.adjoint) == (trials + 2, int(solution.steps) + 1)


def test_damping_is_half_a_square():
    A = Matrix(REAL)
    problem = Composite(LeastSquares(A, DATA, damping=2.0), WEIGHT * L1())
    damped = solve(problem, FISTA(rtol=1e-10), max_steps=1000).required()
    stacked = Matrix(np.vstack([REAL, 2 * np.eye(40)]))
    assert lasso_error(stacked, np.append(DATA, np.zeros(40)), damped.value, WEIGHT) < 1e-7


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_backtracking_has_no_scale(scale):
    expected = int(ista(Matrix(REAL), DATA, WEIGHT).steps)
    assert int(ista(Matrix(scale * REAL), DATA, scale * WEIGHT).steps) == pytest.approx(expected, abs=2)


def test_backtracking_shrinks_and_grows_with_the_curvature():
    f = lambda x: jnp.sum(jnp.cosh(3 * x))  # noqa: E731
    for rule in (Backtracking(initial=1e3), Backtracking(initial=1e-3, growth=2.0)):
        solution = solve(Composite(f, 1.0 * L1()), ISTA(rule, rtol=1e-10), jnp.array([2.0, -1.0]), 500).required()
        np.testing.assert_allclose(solution.value, 0.0, atol=1e-8)
    stuck = solve(Composite(f, 1.0 * L1()), ISTA(Backtracking(1e3, max_trials=3)), jnp.array([2.0, -1.0]))
    assert stuck.status == Status.line_search


def test_an_objective_outside_jax():
    class Bowl:
        def value_and_grad(self, x):
            x = np.asarray(x)
            return float(np.sum((x - 2.0) ** 2)), 2 * (x - 2.0)

    solver = FISTA(Backtracking(initial=1.0), rtol=1e-10)
    solution = solve(Composite(Bowl(), Ball(L1(), 3.0)), solver, jnp.zeros(3), 100, Host(compiled=False))
    np.testing.assert_allclose(solution.required().value, 1.0, atol=1e-8)


def test_trees_and_other_functionals():
    target = {"a": jnp.array([[3.0, 4.0], [0.1, 0.2]]), "b": jnp.array([[1j]])}
    f = lambda x: 0.5 * sum(jnp.sum(abs(u - v) ** 2) for u, v in zip(*map(jax.tree.leaves, (x, target)), strict=True))  # noqa: E731
    start = jax.tree.map(jnp.zeros_like, target)
    solution = solve(Composite(f, 0.5 * GroupL1(1)), FISTA(rtol=1e-10), start).required()
    np.testing.assert_allclose(solution.value["a"], [[2.7, 3.6], [0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(solution.value["b"], [[0.5j]], atol=1e-9)


def test_a_start_where_the_functional_is_infinite_is_moved():
    problem = Composite(LeastSquares(Matrix(jnp.eye(2)), jnp.array([1.0, -1.0])), NonNegative())
    solution = solve(problem, ISTA(), jnp.array([-5.0, -5.0]))
    np.testing.assert_allclose(solution.required().value, [1.0, 0.0], atol=1e-6)


def test_single_precision():
    solution = fista(Matrix(REAL.astype(np.float32)), DATA.astype(np.float32), WEIGHT)
    assert solution.value.dtype == np.float32
    assert solution.converged
    expected = fista(Matrix(REAL), DATA, WEIGHT, rtol=1e-10).value
    np.testing.assert_allclose(solution.value, expected, atol=1e-4)


def test_wrong_arguments_are_named():
    A = Matrix(REAL)
    with pytest.raises(ValueError, match="restart: expected one of gradient, function, never, got 'often'"):
        FISTA(restart="often")
    with pytest.raises(ValueError, match=r"step_rule: expected FixedStep\(t\) or Backtracking\(\), got 0.1"):
        ISTA(0.1)
    with pytest.raises(ValueError, match="rtol: expected a finite number >= 0, got -1"):
        FISTA(rtol=-1)
    assert jax.jit(lambda q: Backtracking(shrink=q, growth=1 + q).shrink)(0.5) == 0.5
    with pytest.raises(ValueError, match="step: expected finite positive numbers"):
        FixedStep(0.0)
    with pytest.raises(ValueError, match=r"shrink: expected a number in \(0, 1\), got 2"):
        Backtracking(shrink=2)
    with pytest.raises(ValueError, match="initial: expected finite positive numbers"):
        Backtracking(initial=-1.0)
    with pytest.raises(ValueError, match="factor: expected finite positive numbers"):
        fista(A, DATA, -1.0)
    with pytest.raises(ValueError, match="functional: expected a functional, for instance"):
        Composite(LeastSquares(A, DATA), 1.0)
    with pytest.raises(ValueError, match="smooth: expected least squares without a preconditioner"):
        Composite(LeastSquares(A, DATA, preconditioner=Matrix(jnp.eye(40))), L1())
    with pytest.raises(ValueError, match="start: expected a vector to begin at, since f is a function"):
        solve(Composite(jnp.sum, L1()), FISTA())
