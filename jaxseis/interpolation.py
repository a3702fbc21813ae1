"""Interpolation between the grid and points anywhere inside it.

A point is a window of ``width`` nodes along each axis with one weight per node and axis, so its
value is ``sum_ijk w_i w_j w_k u[i, j, k]``; injection uses the same table, hence is the transpose.
A point source is a unit weight on the grid (not divided by the cell volume).
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import edge_slack


class Window(NamedTuple):
    """Windows of points along every axis.

    Attributes:
        index: ``(..., points, space)`` first node of the window, int32, counted from the grid's first.
        weights: ``(..., points, space, width)``.
        slopes: derivative of the weights with respect to the position, 1/m, same shape.
    """

    index: Array
    weights: Array
    slopes: Array


@jax.tree_util.register_static
@dataclass(frozen=True)
class Linear:
    """Multilinear interpolation between the two nodes on either side, along each axis."""

    @property
    def width(self) -> int:
        """Nodes in the window along each axis."""
        return 2

    @property
    def margin(self) -> int:
        """Nodes that a window may reach beyond the grid."""
        return 0

    def window(self, cells: Array, nodes: int) -> tuple[Array, Array]:
        """First node and weights of the window at the position ``cells`` (in cells from the first node)."""
        first = jnp.clip(jnp.floor(jax.lax.stop_gradient(cells)), 0, nodes - 2)
        fraction = cells - first
        return first.astype(jnp.int32), jnp.stack([1 - fraction, fraction], -1)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Sinc:
    """Sinc interpolation under a Kaiser window (Hicks, Geophysics 67, 2002), smooth in the position.

    Arguments:
        radius: half width of the window in cells; 2 to 8.

    The Kaiser parameter is Hicks's best for a bandwidth of two thirds of the Nyquist wavenumber.
    """

    radius: int = 4

    def __post_init__(self) -> None:
        if self.radius not in _KAISER:
            raise _checks.fail("Sinc.radius", f"one of {sorted(_KAISER)}", self.radius)
        object.__setattr__(self, "radius", int(self.radius))

    @property
    def width(self) -> int:
        """Nodes in the window along each axis."""
        return 2 * self.radius

    @property
    def margin(self) -> int:
        """Nodes that a window may reach beyond the grid."""
        return self.radius

    def window(self, cells: Array, nodes: int) -> tuple[Array, Array]:
        """First node and weights of the window at the position ``cells`` (in cells from the first node)."""
        left = jnp.clip(jnp.floor(jax.lax.stop_gradient(cells)), 0, nodes - 1)
        offset = jnp.arange(1 - self.radius, self.radius + 1) - (cells - left)[..., None]
        inside = jnp.clip(1 - (offset / self.radius) ** 2, 1e-12, None)
        beta = _KAISER[self.radius]
        kaiser = jax.scipy.special.i0(beta * jnp.sqrt(inside)) / jax.scipy.special.i0(jnp.asarray(beta))
        return (left - self.radius + 1).astype(jnp.int32), jnp.sinc(offset) * kaiser.astype(offset.dtype)


_KAISER = {2: 1.84, 3: 3.04, 4: 4.14, 5: 5.26, 6: 6.40, 7: 7.51, 8: 8.56}

Interpolation = Linear | Sinc


@partial(jax.jit, static_argnums=(0, 2, 3, 4, 5, 6))
def windows(
    kind: Interpolation,
    positions: Array,
    origin: tuple[float, ...],
    spacing: tuple[float, ...],
    shape: tuple[int, ...],
    free_surface: bool,
    dtype: str,
) -> Window:
    """The windows of ``positions`` (metres, ``(..., points, space)``) on a grid.

    Weights of points outside the grid are NaN: traced positions cannot be refused here. At a free surface
    (first node of the last axis) the field is odd, so weights above it fold back with the opposite sign and
    the surface node has none.
    """
    axes = []
    for a, (o, h, n) in enumerate(zip(origin, spacing, shape, strict=True)):
        fold = free_surface and a == len(shape) - 1

        slack = max(edge_slack(o, h, n, precision) for precision in (positions.dtype, dtype))

        def one(
            x: Array, o: float = o, h: float = h, n: int = n, fold: bool = fold, slack: float = slack
        ) -> tuple[Array, Array]:
            cells = (x - o) / h
            index, weights = kind.window(cells, n)
            index, weights = _fold(index, weights) if fold else (index, weights)
            outside = (cells < -slack) | (cells > n - 1 + slack)
            return index, jnp.where(outside[..., None], jnp.nan, weights)

        x = positions[..., a].astype(dtype)
        (index, weights), (_, slopes) = jax.jvp(one, (x,), (jnp.ones_like(x),))
        axes.append((index, weights.astype(dtype), slopes.astype(dtype)))
    index, weights, slopes = zip(*axes, strict=True)
    return Window(jnp.stack(index, -1), jnp.stack(weights, -2), jnp.stack(slopes, -2))


def nodes_and_weights(index: Array, weights: Array) -> tuple[tuple[Array, ...], Array]:
    """Node numbers along each axis and product weights of windows (points, space[, width]).

    Each is broadcastable to (points, width, ..., width).
    """
    ndim, width = weights.shape[-2:]
    nodes: list[Array] = []
    product: Array | float = 1.0
    for a in range(ndim):
        shape = (-1, *(width if b == a else 1 for b in range(ndim)))
        nodes.append((index[:, a, None] + jnp.arange(width)).reshape(shape))
        product = product * weights[:, a].reshape(shape)
    return tuple(nodes), jnp.asarray(product)


def _fold(index: Array, weights: Array) -> tuple[Array, Array]:
    """Fold the weights of nodes -k onto k with the opposite sign; the window then starts at 0 or below the surface."""
    width = weights.shape[-1]
    first = jnp.maximum(index, 0)
    node = index[..., None] + jnp.arange(width)
    target = first[..., None] + jnp.arange(width)
    same = (node[..., None, :] == target[..., :, None]) & (target[..., :, None] > 0)
    mirrored = (-node[..., None, :] == target[..., :, None]) & (target[..., :, None] > 0)
    return first, jnp.einsum("...tw,...w->...t", same.astype(weights.dtype) - mirrored.astype(weights.dtype), weights)
