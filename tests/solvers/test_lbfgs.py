"""L-BFGS: its pairs against dense formulas, and its solutions against L-BFGS-B of SciPy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from jaxseis.operators import inner
from jaxseis.solvers import Host, Status, solve
from jaxseis.solvers._pairs import Pairs
from jaxseis.solvers.lbfgs import LBFGS, lbfgs
from jaxseis.solvers.line_search import Armijo
from jaxseis.solvers.objective import Bounded, Constrained

RNG = np.random.default_rng(0)


def rosenbrock(x):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


class NumPyRosenbrock:
    """Outside JAX: it cannot be traced."""

    def value_and_grad(self, x):
        x = np.array(x)
        return float(rosen(x)), rosen_der(x)


def start_of(n):
    return jnp.tile(jnp.array([-1.2, 1.0]), n // 2)


def scipy_solution(x, gtol, bounds=None):
    options = {"maxcor": 10, "ftol": 0.0, "gtol": gtol, "maxfun": 10000, "maxiter": 10000}
    return minimize(rosen, np.asarray(x), jac=rosen_der, method="L-BFGS-B", bounds=bounds, options=options)


# The pairs.


def dense_bfgs(pairs, sigma, n):
    """B by the update of Broyden, Fletcher, Goldfarb and Shanno, one pair after the other."""
    B = sigma * np.eye(n)
    for s, y in pairs:
        Bs = B @ s
        B = B - np.outer(Bs, Bs) / (s @ Bs) + np.outer(y, y) / (s @ y)
    return B


@pytest.fixture(scope="module")
def known():
    """Five pairs of a quadratic of six numbers, in a memory of three; B known from the last three."""
    root = RNG.standard_normal((6, 6))
    H = root @ root.T + np.eye(6)
    given = [(s, H @ s) for s in RNG.standard_normal((5, 6))]
    pairs = Pairs.none(jnp.zeros(6), 3, jnp.asarray(1.0))
    for s, y in given:
        pairs = pairs.with_pair(jnp.asarray(s), jnp.asarray(y))
    s, y = given[-1]
    return pairs, dense_bfgs(given[-3:], (y @ y) / (s @ y), 6)


def test_the_compact_form_is_the_bfgs_matrix(known):
    pairs, B = known
    v = RNG.standard_normal(6)
    np.testing.assert_allclose(pairs.hessian(jnp.asarray(v)), B @ v, rtol=1e-10)
    np.testing.assert_allclose(pairs.newton(jnp.asarray(v)), np.linalg.solve(B, v), rtol=1e-9)


def test_on_the_entries_that_are_not_held_it_is_the_inverse_of_that_part(known):
    pairs, B = known
    v, held = RNG.standard_normal(6), np.array([True, False, False, True, False, False])
    expected = np.zeros(6)
    expected[~held] = np.linalg.solve(B[np.ix_(~held, ~held)], v[~held])
    np.testing.assert_allclose(pairs.newton(jnp.asarray(v), jnp.asarray(held)), expected, rtol=1e-9)


def test_pairs_without_curvature_are_left_out(known):
    pairs, _ = known
    same = pairs.with_pair(jnp.ones(6), -jnp.ones(6))
    for a, b in zip(jax.tree.leaves(same), jax.tree.leaves(pairs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_pairs_it_is_a_multiple_of_the_identity():
    pairs = Pairs.none({"m": jnp.zeros(2), "q": jnp.zeros(1, complex)}, 4, jnp.asarray(4.0))
    v = {"m": jnp.array([1.0, 2.0]), "q": jnp.array([3j])}
    np.testing.assert_allclose(pairs.hessian(v)["q"], [12j])
    np.testing.assert_allclose(pairs.newton(v)["m"], [0.25, 0.5])


# Solutions.


FREE = {"rtol": 1e-9, "max_steps": 1000}  # the same for several tests, which then share compiled programs
WITHIN = {"rtol": 1e-8, "max_steps": 300}
EAGER = Host(compiled=False)


@pytest.mark.parametrize("n", [2, 10, 100])
def test_rosenbrock_as_scipy_does_it(n):
    x = start_of(n)
    gradient = np.linalg.norm(rosen_der(np.asarray(x)))
    ours = lbfgs(rosenbrock, x, **FREE)
    theirs = scipy_solution(x, 1e-9 * gradient)
    assert ours.converged
    np.testing.assert_allclose(ours.value, 1.0, atol=1e-6)
    evaluations = int(ours.curves()["evaluations"][-1])
    assert evaluations <= 1.25 * theirs.nfev + 5
    assert evaluations == int(ours.state.progress.evaluations)


SOME_LOW, SOME_HIGH = np.array([-np.inf, 0.5] * 5), np.array([0.3, np.inf] * 5)


@pytest.mark.parametrize(("low", "high"), [(0.5, 2.0), (-0.5, 0.5), (1.2, 3.0), (-1.5, 0.8), (SOME_LOW, SOME_HIGH)])
def test_bounds_as_scipy_does_it(low, high):
    low, high = np.broadcast_to(low, 10), np.broadcast_to(high, 10)
    x = jnp.clip(start_of(10), low, high)
    ours = lbfgs(rosenbrock, x, low, high, **WITHIN)
    theirs = scipy_solution(x, 1e-7, bounds=list(zip(low, high, strict=True)))
    assert ours.converged
    np.testing.assert_allclose(ours.value, theirs.x, atol=2e-6)
    assert float(ours.state.point.value) <= theirs.fun + 1e-10
    assert jnp.all((ours.value >= low) & (ours.value <= high))
    assert int(ours.state.progress.evaluations) <= 1.4 * theirs.nfev + 5


def test_complex_vectors_are_pairs_of_real_ones():
    A, b = (RNG.standard_normal(s) + 1j * RNG.standard_normal(s) for s in ((12, 6), (12,)))

    def misfit(z):
        return jnp.sum(jnp.abs(A @ z - b) ** 2) + jnp.sum(jnp.abs(z) ** 4)

    def of_pairs(x):
        return np.asarray(jax.grad(lambda x: misfit(x[:6] + 1j * x[6:]))(jnp.asarray(x)))

    found = lbfgs(misfit, jnp.zeros(6, complex), rtol=1e-9)
    pair = np.concatenate([found.value.real, found.value.imag])
    assert found.converged
    assert np.linalg.norm(of_pairs(pair)) <= 1.01e-9 * np.linalg.norm(of_pairs(np.zeros(12)))


@pytest.mark.parametrize(("bounds", "options"), [((None, None), FREE), ((np.full(10, -1.5), np.full(10, 0.8)), WITHIN)])
def test_outside_jax_it_takes_the_same_steps(bounds, options):
    x = jnp.clip(start_of(10), *bounds)
    here = lbfgs(NumPyRosenbrock(), x, *bounds, driver=EAGER, **{**options, "max_steps": 12})
    there = lbfgs(rosenbrock, x, *bounds, **options)
    for name in ("objective", "evaluations", "gradient"):
        np.testing.assert_allclose(here.history[name], there.history[name][:13], rtol=1e-8)


def test_float32_stays_float32():
    found = lbfgs(rosenbrock, start_of(10).astype(jnp.float32), rtol=1e-5, max_steps=300)
    assert found.value.dtype == found.history["objective"].dtype == jnp.float32
    assert found.converged
    np.testing.assert_allclose(found.value, 1.0, atol=2e-3)


def test_it_survives_values_that_are_not_finite_but_not_at_the_start():
    def barrier(x):
        return jnp.sum(x - jnp.log(x))

    found = lbfgs(barrier, jnp.full(3, 0.01), rtol=1e-8, change=100.0)
    assert found.converged
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-7)
    lost = lbfgs(barrier, jnp.array([1.0, 1.0, -1.0]), rtol=1e-8, change=100.0)
    assert lost.status == Status.not_finite
    assert int(lost.steps) == 0


@pytest.mark.parametrize("search", [None, Armijo()])
def test_a_wrong_gradient_is_told(search):
    class Wrong:
        def value_and_grad(self, x):
            return jnp.sum(x**2), -2 * x

    found = lbfgs(Wrong(), jnp.ones(10), search=search, driver=EAGER)
    assert found.status == Status.line_search
    assert "is the gradient that of the objective" in found.reason
    np.testing.assert_array_equal(found.value, 1.0)


def test_pairs_that_mislead_are_dropped():
    def bowl(x):
        return jnp.sum(x**2)

    solver = LBFGS(search=Armijo(max_trials=1), change=0.01)
    state = solver.init(bowl, jnp.ones(2))
    flat = state.pairs.with_pair(jnp.ones(2), jnp.full(2, 1e-9))  # the step would be far too long
    found = solve(bowl, solver, state=eqx.tree_at(lambda s: s.pairs, state, flat))
    assert found.converged
    assert found.curves()["step"][1] == 0


def test_where_the_precision_ends_so_does_it():
    def quartic(x):
        return jnp.sum((x - 0.1) ** 2 + (x - 0.1) ** 4)

    found = lbfgs(quartic, jnp.ones(3), rtol=0.0)
    assert found.status in (Status.converged, Status.stagnated)
    np.testing.assert_allclose(found.value, 0.1, rtol=1e-12)
    at_once = lbfgs(quartic, jnp.full(3, 0.1), rtol=0.0)
    assert at_once.converged
    assert int(at_once.steps) == 0


def test_bounds_of_the_problem_are_kept():
    def bowl(x):
        return jnp.sum((x - 1.0) ** 2)

    np.testing.assert_allclose(lbfgs(Bounded(bowl, upper=0.5), jnp.zeros(2)).value, 0.5)
    np.testing.assert_allclose(lbfgs(bowl, jnp.zeros(2), upper=[0.5, 2.0]).value, [0.5, 1.0])
    with pytest.raises(ValueError, match="objective of Bounded: expected an objective without constraints"):
        lbfgs(Bounded(bowl, upper=0.5), jnp.zeros(2), lower=0.0)


@pytest.mark.parametrize("bounds", [{}, {"lower": 3000.0, "upper": 5000.0}])
def test_what_rounding_hides_is_not_taken_for_convergence(bounds):
    """A step along the gradient is less than a unit in the last place of the second entry, as of slow velocities."""
    h, c = jnp.array([1.0, 1e-6], jnp.float32), jnp.array([4001.0, 4100.0], jnp.float32)
    found = lbfgs(lambda x: 0.5 * jnp.sum(h * (x - c) ** 2), jnp.full(2, 4000.0, jnp.float32), **bounds)
    gradient = jnp.linalg.norm(h * (found.value - c))
    np.testing.assert_allclose(found.curves()["gradient"][-1], gradient, rtol=1e-3)
    assert bool(found.converged) == bool(gradient <= 1e-6 * found.curves()["gradient"][0])
    held = lbfgs(lambda x: jnp.sum(1e-9 * x), jnp.full(2, 4000.0, jnp.float32), lower=4000.0)
    assert held.converged
    assert int(held.steps) == 0


def test_small_values_in_single_precision():
    found = lbfgs(lambda x: 1e-22 * jnp.sum((x - 1) ** 2), jnp.zeros(3, jnp.float32))
    assert found.converged
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-5)


def test_what_jax_cannot_trace_is_told():
    with pytest.raises(ValueError, match=r"problem: expected an objective that JAX can trace.*Host\(compiled=False\)"):
        lbfgs(NumPyRosenbrock(), start_of(2))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"problem: expected a function, or Bounded\(...\), got Constrained"):
        solve(Constrained(rosenbrock, lambda x: x), LBFGS(), start_of(2))
    with pytest.raises(ValueError, match="start: expected a vector to begin at, got None"):
        lbfgs(rosenbrock, None)
    with pytest.raises(ValueError, match="memory: expected a whole number >= 1, got 0"):
        LBFGS(memory=0)
    with pytest.raises(ValueError, match="rtol: expected a finite number >= 0"):
        LBFGS(rtol=-1.0)
    with pytest.raises(ValueError, match=r"search: expected Wolfe\(...\), Armijo\(...\) or None"):
        LBFGS(search="wolfe")
    with pytest.raises(ValueError, match="x of a problem with bounds: expected real numbers"):
        solve(Bounded(lambda x: inner(x, x), 0.0), LBFGS(), jnp.zeros(2, complex))
