"""The grid: coordinates, defaults, equality, mistakes."""

import jax
import numpy as np
import pytest

import jaxseis as js


@pytest.mark.parametrize(
    ("shape", "axes"), [((5,), ("z",)), ((5, 4), ("x", "z")), ((5, 4, 3), ("x", "y", "z"))]
)
def test_axes_and_coordinates(shape, axes):
    spacing, origin = (10.0, 20.0, 30.0)[: len(shape)], (-5.0, 0.0, 7.0)[: len(shape)]
    grid = js.Grid(shape, spacing, origin)
    assert grid.axes == axes
    assert grid.ndim == len(shape)
    assert grid.extent == tuple((n - 1) * h for n, h in zip(shape, spacing, strict=True))
    for axis, n, h, o in zip(axes, shape, spacing, origin, strict=True):
        np.testing.assert_allclose(grid.coordinates(axis), [o + i * h for i in range(n)])


def test_one_number_serves_all_axes():
    assert js.Grid((5, 4), 10.0) == js.Grid((5, 4), (10.0, 10.0), (0.0, 0.0))
    assert js.Grid(np.array([5, 4]), np.array([10, 10])) == js.Grid((5, 4), 10)
    assert js.Grid((5, 4), 10.0, origin=3.0).origin == (3.0, 3.0)


def test_it_is_static_and_compares_by_value():
    a, b, c = js.Grid((5, 4), 10.0), js.Grid([5, 4], [10.0, 10.0]), js.Grid((5, 4), 11.0)
    assert a == b
    assert hash(a) == hash(b)
    assert a != c
    assert jax.tree.leaves(a) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((5, 4, 3, 2), 1.0), r"grid.shape: expected 1, 2 or 3 axes, \(x\[, y\], z\), got \(5, 4, 3, 2\)"),
        (((), 1.0), "grid.shape: expected 1, 2 or 3 axes"),
        (((5, 1), 1.0), "grid.shape: expected at least two nodes along each axis"),
        (((5, 4), 0.0), "grid.spacing along x: expected a positive number of metres, got 0"),
        (((5, 4), (1.0, -1.0)), "grid.spacing along z: expected a positive number of metres, got -1"),
        (((5, 4), (1.0, np.nan)), "grid.spacing along z: expected a positive number of metres, got nan"),
        (((5, 4), (1.0, 1.0, 1.0)), "grid.spacing: expected 2 numbers, one per axis"),
        (((5, 4), 1.0, (0.0,)), "grid.origin: expected 2 numbers, one per axis"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        js.Grid(*arguments)
