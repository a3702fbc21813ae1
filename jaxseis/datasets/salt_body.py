"""A random body of salt put into an earth, as a sampler in JAX.

A stem leans up from the base into a wider cap. Each is an ellipse, the level line g = 1/e of

    g(x, z) = exp(-((x - x_0) / w)^2 - ((z - z_0) / h)^2);

the two are added and the sum is cut at one level, which joins them smoothly, and x is moved to and fro with depth, and
z along x, so that the flanks and the top are not ellipses. Lengths are in units of the width of the section along x,
and of its depth along z.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array

WAVES = 3  # of the flanks and the top


class Salt(NamedTuple):
    """Ranges from which `salt_body` draws."""

    velocity: float = 4.5
    """Of the salt, km/s."""
    middle: tuple[float, float] = (0.3, 0.7)
    """Where the stem stands."""
    top: tuple[float, float] = (0.15, 0.4)
    """Depth of the top, about."""
    cap_width: tuple[float, float] = (0.08, 0.2)
    """Half-width of the cap."""
    cap_height: tuple[float, float] = (0.06, 0.15)
    """Half-height of the cap."""
    stem_width: tuple[float, float] = (0.03, 0.08)
    """Half-width of the stem."""
    lean: float = 0.08
    """How far the cap is to either side of the stem's foot."""
    roughness: float = 0.02
    """Amplitude of the longest wave of flanks and top."""


def salt_body(key: Array, velocity: Array, salt: Salt = Salt()) -> Array:  # noqa: B008  it is immutable
    """The earth with a body of salt in it, an array as ``velocity``; `jax.vmap` over keys and earths for many.

    Arguments:
        key: random key.
        velocity: an earth, (x, z), km/s: `faulted_layers`, say.
        salt: ranges of sizes and places, and the velocity of salt.

    Raises ValueError for an earth that has not two axes.

    ```python
    for_layers, for_salt = jax.random.split(jax.random.key(0))
    earth = salt_body(for_salt, faulted_layers(for_layers, (128, 64)))
    ```
    """
    velocity = jnp.asarray(velocity)
    if velocity.ndim != 2:
        raise _checks.fail("velocity", "two axes (x, z)", f"shape {velocity.shape}")
    return jnp.where(_inside(key, velocity.shape, salt), jnp.asarray(salt.velocity, velocity.dtype), velocity)


def _inside(key: Array, shape: tuple[int, ...], salt: Salt) -> Array:
    """Whether each node is in the salt."""
    for_sizes, for_flanks, for_top = jax.random.split(key, 3)
    ranges = (salt.middle, salt.top, salt.cap_width, salt.cap_height, salt.stem_width, (-salt.lean, salt.lean))
    low, high = jnp.array(ranges).T
    middle, top, wide, tall, narrow, lean = jax.random.uniform(for_sizes, (6,), minval=low, maxval=high)
    x, z = jnp.meshgrid(*(jnp.linspace(0.0, 1.0, n) for n in shape), indexing="ij")
    x, z = x + salt.roughness * _waves(for_flanks, z), z + salt.roughness * _waves(for_top, x)
    centre = top + tall
    along_stem = (1 - z) / (1 - centre)  # 0 at the base, 1 in the cap
    cap = _bell((x - middle - lean) / wide, (z - centre) / tall)
    stem = jnp.where(z > centre, _bell((x - middle - lean * along_stem) / narrow, 0.0), 0.0)
    return cap + stem > jnp.exp(-1.0)


def _waves(key: Array, x: Array) -> Array:
    k = jnp.arange(1, WAVES + 1)
    phase = jax.random.uniform(key, (WAVES,), maxval=2 * jnp.pi)
    return jnp.sum(jnp.sin(2 * jnp.pi * k * x[..., None] + phase) / k, axis=-1)


def _bell(right: Array, down: Array | float) -> Array:
    return jnp.exp(-(right**2) - down**2)
