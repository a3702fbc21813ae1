"""Distances between sources and receivers, and traces kept by them."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import Geometry
from jaxseis.preconditioners._step import Weighting, ramp, set_number
from jaxseis.shots import Shots


def offsets(shots: Shots) -> Array:
    """Distance from source to receiver in all coordinates, to the nearest source if a shot has several.

    Arguments:
        shots: anything with ``sources`` and ``receivers``, each a Geometry, and a number of shots.

    Returns an array (shot, receiver), metres. Where a ragged spread is padded it means nothing.
    Raises ValueError if sources and receivers do not have the same number of coordinates.

    ```python
    sources, time = js.Geometry(x=jnp.array([0.0, 500.0]), z=0.0), js.TimeAxis(1000.0, 4.0)
    receivers = js.Geometry.spread(x=jnp.linspace(0.0, 1000.0, 11), z=0.0)
    offsets(js.Shots(jnp.zeros((2, 251, 11)), sources, receivers, time))[1, 0]  # 500.0
    ```
    """
    sources, receivers = shots.sources, shots.receivers
    if sources.ndim != receivers.ndim:
        raise _checks.fail("receivers", f"{sources.ndim} coordinates, as the sources have", receivers.ndim)
    return jnp.broadcast_to(_distance(sources, receivers), (len(shots), receivers.points))


@jax.jit
def _distance(sources: Geometry, receivers: Geometry) -> Array:
    between = sources.positions[:, :, None] - receivers.positions[:, None]  # (shot, source, receiver, space)
    squares = jnp.sum(between**2, axis=-1)
    if sources.mask is not None:
        squares = jnp.where(sources.mask[:, :, None], squares, jnp.inf)
    nearest = jnp.min(squares, axis=1)
    # The derivative of a root is infinite at zero offset.
    return jnp.where(nearest > 0, jnp.sqrt(jnp.where(nearest > 0, nearest, 1)), 0)


def present(shots: Shots) -> Array:
    """One for receivers that are there, zero where a ragged spread is padded; (shot or 1, 1, receiver)."""
    mask = shots.receivers.mask
    if mask is None:
        return jnp.ones((1, 1, shots.receivers.points))
    return mask[:, None, :].astype(jnp.result_type(float))


@jax.tree_util.register_static
@dataclass(frozen=True)
class OffsetRange(Weighting):
    """Traces kept by offset: one from ``near`` to ``far``, falling to zero as a cosine over ``taper`` beyond both.

    Arguments:
        near, far: smallest and largest offset, metres, in all coordinates; see ``offsets``.
        taper: width of both tapers, metres; zero cuts.

    ``step(shots)`` is the weighted shots, ``step.weights(shots)`` the weights (shot, 1, receiver), which
    objectives take as ``data_weights``, and ``step.operator(shots)`` the linear operator on the traces.
    Raises ValueError if ``near`` is negative or not below ``far``, or ``taper`` is negative.

    ```python
    step = OffsetRange(near=200.0, far=3000.0, taper=500.0)
    ```
    """

    near: float = 0.0
    far: float = np.inf
    taper: float = 0.0

    def __post_init__(self) -> None:
        for name in ("near", "taper"):
            set_number(self, name, "a number of metres, not negative", lambda x: 0 <= x < np.inf)
        set_number(self, "far", f"a number of metres above near, {self.near:g}", lambda x: x > self.near)

    def weights(self, shots: Shots) -> Array:
        """The weights (shot, 1, receiver)."""
        distance = offsets(shots)[:, None, :]
        inside = ramp(distance - self.near + self.taper, self.taper) * ramp(
            self.far + self.taper - distance, self.taper
        )
        return inside * present(shots)
