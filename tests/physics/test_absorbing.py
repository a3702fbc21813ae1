r"""Reflections from the absorbing layers, and the symmetry of the layer.

The error of a record is ``20 log10 |d - d0|_2 / |d0|_2`` over a set of receivers in the box, with d0 from a domain so
large that nothing returns, on the same nodes at the same step. 15 nodes per peak wavelength: 10 m, 1.5 km/s, 10 Hz.
The layer is derived in jaxseis/absorbing.py; it is stable where its correction to the second difference takes energy
out at every wavenumber: the squared symbol of the staggered difference in it must not exceed the symbol of the
second difference.
"""

from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis import (
    PML,
    Acoustic,
    Geometry,
    Grid,
    Linear,
    Medium,
    Modeling,
    Sponge,
    TimeAxis,
    WaveEquation,
    differences,
    ricker,
    rules,
)
from jaxseis.equations._surface import at_surface
from jaxseis.interpolation import Place, windows

SPACING, SPEED = 10.0, 1.5
BOX = dict(shape=(121, 121), duration=1470.0, source=(60, 60), receivers=((2, 60), (20, 20), (60, 110), (118, 2)))
CORNER = BOX | dict(source=(25, 10))
STRIP = dict(
    shape=(400, 41),
    duration=3150.0,
    source=(10, 20),
    receivers=tuple((i, j) for i in range(20, 400, 20) for j in (5, 20)),
)
CUBE = dict(shape=(41, 41, 41), duration=476.0, source=(20, 20, 20), receivers=((2, 5, 5), (20, 20, 38), (38, 35, 20)))


def record(box, layer, pad=0, density=False):
    """Data (time, receiver) of a box that is extended by ``pad`` nodes on every side."""
    shape = tuple(n + 2 * pad for n in box["shape"])
    grid = Grid(shape, SPACING, (-pad * SPACING,) * len(shape))
    time = TimeAxis(box["duration"], 3.4 if len(shape) == 2 else 2.8)
    A = WaveEquation(grid, Acoustic(density=density), time, SPEED, absorbing=layer)
    assert A.step == time.step
    points = [np.atleast_2d(box[k]).T * SPACING for k in ("source", "receivers")]
    ends = [Geometry.spread(**dict(zip(grid.axes, p, strict=True))) for p in points]
    m = jnp.full(shape, SPEED**-2)
    medium = Medium(m=m, buoyancy=0 * m + 1) if density else m
    return np.asarray(Modeling(A, *ends)(medium) @ ricker(time, 0.010))[0]


@lru_cache
def _unbounded(name, density):
    box, pad, cells = {
        "BOX": (BOX, 100, 20),
        "CORNER": (CORNER, 100, 20),
        "STRIP": (STRIP, 80, 20),
        "CUBE": (CUBE, 25, 4),
    }[name]
    return record(box, PML(cells), pad, density)


def reflected(name, layer, density=False):
    """Reflections in dB, also printed (pytest -s)."""
    d0 = _unbounded(name, density)
    x = 20 * np.log10(np.linalg.norm(record(globals()[name], layer, density=density) - d0) / np.linalg.norm(d0))
    print(f"{name}, {'variable' if density else 'constant'} density, {layer}: {x:.1f} dB")
    return x


@pytest.mark.parametrize(
    ("name", "cells", "at_most"),
    [
        ("BOX", 10, -70),
        ("BOX", 20, -90),
        ("CORNER", 10, -70),
        ("CORNER", 20, -90),
        pytest.param("CUBE", 10, -70, marks=pytest.mark.slow),
        pytest.param("CUBE", 20, -90, marks=pytest.mark.slow),
        ("STRIP", 10, -40),
        ("STRIP", 20, -55),
    ],
)
def test_reflections_of_the_matched_layer(name, cells, at_most):
    x = reflected(name, PML(cells))
    assert x < at_most


@pytest.mark.slow
@pytest.mark.parametrize("cells", [10, 20])
def test_reflections_with_variable_density(cells):
    # Staggered differences in the interior leave -65.5 dB with 10 cells, where the Laplacian leaves -77.9 dB.
    x = reflected("CORNER", PML(cells), density=True)
    assert x < {10: -65, 20: -90}[cells]


@pytest.mark.slow
@pytest.mark.parametrize(("cells", "at_most"), [(10, -28), (20, -37)])
def test_reflections_of_a_multiaxial_layer(cells, at_most):
    x = reflected("BOX", PML(cells, multiaxial=0.1), density=True)
    assert x < at_most


@pytest.mark.parametrize("name", ["BOX", "CORNER", "STRIP"])
def test_the_sponge_reflects_more_than_a_matched_layer_of_a_quarter_of_its_width(name):
    x, y = reflected(name, PML(10)), reflected(name, Sponge(40))
    assert x < y - 30


@pytest.mark.slow
def test_the_reference_domain_returns_nothing():
    d0 = _unbounded("STRIP", False)
    wider = record(STRIP, PML(40), 180)
    assert np.linalg.norm(wider - d0) < 1e-4 * np.linalg.norm(d0)


# Stability of the layer.


def symbols(order, staggered_order):
    """Of minus the second difference, and the square of that of the staggered one, up to the Nyquist wavenumber."""
    k = np.linspace(0, np.pi, 2001)
    c, d = differences.second(order), differences.staggered(staggered_order)
    second = -c[0] - 2 * sum(cj * np.cos(j * k) for j, cj in enumerate(c[1:], 1))
    first = 2 * sum(dj * np.sin((j - 0.5) * k) for j, dj in enumerate(d, 1))
    return second, first**2


@pytest.mark.parametrize("order", differences.ORDERS)
def test_the_layer_takes_energy_out_at_every_wavenumber(order):
    second, squared = symbols(order, differences.layer_order(order))
    assert np.all(squared <= second + 1e-14)


@pytest.mark.parametrize("order", differences.ORDERS[1:])
def test_the_layer_would_not_with_differences_of_the_same_order(order):
    second, squared = symbols(order, order)
    assert np.any(squared > second + 1e-3)


# Symmetry, with random coefficients inside the layer too (the public API continues edge values into it).


def random_experiment(density, free_surface, ndim, cells=6):
    """A small problem, random coefficients on the padded grid, windows of three sources and receivers, and both
    ends' random traces."""
    grid, rng = Grid((14, 12, 11)[:ndim], SPACING), np.random.default_rng(0)
    time = TimeAxis(150.0 if ndim == 2 else 80.0, 0.9)
    A = WaveEquation(grid, Acoustic(density=density), time, 4.5, absorbing=PML(cells), free_surface=free_surface)
    fastest = 3.3 if density else 4.5  # contrasts of the density lower the limit of the step as well
    padded = {"m": jnp.asarray(rng.uniform(1.5, fastest, A.problem.shape) ** -2.0)}
    padded |= {"buoyancy": jnp.asarray(rng.uniform(0.3, 1.0, A.problem.shape))} if density else {}
    ends, traces = [], []
    for _ in range(2):
        at = SPACING * rng.uniform(0.5, np.array(grid.shape) - 1.5, (1, 3, ndim))
        pressure = ((Place("u", (0,) * ndim, (0.0,) * ndim, odd=True),),)
        window = windows(Linear(), jnp.asarray(at), grid, pressure, free_surface, "float64")
        ends.append({"window": window})
        traces.append(jnp.asarray(rng.normal(size=(1, A.problem.steps, 3))))
    c = A.equation.coefficients(Medium(**padded))
    c = at_surface(A.equation, c, A.space_order) if free_surface and density else c
    return A.problem, c, *ends, *traces


def mismatch(Ax, y, x, Aty):
    """|<A x, y> - <x, A' y>| / (|A x| |y|), for pytrees x."""
    inner = sum(float(jnp.vdot(a, b)) for a, b in zip(jax.tree.leaves(x), jax.tree.leaves(Aty), strict=True))
    return abs(float(jnp.vdot(Ax, y)) - inner) / float(jnp.linalg.norm(Ax.ravel()) * jnp.linalg.norm(y.ravel()))


ENGINES_AND_SIZES = [
    pytest.param("xla", 2),
    pytest.param("xla", 3),
    pytest.param("devito", 2),
    pytest.param("devito", 3, marks=pytest.mark.slow),
]
EQUATIONS = [(False, False), (False, True), (True, False), (True, True)]


@pytest.mark.parametrize(("engine", "ndim"), ENGINES_AND_SIZES)
@pytest.mark.parametrize(("density", "free_surface"), EQUATIONS)
def test_reversed_time_with_exchanged_ends_is_the_transpose(engine, ndim, density, free_surface):
    problem, c, source, receiver, q, y = random_experiment(density, free_surface, ndim)
    run = jax.jit(partial(rules.propagate, problem, engine))
    d = run(c, source | {"traces": q}, receiver)
    back = run(c, receiver | {"traces": y[:, ::-1]}, source)[:, ::-1]
    assert mismatch(d, y, q, back) < 1e-12


@pytest.mark.parametrize("ndim", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("density", "free_surface"), EQUATIONS)
def test_gradients_inside_the_layer(ndim, density, free_surface):
    # The compiled gradient, derived by hand, is the transpose of the compiled and of the automatic derivative.
    problem, c, source, receiver, q, y = random_experiment(density, free_surface, ndim)
    rng, source = np.random.default_rng(1), source | {"traces": q}
    dc = jax.tree.map(lambda v: jnp.asarray(rng.normal(size=v.shape)) * v, c)
    born = lambda engine, dc: rules.scatter(problem, engine, rules.EXACT, c, dc, source, receiver)  # noqa: E731
    gradient = jax.linear_transpose(partial(born, "devito"), c)(y)[0]
    for engine in ("devito", "xla"):
        assert mismatch(born(engine, dc), y, dc, gradient) < 1e-12
