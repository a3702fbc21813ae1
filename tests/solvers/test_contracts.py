"""What every solver in the registry must do. Each test is written once and runs on all of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.solvers import BACKWARDS, SOLVERS

from jaxseis.solvers import Host, Unrolled, solve


@pytest.fixture(params=SOLVERS.values(), ids=SOLVERS.keys(), scope="module")
def case(request):
    factory, *rest = request.param
    return factory(), *rest


@pytest.fixture(scope="module")
def whole(case):
    problem, solver, start, _, max_steps = case
    return solve(problem, solver, start, max_steps)


def assert_close(got, expected, tolerance):
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, atol=tolerance * max(1.0, np.max(np.abs(b), initial=0.0)))


def test_it_finds_the_solution(case, whole):
    _, _, _, expected, _ = case
    assert whole.converged, whole.reason
    if expected is not None:
        assert_close(whole.value, expected, 1e-5)


def test_its_history_is_real_and_finite(whole):
    assert whole.history
    for values in whole.curves().values():
        assert values.dtype.kind == "f"
        assert np.isfinite(values).all()


def test_it_is_a_pytree_of_arrays(whole):
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(whole))


def test_the_host_starts_and_the_compiled_loop_goes_on(case, whole):
    problem, solver, start, _, max_steps = case
    few = int(whole.steps) // 2
    part = solve(problem, solver, start, few, Host())
    rest = solve(problem, solver, None, max_steps, state=part.state)
    assert int(part.steps) == few
    assert rest.converged
    assert abs(few + int(rest.steps) - int(whole.steps)) <= 1  # rounding may decide the last step
    assert_close(rest.value, whole.value, 1e-7)


def test_vmap_in_jit(case, whole):
    problem, solver, start, _, max_steps = case
    batch = jax.tree.map(lambda v: jnp.stack([v, v]) if eqx.is_array(v) else v, (problem, start))
    found = eqx.filter_jit(eqx.filter_vmap(lambda p, x: solve(p, solver, x, max_steps).value))(*batch)
    assert_close(jax.tree.map(lambda v: v[1], found), whole.value, 1e-7)


@pytest.mark.parametrize("name", BACKWARDS)
def test_steps_have_derivatives_in_reverse_mode_where_they_claim_it(name):
    factory, solver, start, *_ = SOLVERS[name]
    arrays, rest = eqx.partition(factory(), eqx.is_inexact_array)

    def reached(t):
        moved = jax.tree.map(lambda v: v * (1 + t * jnp.cos(jnp.arange(v.size)).reshape(v.shape)), arrays)
        value = solve(eqx.combine(moved, rest), solver, start, 4, Unrolled()).value
        return jnp.sum(jnp.abs(value) ** 2)

    backwards, forwards = jax.jit(lambda t: (jax.grad(reached)(t), jax.jvp(reached, (t,), (1.0,))[1]))(0.1)
    assert backwards != 0
    np.testing.assert_allclose(backwards, forwards, rtol=1e-9)
