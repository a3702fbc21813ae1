"""A small experiment, and checks of gradients of networks with physics inside."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import jaxseis as js
from jaxseis.flows import Frozen

SHAPE = (13, 11)


def experiment(engine="devito"):
    """F, a background and a wavelet: two shots of 71 samples at five receivers."""
    grid = js.Grid(shape=SHAPE, spacing=(10.0, 10.0))
    time = js.TimeAxis(duration=140.0, step=2.0)
    options = {"space_order": 4, "absorbing": js.PML(4), "engine": engine, "storage": js.InMemory(every=1)}
    wave = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=2.5, **options)
    sources = js.Geometry(x=jnp.array([30.0, 90.0]), z=20.0)
    receivers = js.Geometry.spread(x=jnp.linspace(10.0, 110.0, 5), z=10.0)
    m = 0.25 + 0.02 * jnp.sin(jnp.arange(143.0)).reshape(SHAPE)
    return js.Modeling(wave, sources, receivers), m, js.ricker(time, peak_frequency=0.02)


def born(engine="devito", scale=1.0):
    """The Born operator of the experiment, at a multiple of its background."""
    F, m, q = experiment(engine)
    return F.jacobian(scale * m, q)


def perturbed(module, seed=0, size=0.1):
    """A module with all its parameters moved: no zeros are left that hide a derivative."""
    leaves, structure = jax.tree.flatten(module)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    moved = [v + size * jax.random.normal(k, v.shape, v.dtype) for v, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, moved)


def check_gradient(loss, at, rtol=1e-6, seed=1, step=1e-5):
    """The gradient in every array, along a random direction, beside a central difference; what is frozen stays.

    Differences have an error of rounding, some 1e-16 of the loss over the step.
    """
    leaves, structure = jax.tree.flatten(at)
    variables = jax.tree.leaves(at, is_leaf=lambda v: isinstance(v, nnx.Variable))
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    value = jax.jit(loss)
    gradient = jax.tree.leaves(jax.jit(jax.grad(loss))(at))
    for i, (g, variable, key) in enumerate(zip(gradient, variables, keys, strict=True)):
        if isinstance(variable, Frozen):
            continue
        along = jax.random.normal(key, jnp.shape(leaves[i]))

        def moved(t, i=i, along=along):
            return value(jax.tree.unflatten(structure, [v + t * along if j == i else v for j, v in enumerate(leaves)]))

        wanted = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
        np.testing.assert_allclose(jnp.sum(g * along), wanted, rtol=rtol, atol=1e-9 * abs(float(value(at))))


def assert_trees_close(found, wanted, rtol):
    """Equal within a fraction of the largest number of each array."""
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * max(float(jnp.abs(b).max()), 1e-300))
