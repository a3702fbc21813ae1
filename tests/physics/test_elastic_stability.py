r"""Elastic waves in rough media, part fluid: the energy that leapfrog conserves, and long runs without growth.

Without a layer M (u+ - 2u + u-) / dt^2 + K u = 0 with K symmetric conserves E = |u+ - u|_M^2 / (2 dt^2) + <u+, K u> / 2
exactly, which is positive where the step is stable (test_stability.py). Here K is the operator of the engine, and the
field starts at random, so that every mode of the grid takes part. In the fluid the displacement has modes without
stiffness, which may stand still or move on for ever: what must not grow is the energy, or the velocity.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis import PML, Elastic, ElasticVTI, Grid, Medium, TimeAxis, WaveEquation, ricker
from jaxseis.engines import xla

EQUATIONS = {"isotropic": Elastic(), "VTI": ElasticVTI()}


def rough(A, seed=0):
    """Parameters random at every node, every third one fluid."""
    rng = np.random.default_rng(seed)
    random = partial(rng.uniform, size=A.grid.shape)
    vp, rho, solid = random(2.0, 4.0), random(1.0, 3.0), random(0.0, 1.0) > 1 / 3
    medium = {"vp": vp, "vs": solid * vp * random(0.1, 0.7), "rho": rho}
    if isinstance(A.equation, ElasticVTI):
        epsilon = random(0.0, 0.3)
        medium |= {"epsilon": epsilon, "delta": epsilon - random(0.0, 0.2), "gamma": random(0.0, 0.3)}
    return Medium(**medium)


def wave(name, free_surface, shape, steps, order=8, **options):
    """The equation on a grid, at its own time step. Contrasts count as velocity."""
    options |= {"max_velocity": 8.0, "space_order": order, "free_surface": free_surface, "engine": "xla"}
    arguments = Grid(shape, 10.0), EQUATIONS[name]
    step = WaveEquation(*arguments, TimeAxis(100.0, 1.0), **options).step
    return WaveEquation(*arguments, TimeAxis(step * (steps - 1), step), **options)


def energy(A, c, new, old):
    """E between two levels."""
    mass = {field: c[A.equation.mass_name(field)] for field in new}
    forces, *_ = xla._strained_force(A.problem, c, old, {}, {})  # -K u
    kinetic = sum(jnp.sum(mass[field] * (new[field] - old[field]) ** 2) for field in new) / A.step**2
    return (kinetic - sum(jnp.sum(new[field] * forces[field]) for field in new)) / 2


def energies(A):
    """E along a run from a random start."""
    rng = np.random.default_rng(1)
    c, rest = A.coefficients(A.medium(rough(A))), xla._rest(A.problem)
    step = xla._stepper(A.problem, c)

    def level(state, _):
        state = step(state, {})
        return state, energy(A, c, state["u"], state["old"])

    start = {name: jnp.asarray(rng.normal(size=A.problem.shape)) for name in rest["u"]}
    _, E = jax.jit(lambda u: jax.lax.scan(level, rest | {"u": u, "old": u}, length=A.time.size))(start)
    return np.asarray(E)


def orders(*quick):
    """Orders of the differences, slow but for a few."""
    return [pytest.param(n, marks=() if n in quick else pytest.mark.slow) for n in (2, 4, 6, 8, 12, 16)]


@pytest.mark.parametrize("order", orders(2, 8))
@pytest.mark.parametrize("free_surface", [False, True])
@pytest.mark.parametrize("name", EQUATIONS)
def test_energy_is_conserved_without_a_layer(name, free_surface, order):
    E = energies(wave(name, free_surface, (24, 22), 2000, order, absorbing=None))
    assert E[0] > 0
    assert np.abs(E / E[0] - 1).max() < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("free_surface", [False, True])
def test_energy_is_conserved_in_three_dimensions(free_surface):
    E = energies(wave("VTI", free_surface, (10, 9, 11), 2000, 4, absorbing=None))
    assert E[0] > 0
    assert np.abs(E / E[0] - 1).max() < 1e-10


def velocities(A, m, quarters=4):
    """The rms of u_t, layer included, in each quarter of a run with forces and an explosion at its start."""
    c, problem = A.coefficients(A.medium(m)), A.problem
    step = xla._stepper(problem, c)
    middle = tuple((s.start + s.stop) // 2 for s in problem.interior)

    def level(state, q):
        state = step(state, {field: jnp.zeros(problem.shape).at[middle].set(q) for field in problem.fields})
        return state, sum(jnp.mean((u - state["old"][field]) ** 2) for field, u in state["u"].items())

    squares = jax.jit(lambda q: jax.lax.scan(level, xla._rest(problem), q)[1])(ricker(A.time, 0.015))
    return np.sqrt(np.asarray(squares).reshape(quarters, -1).mean(1)) / A.step


@pytest.mark.slow
@pytest.mark.parametrize("order", [4, 8, 16])
@pytest.mark.parametrize("free_surface", [False, True])
@pytest.mark.parametrize("name", EQUATIONS)
def test_no_growth_in_ten_thousand_steps(name, free_surface, order):
    A = wave(name, free_surface, (40, 36), 10_000, order, absorbing=PML(10, multiaxial=0.2))
    v = velocities(A, rough(A))
    assert np.all(np.diff(v) < 0)


@pytest.mark.slow
def test_a_plain_layer_grows_in_so_rough_a_medium():
    A = wave("isotropic", False, (40, 36), 10_000, 4, absorbing=PML(10))
    v = velocities(A, rough(A))
    assert v[-1] > 1e3 * v[0]


@pytest.mark.slow
@pytest.mark.parametrize("free_surface", [False, True])
@pytest.mark.parametrize("name", EQUATIONS)
def test_a_plain_layer_is_stable_where_velocities_vary_by_a_fifth(name, free_surface):
    A, rng = wave(name, free_surface, (40, 36), 10_000, absorbing=PML(10)), np.random.default_rng(3)
    m = constant(A)
    m = m.replace(**{n: getattr(m, n) * rng.uniform(0.8, 1.2, A.grid.shape) for n in ("vp", "vs", "rho")})
    v = velocities(A, m)
    assert np.all(np.diff(v) < 0)
    assert v[-1] < (1e-2 if free_surface else 1e-3) * v[0]  # what is trapped below the surface leaves slowly


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUATIONS)
def test_no_growth_in_a_homogeneous_half_space(name):
    A = wave(name, True, (40, 36), 10_000, absorbing=PML(10))
    v = velocities(A, constant(A))
    assert np.all(np.diff(v) < 0)
    assert v[-1] < 1e-4 * v[0]


def constant(A):
    """A homogeneous medium."""
    values = {"vp": 3.0, "vs": 1.5, "rho": 2.0, "epsilon": 0.2, "delta": 0.1}
    return Medium(**{k: jnp.full(A.grid.shape, values[k]) for k in A.equation.required})
