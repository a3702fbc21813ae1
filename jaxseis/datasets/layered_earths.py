"""Random flat layers: the earths of Roeth and Tarantola, as a sampler in JAX.

Eight layers of 200 m over a half-space. Going down, the velocities v_1, ..., v_9 are a random walk,

    v_1 = 1.5 + 0.15 u_1,    v_{l+1} = v_l + 0.19 + 0.38 u_{l+1}  km/s,

with u_l uniform between -1 and 1: velocity grows with depth on the whole, with slow layers in between.

The paper divides by 4 km/s, so that outputs of a sigmoid can be velocities, and so has none above. How that is brought
about it does not say, and neither how slow a layer may be; the walk would come to negative velocities, if rarely. Here
both ends are walls: a step that would cross one ends there, and the next step starts from the wall.

Roeth and Tarantola, Neural networks and inversion of seismic data, J. Geophys. Res. 99 B4 (1994), 6753-6768.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import Grid

THICKNESS = 200.0  # of a layer, m
GRID = Grid((501, 361), 5.0)


class VelocityWalk(NamedTuple):
    """The random walk of `layered_earth` down the layers, km/s."""

    first: float = 1.5
    """Mean velocity of the first layer."""
    first_scatter: float = 0.15
    """Largest departure from it, either way."""
    rise: float = 0.19
    """Mean step from a layer to the next."""
    scatter: float = 0.38
    """Largest departure from it, either way."""
    slowest: float = 1.0
    """Where the walk ends below."""
    fastest: float = 4.0
    """Where it ends above."""


def layered_earth(
    key: Array,
    *,
    layers: int = 9,
    walk: VelocityWalk = VelocityWalk(),  # noqa: B008  it is immutable
) -> Array:
    """Velocities of one random stack of layers, (layer,), km/s; `jax.vmap` over keys for many.

    Arguments:
        key: random key.
        layers: how many layers, with the half-space below.
        walk: ranges of velocities and steps; by default those of Roeth and Tarantola (1994), and a floor of 1 km/s.

    Raises ValueError for fewer than one layer.

    ```python
    velocities = jax.jit(jax.vmap(layered_earth))(jax.random.split(jax.random.key(0), 600))  # (600, 9)
    ```
    """
    _checks.whole("layers", layers, 1)
    u = jax.random.uniform(key, (layers,), minval=-1.0, maxval=1.0)

    def step(v: Array, u: Array) -> tuple[Array, Array]:
        v = jnp.clip(v + walk.rise + walk.scatter * u, walk.slowest, walk.fastest)
        return v, v

    first = walk.first + walk.first_scatter * u[0]
    return jnp.append(first, jax.lax.scan(step, first, u[1:])[1])


def layered_section(velocities: Array, grid: Grid = GRID, thickness: float = THICKNESS) -> Array:
    """Flat layers on a grid: velocities of shape ``grid.shape``, the last axis being depth, km/s.

    Arguments:
        velocities: one for each layer, (layer,), km/s.
        grid: where to sample; by default 2500 m by 1800 m at 5 m. Another spacing samples the same earth.
        thickness: of a layer, m. The last layer is a half-space.

    A node on an interface has the velocity below it. Differentiable in the velocities.
    Raises ValueError for a thickness that is not positive, or a grid that begins above the surface, z = 0.

    ```python
    section = layered_section(layered_earth(jax.random.key(0)))  # (501, 361)
    ```
    """
    thickness = _checks.positive("thickness", thickness, "metres")
    depth = grid.coordinates("z")
    if depth[0] < 0:
        raise _checks.fail("grid.origin", "a z of zero or more, layers being below the surface", grid.origin)
    velocities = jnp.asarray(velocities)
    if velocities.ndim != 1:
        expected = "those of one earth, (layer,)"
        raise _checks.fail(
            "velocities", expected, f"shape {velocities.shape}", "For many write jax.vmap(layered_section)."
        )
    layer = np.minimum((depth / thickness * (1 + 1e-12)).astype(int), velocities.shape[0] - 1)
    return jnp.broadcast_to(velocities[layer], grid.shape)
