"""Random earths of folded layers cut by faults, as a sampler in JAX: training sets that need no download.

Every point has a deposited depth, at which its rock would lie had nothing moved,

    h(x, z) = z + sum_k a_k sin(2 pi k x + phi_k) + sum_i t_i H(x - x_i - s_i z),

with folds of amplitude a_k and faults of throw t_i along lines of slope s_i; the velocity is a sum of steps in h.
Lengths are in units of the depth of the section, and of its width for x.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array

WAVES = 3  # of the folds


class Layering(NamedTuple):
    """Ranges from which `faulted_layers` draws."""

    folding: float = 0.06
    """Amplitude of the longest fold; those of shorter ones fall with their wavelength."""
    throw: float = 0.15
    """Largest throw of a fault, either way."""
    slope: float = 0.4
    """Largest horizontal way of a fault over its depth, either way."""
    slowest: float = 1.5
    """Velocity of the first layer, km/s."""
    fastest: float = 4.5
    """Mean velocity of the last layer, km/s."""
    scatter: float = 0.5
    """Deviation of a layer's velocity from the trend, km/s."""


def faulted_layers(
    key: Array,
    shape: tuple[int, int],
    *,
    layers: int = 12,
    faults: int = 2,
    layering: Layering = Layering(),  # noqa: B008  it is immutable
) -> Array:
    """Velocities of one random earth, (x, z), km/s; `jax.vmap` over keys for many.

    Arguments:
        key: random key.
        shape: nodes along x and z.
        layers: how many layers, two or more.
        faults: how many faults.
        layering: ranges of folds, throws and velocities.

    Interfaces are as sharp as one node allows, without steps along x.
    Raises ValueError for fewer than two layers or a negative number of faults.

    ```python
    earths = jax.jit(jax.vmap(lambda key: faulted_layers(key, (64, 64))))(jax.random.split(jax.random.key(0), 100))
    ```
    """
    _checks.whole("layers", layers, 2)
    _checks.whole("faults", faults, 0)
    for_folds, for_faults, for_layers = jax.random.split(key, 3)
    x, z = jnp.meshgrid(*(jnp.linspace(0.0, 1.0, n) for n in shape), indexing="ij")
    depth = z + _folds(for_folds, x, layering) + _faults(for_faults, x, z, faults, layering)
    return _velocity(for_layers, depth, layers, 1.0 / shape[1], layering)


def _folds(key: Array, x: Array, layering: Layering) -> Array:
    for_size, for_phase = jax.random.split(key)
    k = jnp.arange(1, WAVES + 1)
    size = layering.folding / k * jax.random.normal(for_size, (WAVES,))
    phase = jax.random.uniform(for_phase, (WAVES,), maxval=2 * jnp.pi)
    return jnp.sum(size * jnp.sin(2 * jnp.pi * k * x[..., None] + phase), axis=-1)


def _faults(key: Array, x: Array, z: Array, count: int, layering: Layering) -> Array:
    for_place, for_slope, for_throw = jax.random.split(key, 3)
    place = jax.random.uniform(for_place, (count,), minval=0.1, maxval=0.9)
    slope = jax.random.uniform(for_slope, (count,), minval=-layering.slope, maxval=layering.slope)
    throw = jax.random.uniform(for_throw, (count,), minval=-layering.throw, maxval=layering.throw)
    beyond = x[..., None] > place + slope * (z[..., None] - 0.5)
    return jnp.sum(jnp.where(beyond, throw, 0.0), axis=-1)


def _velocity(key: Array, depth: Array, layers: int, width: float, layering: Layering) -> Array:
    """A sum of steps, each as wide as a node, at interfaces of random thickness."""
    for_thickness, for_velocity = jax.random.split(key)
    thickness = jax.random.uniform(for_thickness, (layers,), minval=0.3, maxval=1.7)
    interface = (jnp.cumsum(thickness) / jnp.sum(thickness))[:-1]
    trend = jnp.linspace(layering.slowest, layering.fastest, layers)
    scatter = layering.scatter * jax.random.normal(for_velocity, (layers,))
    velocity = jnp.maximum(trend + scatter.at[0].set(0.0), layering.slowest)
    step = jnp.clip((depth[..., None] - interface) / width + 0.5, 0.0, 1.0)
    return velocity[0] + jnp.sum(jnp.diff(velocity) * step, axis=-1)
