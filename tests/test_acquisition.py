"""Time axes and geometries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.acquisition import check_inside, keep_axis

X, Z = jnp.array([1.0, 2.0, 3.0]), jnp.array([4.0, 5.0, 6.0])


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "step", "size"),
    [(4000.0, 4.0, 1001), (10.0, 4.0, 3), (4.0, 4.0, 2), (1.0, 0.1, 11), (0.3, 0.1, 4), (3000.0, 4 / 3, 2251)],
)
def test_samples_up_to_and_including_the_duration(duration, step, size):
    time = js.TimeAxis(duration, step)
    assert time.size == size
    np.testing.assert_allclose(time.values, step * np.arange(size))
    assert time.values[-1] <= duration * (1 + 1e-9)
    assert duration < time.values[-1] + step


@pytest.mark.parametrize(
    ("duration", "step", "message"),
    [
        (0.0, 4.0, "time.duration: expected a positive number of milliseconds, got 0"),
        (4.0, -4.0, "time.step: expected a positive number of milliseconds, got -4"),
        (np.nan, 4.0, "time.duration: expected a positive number of milliseconds, got nan"),
        (3.9, 4.0, r"time: expected at least two samples, got duration 3.9 ms with step 4.0 ms.*seconds\(2.0\)"),
    ],
)
def test_time_axes_that_are_none(duration, step, message):
    with pytest.raises(ValueError, match=message):
        js.TimeAxis(duration, step)


# --- geometry ------------------------------------------------------------------------------------

FORMS = {
    "one point each": (js.Geometry(x=X, z=Z), (3, 1, 2), 3, False),
    "a number for the depth": (js.Geometry(x=X, z=4.0), (3, 1, 2), 3, False),
    "a single shot": (js.Geometry(x=1.0, z=4.0), (1, 1, 2), 1, False),
    "several points each": (js.Geometry(x=jnp.ones((3, 4)), z=1.0), (3, 4, 2), 3, False),
    "in space": (js.Geometry(x=X, y=0.0, z=Z), (3, 1, 3), 3, False),
    "in a well": (js.Geometry(z=Z), (3, 1, 1), 3, False),
    "spread": (js.Geometry.spread(x=X, z=Z), (1, 3, 2), None, True),
    "spread of one": (js.Geometry.spread(x=1.0, z=4.0), (1, 1, 2), None, True),
    "ragged": (js.Geometry.ragged([[[1.0, 4.0]], [[2.0, 5.0], [3.0, 6.0]]]), (2, 2, 2), 2, False),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name):
    geometry, shape, shots, shared = FORMS[name]
    assert geometry.positions.shape == shape
    assert (geometry.shots, geometry.points, geometry.ndim) == (shots, *shape[1:])
    assert geometry.shared is shared


def test_columns_are_in_the_order_of_the_axes():
    np.testing.assert_array_equal(js.Geometry(x=1.0, y=2.0, z=3.0).positions, [[[1.0, 2.0, 3.0]]])
    np.testing.assert_array_equal(js.Geometry(z=Z, x=X).positions[:, 0], np.stack([X, Z], 1))
    np.testing.assert_array_equal(js.Geometry.spread(z=Z, x=X).positions[0], np.stack([X, Z], 1))


def test_ragged_tables_are_padded_with_points_of_their_own_and_masked():
    ragged = js.Geometry.ragged([[[1.0, 4.0]], [[2.0, 5.0], [3.0, 6.0]]])
    np.testing.assert_array_equal(ragged.mask, [[True, False], [True, True]])
    np.testing.assert_array_equal(ragged.positions[0], [[1.0, 4.0], [1.0, 4.0]])
    assert js.Geometry.ragged([[[1.0, 4.0]], [[2.0, 5.0]]]).mask is None


@pytest.mark.parametrize("shots", [1, -1, slice(0, 2), np.array([2, 0]), [1, 1]], ids=str)
@pytest.mark.parametrize("name", ["one point each", "several points each", "in space"])
def test_selected_shots(name, shots):
    geometry = FORMS[name][0]
    chosen = np.atleast_1d(np.arange(3)[shots])
    assert geometry[shots].shots == len(chosen)
    np.testing.assert_array_equal(geometry[shots].positions, np.asarray(geometry.positions)[chosen])


def test_selections_keep_masks_and_spreads():
    ragged, spread = FORMS["ragged"][0], FORMS["spread"][0]
    np.testing.assert_array_equal(ragged[1].mask, [[True, True]])
    np.testing.assert_array_equal(ragged[np.array([1, 0])].mask, ragged.mask[::-1])
    assert spread[2] is spread


def test_an_index_keeps_the_axis():
    np.testing.assert_array_equal(keep_axis(slice(1, 3), 4), [1, 2])
    np.testing.assert_array_equal(keep_axis(3, 4), [3])
    np.testing.assert_array_equal(keep_axis(-1, 4), [-1])
    np.testing.assert_array_equal(jax.jit(lambda i: keep_axis(i, 4))(3), [3])


@pytest.mark.parametrize(
    ("shots", "error", "message"),
    [
        (4, IndexError, "shots: expected numbers from 0 to 3, got 4"),
        ([0, -5], IndexError, "shots: expected numbers from 0 to 3, got -5"),
        (np.array([True, False]), IndexError, "shots: expected a mask of 4 shots"),
        ([], ValueError, "shots: expected at least one, got an empty selection"),
        (slice(3, 3), ValueError, "shots: expected at least one, got an empty selection"),
    ],
)
def test_shots_that_do_not_exist(shots, error, message):
    geometry = js.Geometry(x=[0.0, 10.0, 20.0, 30.0], z=0.0)
    with pytest.raises(error, match=message):
        geometry[shots]


def test_a_loop_over_shots_ends():
    geometry = js.Geometry(x=[0.0, 10.0, 20.0], z=0.0)
    assert [float(shot.positions[0, 0, 0]) for shot in geometry] == [0.0, 10.0, 20.0]


@pytest.mark.parametrize("name", FORMS)
def test_pytrees(name):
    geometry = FORMS[name][0]
    moved = jax.tree.map(lambda v: v + 1 if v.dtype == float else v, geometry)
    assert moved.shared == geometry.shared
    np.testing.assert_array_equal(jax.jit(lambda g: g.positions)(moved), geometry.positions + 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.Geometry(x=X), r"geometry: expected coordinates x\[, y\] and z, got only \['x'\]"),
        (lambda: js.Geometry(), "geometry: expected coordinates .* got only nothing"),
        (lambda: js.Geometry(x=X, z=jnp.ones(2)), "geometry: expected coordinates that broadcast together"),
        (lambda: js.Geometry(x=jnp.array([1.0, np.nan]), z=1.0), "geometry.x: expected finite numbers, got nan"),
        (lambda: js.Geometry(x=jnp.ones((2, 2, 2)), z=1.0), r"geometry: expected coordinates of shape \(shots,\) or"),
        (lambda: js.Geometry.spread(x=jnp.ones((2, 2)), z=1.0), r"geometry: expected coordinates of shape \(points,\)"),
        (lambda: js.Geometry.ragged([]), "tables: expected one non-empty"),
        (lambda: js.Geometry.ragged([np.zeros((0, 2))]), "tables: expected one non-empty"),
        (lambda: js.Geometry.ragged([np.ones((1, 2)), np.ones((1, 3))]), "tables: expected one non-empty"),
        (lambda: js.Geometry.ragged([np.full((1, 2), np.nan)]), "tables: expected finite numbers"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_masked_points_may_lie_anywhere():
    grid = js.Grid((5, 4), 1.0)
    padded = js.Geometry._make(jnp.array([[[1.0, 1.0], [99.0, 1.0]]]), jnp.array([[True, False]]), False)
    check_inside("receivers", padded, grid)
    seen = js.Geometry._make(padded.positions, jnp.array([[True, True]]), False)
    with pytest.raises(ValueError, match=r"receivers: .* inside the grid \[0, 4\] x \[0, 3\] m, got shot 0 point 1"):
        check_inside("receivers", seen, grid)
