"""Absorbing layers as objects, and the profiles that they give a problem."""

import numpy as np
import pytest
from helpers.equations import experiment
from helpers.tolerances import assert_close

import jaxseis as js


@pytest.mark.parametrize("layer", [js.PML(cells=8, reflection=1e-6, exponent=2), js.Sponge(cells=12)])
def test_the_profile_grows_from_nothing_and_damps_to_the_reflection(layer):
    """A wave of velocity v crosses the thickness L twice: exp(-2 integral of zeta / v) = R."""
    depth = np.linspace(-3, layer.cells, 4001)
    zeta = layer.profile(depth, spacing=10.0, velocity=2.0)
    assert not zeta[depth <= 0].any()
    assert (np.diff(zeta[depth >= 0]) > 0).all()
    crossing = np.trapezoid(zeta, depth * 10.0) / 2.0
    assert_close(np.exp(-2 * crossing), layer.reflection, "differences")


def test_profiles_scale_with_velocity_and_spacing():
    layer, depth = js.PML(), np.arange(11.0)
    one = layer.profile(depth, 10.0, 2.0)
    assert_close(layer.profile(depth, 20.0, 2.0), one / 2)
    assert_close(layer.profile(depth, 10.0, 5.0), one * 2.5)


@pytest.mark.parametrize("free_surface", [False, True])
@pytest.mark.parametrize("interpolation", [js.Linear(), js.Sinc(radius=3)])
def test_rates_vanish_on_the_grid_and_its_margin(free_surface, interpolation):
    problem = experiment("2-D bare constant density").case.wave(
        absorbing=js.PML(5), free_surface=free_surface, interpolation=interpolation
    ).problem
    margin = interpolation.margin
    for axis, (low, high) in enumerate(problem.pad):
        for parity in (0, 1):
            rate = problem.rate(axis, parity)
            inside = slice(max(low - margin, 0), problem.shape[axis] - high + margin - parity)
            assert not rate[inside].any()
            # a Laplacian has no midpoint beyond the last node, as it has none before the first
            assert rate[-1 - parity] > 0
            assert (rate[0] > 0) == (low > 0)
        assert low == (0 if free_surface and axis == 1 else 5 + margin)


def test_both_sides_are_alike():
    problem = experiment("2-D constant density").F.wave.problem
    for axis in range(2):
        nodes, halves = problem.rate(axis, 0), problem.rate(axis, 1)
        assert_close(nodes[::-1], nodes)
        assert_close(halves[:-1][::-1], halves[:-1])


def test_the_filter_is_the_trapezoid_of_its_formula():
    """y = zeta/(s + zeta) x with x constant tends to x; d = zeta dt / 2."""
    problem = experiment("2-D constant density").F.wave.problem
    a, b = problem.filter(0, 0)
    d = problem.damping(0, 0)
    assert_close(2 * b / (1 - a + (d == 0)), -1.0 * (d > 0))
    assert (np.abs(a) <= 1).all()


@pytest.mark.parametrize("kind", [js.PML, js.Sponge])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cells": 0}, "cells: expected a whole number of at least 1, got 0. Write absorbing=None for no layer."),
        ({"cells": 2.5}, "cells: expected a whole number of at least 1"),
        ({"reflection": 0.0}, "reflection: expected a number between 0 and 1, got 0"),
        ({"reflection": 1.5}, "reflection: expected a number between 0 and 1, got 1.5"),
        ({"exponent": -1}, "exponent: expected a positive number, got -1"),
    ],
)
def test_mistakes(kind, arguments, message):
    with pytest.raises(ValueError, match=f"{kind.__name__}.{message}"):
        kind(**arguments)
