"""ADMM and the primal-dual method: against each other, against optimality conditions and SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import nnls

from jaxseis.functionals import L1, GroupL1, NonNegative
from jaxseis.operators import FunctionOperator, HostOperator, Identity, Matrix
from jaxseis.solvers import Host, solve
from jaxseis.solvers.admm import ADMM, admm
from jaxseis.solvers.primal_dual import PrimalDual, primal_dual
from jaxseis.solvers.splitting import Splitting

RNG = np.random.default_rng(2)
M = jnp.asarray(RNG.standard_normal((20, 30)))
B = M @ jnp.where(jnp.arange(30) % 9 == 4, 3.0, 0.0) + 0.01 * jnp.asarray(RNG.standard_normal(20))
X = jnp.zeros(30)
D = FunctionOperator(jnp.diff, X)
METHODS = {"admm": (admm, 500), "primal-dual": (primal_dual, 20000)}


@pytest.fixture(params=METHODS.values(), ids=METHODS.keys())
def method(request):
    function, max_steps = request.param
    return lambda *a, **k: function(*a, max_steps=max_steps, **{"rtol": 1e-7, **k})


def signal():
    return jnp.repeat(jnp.array([0.0, 2.0, -1.0]), 10) + 0.1 * jnp.asarray(RNG.standard_normal(30))


def test_lasso(method):
    found = method(Matrix(M), B, [(2.0 * L1(), Identity(X))])
    z, gradient = np.asarray(found.state.z[0]), M.T @ (M @ found.value - B)
    assert found.converged
    np.testing.assert_allclose(found.value, z, atol=1e-5)
    assert 0 < np.sum(z != 0) < 30
    assert jnp.max(jnp.abs(gradient)) <= 2.0 * (1 + 1e-5)
    np.testing.assert_allclose(gradient[z != 0], -2.0 * np.sign(z[z != 0]), rtol=1e-5)


def test_total_variation_of_a_signal(method):
    """The multiplier is the running sum of the misfit: within the weight, and at it where the solution jumps."""
    d = signal()
    found = method(Identity(X), d, [(0.5 * L1(), D)])
    multiplier = jnp.cumsum(found.value - d)[:-1]
    jumps = np.asarray(found.state.z[0]) != 0
    assert found.converged
    assert 2 <= jumps.sum() <= 6
    assert jnp.max(jnp.abs(multiplier)) <= 0.5 * (1 + 1e-5)
    np.testing.assert_allclose(multiplier[jumps], 0.5 * np.sign(found.state.z[0][jumps]), rtol=1e-5)


def test_several_terms_and_a_constraint():
    terms = [(0.5 * L1(), D), (0.5 * L1(), Identity(X)), (NonNegative(), Identity(X))]
    one = admm(Matrix(M), B, terms, rtol=1e-6)
    other = primal_dual(Matrix(M), B, terms, rtol=1e-6, max_steps=5000)
    assert one.converged
    assert other.converged
    np.testing.assert_allclose(one.value, other.value, atol=1e-4)
    np.testing.assert_allclose(one.curves()["objective"][-1], other.curves()["objective"][-1], rtol=1e-6)
    assert one.value.min() >= -1e-5


def test_nonnegative_least_squares_as_scipy_does_it():
    found = admm(Matrix(M.T), jnp.arange(30.0) - 12, [(NonNegative(), Identity(jnp.zeros(20)))], rtol=1e-7)
    expected, _ = nnls(np.asarray(M.T), np.arange(30.0) - 12)
    assert found.converged
    np.testing.assert_allclose(found.value, expected, atol=1e-4)


def test_complex_data_of_a_real_vector(method):
    """A Fourier transform of real numbers: linear over the real numbers only."""
    F = FunctionOperator(lambda x: jnp.fft.rfft(x, norm="ortho")[:6], jnp.zeros(16))
    b = F @ jnp.where(jnp.arange(16) == 5, 2.0, 0.0)
    found = method(F, b, [(0.05 * L1(), Identity(jnp.zeros(16)))])
    gradient = F.H @ (F @ found.value - b)
    z = np.asarray(found.state.z[0])
    assert found.converged
    assert found.value.dtype == float
    assert jnp.max(jnp.abs(gradient)) <= 0.05 * (1 + 1e-5)
    np.testing.assert_allclose(gradient[z != 0], -0.05 * np.sign(z[z != 0]), rtol=1e-4)


def test_where_the_solution_is_zero_it_converges_too(method):
    found = method(Matrix(M), B, [(1e4 * L1(), Identity(X))])
    assert found.converged
    np.testing.assert_allclose(found.value, 0.0, atol=1e-5)


def test_pytrees_groups_and_float32():
    structure = {"m": jax.ShapeDtypeStruct((4, 2), jnp.float32)}
    A = Identity(structure)
    b = {"m": jnp.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [-6.0, 8.0]], jnp.float32)}
    expected = np.array([[2.4, 3.2], [0.0, 0.0], [0.0, 0.0], [-5.4, 7.2]])  # groups shrunk by one
    for found in (admm(A, b, [(GroupL1(axes=1), A)]), primal_dual(A, b, [(GroupL1(axes=1), A)])):
        assert found.converged
        assert found.value["m"].dtype == found.history["primal"].dtype == jnp.float32
        np.testing.assert_allclose(found.value["m"], expected, atol=2e-3)


def test_norms_may_be_given_and_the_penalty_kept():
    terms = [(2.0 * L1(), Identity(X))]
    given = float(np.linalg.norm(np.asarray(M), 2)) * 1.01
    found = primal_dual(Matrix(M), B, terms, norms=(given, 1.0), balance=jnp.inf, ratio=500.0, rtol=1e-6)
    kept = admm(Matrix(M), B, terms, rho=30.0, balance=jnp.inf, rtol=1e-6)
    assert found.converged
    assert kept.converged
    np.testing.assert_allclose(found.value, kept.value, atol=1e-4)
    assert (found.curves()["ratio"] == 500.0).all()
    assert (kept.curves()["rho"] == 30.0).all()


def test_multipliers_stay_subgradients_while_the_penalty_changes():
    found = admm(Matrix(M), B, [(2.0 * L1(), Identity(X))], rho=1e4, max_steps=2)
    z, y = np.asarray(found.state.z[0]), np.asarray(found.state.rho * found.state.u[0])
    assert found.state.rho < 1e4
    assert np.any(z != 0)
    assert np.max(np.abs(y)) <= 2.0 * (1 + 1e-9)
    np.testing.assert_allclose(y[z != 0], 2.0 * np.sign(z[z != 0]), rtol=1e-9)


def test_what_they_cost_is_what_they_say():
    calls = {"A": 0, "A.H": 0}
    m = np.asarray(M)

    def forward(x):
        calls["A"] += 1
        return m @ x

    def adjoint(y):
        calls["A.H"] += 1
        return m.T @ y

    A = HostOperator(forward, adjoint, X, B)
    problem = Splitting(A, B, [(2.0 * L1(), Identity(X))])
    for solver, more in ((ADMM(), 1), (PrimalDual(norms=(10.0, 1.0)), 0)):
        calls.update({"A": 0, "A.H": 0})
        found = solve(problem, solver, max_steps=5, driver=Host(compiled=False))
        products = int(found.curves()["products"][-1])
        assert calls["A"] == products + 1  # one at the start
        assert calls["A.H"] == products + more * 5 + (1 if more else 2)


def test_wrong_arguments_are_named():
    A, terms = Matrix(M), [(L1(), Identity(X))]
    with pytest.raises(ValueError, match=r"terms\[1\]: expected a pair \(functional, linear operator\)"):
        Splitting(A, B, [*terms, L1()])
    with pytest.raises(ValueError, match=r"functional of terms\[0\]: expected a functional"):
        Splitting(A, B, [(jnp.sum, Identity(X))])
    with pytest.raises(ValueError, match=r"domain of terms\[0\]: expected that of Matrix, shape \(30,\)"):
        Splitting(A, B, [(L1(), Identity(B))])
    with pytest.raises(ValueError, match="terms: expected one or more"):
        Splitting(A, B, [])
    with pytest.raises(ValueError, match="b, the data of Matrix"):
        Splitting(A, X, terms)
    with pytest.raises(ValueError, match="start: expected shape"):
        admm(A, B, terms, start=B)
    with pytest.raises(ValueError, match="rho: expected a finite number > 0"):
        ADMM(rho=0.0)
    with pytest.raises(ValueError, match="relaxation: expected a number between 0 and 2"):
        ADMM(relaxation=2.0)
    with pytest.raises(ValueError, match="inner_steps: expected a whole number >= 1, got 0"):
        ADMM(inner_steps=0)
    for solver in (ADMM, PrimalDual):
        with pytest.raises(ValueError, match="balance: expected a number >= 1, got -1"):
            solver(balance=-1)
    with pytest.raises(ValueError, match="norms: expected a finite number > 0"):
        PrimalDual(norms=(0.0, 1.0))
