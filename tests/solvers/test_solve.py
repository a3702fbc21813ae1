"""The drivers: one step function, run in several ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators import Matrix
from jaxseis.solvers import LSQR, SPGL1, Compiled, Host, LeastSquares, Solver, Status, Unrolled, solve
from jaxseis.solvers._loop import cond, while_loop

TARGET = jnp.array([1.0, -2.0, 0.5])


class Descent(Solver):
    """Steepest descent with a fixed rate."""

    rate: float = 0.3

    def init(self, problem, start):
        return start

    def step(self, problem, x):
        return x - self.rate * jax.grad(problem)(x)

    def status(self, problem, x):
        return Status.where(jnp.linalg.norm(jax.grad(problem)(x)) < 1e-6, Status.converged, Status.running)

    def value(self, problem, x):
        return x

    def measures(self, problem, x):
        return {"objective": problem(x)}


def bowl(x):
    return 0.5 * jnp.sum((x - TARGET) ** 2)


DRIVERS = {"compiled": Compiled(), "unrolled": Unrolled(), "host": Host(), "eager": Host(compiled=False)}


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_every_driver_takes_the_same_steps(driver):
    expected = solve(bowl, Descent(), jnp.zeros(3))
    got = solve(bowl, Descent(), jnp.zeros(3), driver=driver)
    assert got.converged
    assert int(got.steps) == int(expected.steps)
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-14)
    np.testing.assert_allclose(got.history["objective"], expected.history["objective"], rtol=1e-12, atol=1e-30)


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_a_run_that_is_cut_can_go_on(driver):
    whole = solve(bowl, Descent(), jnp.zeros(3), driver=driver)
    part = solve(bowl, Descent(), jnp.zeros(3), max_steps=7, driver=driver)
    rest = solve(bowl, Descent(), state=part.state, driver=driver)
    assert int(part.steps) == 7
    assert int(part.steps) + int(rest.steps) == int(whole.steps)
    np.testing.assert_array_equal(rest.value, whole.value)


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_what_ends_a_run_is_told(driver):
    few = solve(bowl, Descent(), jnp.zeros(3), max_steps=2, driver=driver)
    assert few.status == Status.max_steps
    assert "raise max_steps" in few.reason
    with pytest.raises(RuntimeError, match="not solved after 2 steps. The number of steps is used up"):
        few.required()
    lost = solve(bowl, Descent(), jnp.full(3, jnp.nan), driver=driver)
    assert lost.status == Status.not_finite
    assert int(lost.steps) == 0


def test_the_history_has_a_row_for_each_step_and_nan_after_the_last():
    solution = solve(bowl, Descent(), jnp.zeros(3), max_steps=100)
    steps = int(solution.steps)
    misfit = solution.history["objective"]
    assert misfit.shape == (101,)
    assert np.isfinite(misfit[: steps + 1]).all()
    assert np.isnan(misfit[steps + 1 :]).all()
    assert misfit[0] == bowl(jnp.zeros(3))
    np.testing.assert_array_equal(solution.curves()["objective"], misfit[: steps + 1])


def test_no_step_is_a_solution_too():
    assert int(solve(bowl, Descent(), jnp.zeros(3), max_steps=0).steps) == 0
    assert solve(bowl, Descent(), TARGET).converged


@pytest.mark.parametrize("driver", [Compiled, Host])
def test_the_callback_sees_every_step(driver):
    seen = []
    solution = solve(bowl, Descent(), jnp.zeros(3), driver=driver(lambda *a: seen.append(a)))
    jax.effects_barrier()
    assert [int(k) for k, _, _ in seen] == list(range(1, int(solution.steps) + 1))
    np.testing.assert_array_equal(seen[-1][1], solution.value)
    assert float(seen[-1][2]["objective"]) == float(solution.curves()["objective"][-1])


def test_the_callback_of_the_host_may_stop():
    solution = solve(bowl, Descent(), jnp.zeros(3), driver=Host(lambda k, x, measures: k == 3))
    assert solution.status == Status.stopped
    assert int(solution.steps) == 3


@pytest.mark.parametrize("true", [1, np.bool_(True), jnp.asarray(True)])
def test_any_true_result_of_the_callback_stops(true):
    assert int(solve(bowl, Descent(), jnp.zeros(3), driver=Host(lambda *_: true)).steps) == 1


def test_the_host_draws_a_bar(capsys):
    solve(bowl, Descent(), jnp.zeros(3), driver=Host(description="descent"))
    assert "descent" in capsys.readouterr().err


def test_it_passes_through_jit_and_vmap():
    starts = jnp.stack([jnp.zeros(3), TARGET])
    solutions = jax.jit(jax.vmap(lambda x: solve(bowl, Descent(), x)))(starts)
    assert solutions.converged.all()
    assert int(solutions.steps[1]) == 0
    np.testing.assert_allclose(solutions.value, jnp.stack([TARGET, TARGET]), atol=1e-5)


def test_an_unrolled_run_has_derivatives():
    def reached(scale):
        return solve(lambda x: scale * bowl(x), Descent(), jnp.zeros(3), 5, Unrolled()).value[0]

    h = 1e-6
    divided = (reached(1.0 + h) - reached(1.0 - h)) / (2 * h)
    np.testing.assert_allclose(jax.grad(reached)(1.0), divided, rtol=1e-6)
    np.testing.assert_allclose(jax.jvp(reached, (1.0,), (1.0,))[1], divided, rtol=1e-6)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="solver: expected a solver"):
        solve(bowl, Descent, jnp.zeros(3))
    with pytest.raises(ValueError, match="max_steps: expected a whole number of at least 0"):
        solve(bowl, Descent(), jnp.zeros(3), max_steps=-1)
    for driver in ("host", Host):
        with pytest.raises(ValueError, match=r"driver: expected Compiled\(...\) or Unrolled\(...\) or Host\(...\)"):
            solve(bowl, Descent(), jnp.zeros(3), driver=driver)
    with pytest.raises(ValueError, match=r"driver: expected Compiled\(\) or Unrolled\(\) inside jit"):
        jax.jit(lambda x: solve(bowl, Descent(), x, driver=Host()).value)(jnp.zeros(3))


def test_problems_and_states_of_another_kind_are_named():
    with pytest.raises(ValueError, match=r"problem of LSQR: expected LeastSquares\(...\), got <function bowl"):
        solve(bowl, LSQR(), jnp.zeros(3))
    with pytest.raises(ValueError, match=r"problem of SPGL1: expected BasisPursuit\(...\) or Lasso\(...\)"):
        solve(bowl, SPGL1())
    solution = solve(bowl, Descent(), jnp.zeros(3), max_steps=1)
    with pytest.raises(ValueError, match="state: expected .* by Descent, got Solution. Write state=solution.state."):
        solve(bowl, Descent(), state=solution)
    with pytest.raises(ValueError, match="state: expected the state of an earlier solution by LSQR"):
        solve(LeastSquares(Matrix(jnp.eye(3)), TARGET), LSQR(), state=solution.state)


def test_of_many_solutions_all_are_required():
    starts = jnp.stack([TARGET, jnp.zeros(3)])
    found = jax.vmap(lambda x: solve(bowl, Descent(), x, max_steps=2))(starts)
    with pytest.raises(RuntimeError, match="solution 1 of 2 not solved after 2 steps. The number of steps"):
        found.required()
    with pytest.raises(ValueError, match=r"curves: expected one solution.*jax.tree.map\(lambda v: v\[0\], solution\)"):
        found.curves()
    assert jax.tree.map(lambda v: v[0], found).required().curves()["objective"].shape == (1,)


def test_loops_run_in_python_where_the_numbers_are_at_hand_and_are_staged_elsewhere():
    calls = []

    def doubled(x):
        calls.append(x)
        return 2 * x

    def above_ten(x):
        return while_loop(lambda x: x < 10, doubled, x)

    assert above_ten(jnp.asarray(1)) == 16
    assert len(calls) == 4
    assert jax.jit(above_ten)(1) == 16
    assert len(calls) == 5  # traced once
    limit = jax.jit(lambda limit: while_loop(lambda x: x < limit, doubled, jnp.asarray(1)))
    assert limit(10) == 16


def test_branches_run_in_python_where_the_test_is_known():
    untraceable = lambda x: float(x)  # noqa: E731
    assert cond(jnp.asarray(True), untraceable, lambda x: -x, jnp.asarray(3.0)) == 3.0
    assert jax.jit(lambda t: cond(t, lambda x: x, lambda x: -x, 3.0))(False) == -3.0


def test_branches_may_be_methods_of_operators():
    A = Matrix(jnp.eye(2))
    picked = jax.jit(lambda A, t, x: cond(t, A.mv, A.T.mv, x))(A, True, jnp.ones(2))
    np.testing.assert_array_equal(picked, jnp.ones(2))
