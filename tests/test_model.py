"""Media and the conversions between velocity, slowness and density."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js

MEDIUM = js.Medium(m=jnp.full((3, 2), 0.25), buoyancy=jnp.ones((3, 2)))


def test_parameters_by_name():
    assert MEDIUM.names == ("buoyancy", "m")
    assert "m" in MEDIUM
    assert "rho" not in MEDIUM
    np.testing.assert_array_equal(MEDIUM.m, 0.25)
    with pytest.raises(AttributeError, match="This Medium has buoyancy, m; no 'rho'"):
        _ = MEDIUM.rho


def test_it_is_immutable_and_copies_with_changes():
    with pytest.raises(AttributeError, match=r"use medium.replace\(m=...\)"):
        MEDIUM.m = 1.0
    changed = MEDIUM.replace(m=1.0, epsilon=0.1)
    assert changed.names == ("buoyancy", "epsilon", "m")
    assert (changed.m, float(MEDIUM.m[0, 0])) == (1.0, 0.25)


def test_an_empty_medium_is_none():
    with pytest.raises(ValueError, match=r"medium: expected at least one parameter, as in Medium\(m=...\)"):
        js.Medium()


def test_the_order_of_arguments_does_not_matter():
    other = js.Medium(buoyancy=MEDIUM.buoyancy, m=MEDIUM.m)
    assert jax.tree.structure(other) == jax.tree.structure(MEDIUM)
    assert [str(path) for (path,), _ in jax.tree_util.tree_leaves_with_path(MEDIUM)] == [".buoyancy", ".m"]


def test_it_is_a_pytree_and_gradients_come_back_as_one():
    gradient = jax.grad(lambda medium: jnp.sum(medium.m**2 * medium.buoyancy))(MEDIUM)
    assert isinstance(gradient, js.Medium)
    np.testing.assert_allclose(gradient.m, 2 * MEDIUM.m * MEDIUM.buoyancy)
    np.testing.assert_allclose(gradient.buoyancy, MEDIUM.m**2)
    assert repr(MEDIUM) == "Medium(buoyancy=(3, 2), m=(3, 2))"


def test_copies_by_pickle_and_deepcopy():
    import copy
    import pickle

    for twin in (copy.deepcopy(MEDIUM), pickle.loads(pickle.dumps(MEDIUM))):
        assert twin.names == MEDIUM.names
        np.testing.assert_array_equal(twin.m, MEDIUM.m)


def test_slowness_and_velocity_are_inverse():
    v = jnp.array([1.5, 2.0, 6.0])
    np.testing.assert_allclose(js.squared_slowness(v), [1 / 2.25, 0.25, 1 / 36])
    np.testing.assert_allclose(js.velocity(js.squared_slowness(v)), v, rtol=1e-14)
    np.testing.assert_allclose(jax.jit(js.squared_slowness)(v), 1 / v**2)


def test_gardners_relation():
    np.testing.assert_allclose(js.gardner(jnp.array([1.5, 4.0])), [0.31 * 1500**0.25, 0.31 * 4000**0.25])


@pytest.mark.parametrize(
    ("velocity", "message"),
    [
        (0.0, "velocity: expected positive numbers, km/s, got a minimum of 0"),
        ([2.0, -1.0], "velocity: expected positive numbers, km/s, got a minimum of -1"),
        ([2.0, np.nan], r"velocity: expected finite numbers, got nan at index \(1,\)"),
        ([2.0, 1500.0], "velocity: expected km/s, got a maximum of 1500. Velocities in m/s must be divided by 1000"),
    ],
)
def test_velocities_that_are_none(velocity, message):
    with pytest.raises(ValueError, match=message):
        js.squared_slowness(velocity)
