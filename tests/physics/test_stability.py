r"""Twenty thousand steps in a rough medium without growth, and the energy that leapfrog conserves.

Without a layer, M (u+ - 2u + u-) / dt^2 + K u = q with K symmetric conserves, once the source is over,

    E = |u+ - u|_M^2 / (2 dt^2) + <u+, K u> / 2

exactly (the identity behind the stability of leapfrog: Joly, Variational methods for time-dependent wave propagation
problems, 2003); it is positive where the step is stable. K is assembled here from the difference weights alone.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp

from jaxseis import (
    Acoustic,
    Geometry,
    Grid,
    Medium,
    Modeling,
    Projection,
    TimeAxis,
    WaveEquation,
    differences,
    ricker,
)
from jaxseis.engines import xla

OPTIMISED = {"xla_backend_optimization_level": 3}  # for ten thousand steps it pays
STEPS = 20_000


def rough(A, seed=0):
    """Velocity 1.5 to 4.5 km/s and density 1 to 3 g/cm^3, random at every node."""
    rng = np.random.default_rng(seed)
    m = rng.uniform(1.5, 4.5, A.grid.shape) ** -2.0
    return Medium(m=m, buoyancy=1 / rng.uniform(1.0, 3.0, m.shape)) if A.equation.density else Medium(m=m)


def equation(order, density, free_surface=False, size=40, steps=STEPS, **options):
    """The equation on a square grid, at its own time step."""
    arguments = (Grid((size, size), 10.0), Acoustic(density=density))
    options = {"max_velocity": 4.5, "space_order": order, "free_surface": free_surface, "engine": "xla"} | options
    step = WaveEquation(*arguments, TimeAxis(100.0, 1.0), **options).step
    return WaveEquation(*arguments, TimeAxis(step * (steps - 1), step), **options)


def sizes(A, quarters=4):
    """The rms of the field, layer included, in each quarter of a run with a pulse at its start."""
    problem = A.problem
    step = xla._stepper(problem, A.coefficients(rough(A)))
    middle = tuple((s.start + s.stop) // 2 for s in problem.interior)

    def level(state, q):
        state = step(state, {"u": jnp.zeros(problem.shape).at[middle].set(q)})
        return state, jnp.mean(state["u"]["u"] ** 2)

    long = jax.jit(lambda q: jax.lax.scan(level, xla._rest(problem), q)[1], compiler_options=OPTIMISED)
    squares = long(ricker(A.time, 0.015))
    return np.sqrt(np.asarray(squares).reshape(quarters, -1).mean(1))


def combination(order, density, free_surface):
    """A parameter, slow but for a few."""
    quick = order == 8 or (order in (2, 16) and not free_surface and density)
    return pytest.param(order, density, free_surface, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(
    ("order", "density", "free_surface"),
    [combination(o, d, f) for o in (2, 4, 8, 16) for d in (False, True) for f in (False, True)],
)
def test_no_growth_in_a_rough_medium(order, density, free_surface):
    size = sizes(equation(order, density, free_surface))
    assert np.all(np.diff(size) < 0)
    assert size[-1] < 0.01 * size[0]


def test_a_layer_with_differences_of_the_same_order_would_grow(monkeypatch):
    monkeypatch.setattr(differences, "layer_order", lambda order: order)
    size = sizes(equation(8, False))
    assert not size[-1] < size[0]


@pytest.mark.slow
@pytest.mark.parametrize("density", [False, True])
def test_no_growth_in_the_compiled_kernels(density):
    A = equation(8, density, engine="devito")
    x = 10.0 * np.arange(0, 40, 3)
    F = Modeling(A, Geometry(x=[200.0], z=200.0), Geometry.spread(x=np.repeat(x, 14), z=np.tile(x, 14)))
    d = np.asarray(F(rough(A)) @ ricker(A.time, 0.015))[0]
    size = np.sqrt(np.mean(d.reshape(4, -1) ** 2, 1))
    assert np.all(np.diff(size) < 0)
    assert size[-1] < 0.01 * size[0]


# Energy.


def difference(n, weights, first):
    """A sparse difference: ``weights`` at the offsets ``first, first + 1, ...``, with zeros outside."""
    return sp.diags(weights, [first + k for k in range(len(weights))], shape=(n, n)).toarray()


def stiffness(A, medium):
    """K on the flattened grid of an equation without layer."""
    (n, _), h, eye = A.grid.shape, A.grid.spacing[0], np.eye(A.grid.shape[0])
    if not A.equation.density:
        c = differences.second(A.space_order)
        second = difference(n, [*c[:0:-1], *c], 1 - len(c)) / h**2
        return -sp.csr_array(np.kron(second, eye) + np.kron(eye, second))
    d = differences.staggered(A.space_order)
    first = difference(n, [*(-x for x in d[::-1]), *d], 1 - len(d)) / h
    c = A.coefficients(medium)
    parts = [(np.kron(first, eye), c["bx"]), (np.kron(eye, first), c["bz"])]
    return sum(sp.csr_array(D.T) @ sp.diags_array(np.ravel(b)) @ sp.csr_array(D) for D, b in parts)


def energies(A):
    """E between all levels after the source."""
    medium, dt = rough(A), A.step
    Ps = Projection(Geometry(x=[93.0], z=[121.0]), A)
    q = ricker(A.time, 0.015)
    u = np.asarray((A(medium).inv @ Ps.T) @ q)[0].reshape(A.time.size, -1)
    u = u[np.flatnonzero(np.abs(q) > 1e-300)[-1] + 1 :]
    K, M = stiffness(A, medium), np.ravel(A.coefficients(medium)["M"])
    kinetic = np.sum(M * np.diff(u, axis=0) ** 2, 1) / dt**2
    return (kinetic + np.einsum("ti,it->t", u[1:], K @ u[:-1].T)) / 2


@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("order", [8, *(pytest.param(order, marks=pytest.mark.slow) for order in (2, 16))])
def test_energy_is_conserved_without_a_layer(order, density):
    limit = 5.5 if density else 4.5  # contrasts of density count as velocity
    E = energies(equation(order, density, size=24, steps=11_500, absorbing=None, max_velocity=limit))
    assert len(E) >= 10_000
    assert E[0] > 0
    assert np.abs(E / E[0] - 1).max() < 1e-10
