"""Interpolation between the grid and points anywhere inside it.

A point is a window of ``width`` nodes along each axis with one weight per node and axis, so its
value is ``sum_ijk w_i w_j w_k u[i, j, k]``; injection uses the same table, hence is the transpose.
A point source is a unit weight on the grid (not divided by the cell volume).

What is sampled at a position may be a sum over several points around it, in several fields: a strain is a
difference of displacements. Each such sum is a *channel*.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import Grid, edge_slack


class Place(NamedTuple):
    """Where a field is sampled, relative to a position.

    Attributes:
        field: its name.
        parity: where its samples lie on the cell.
        offset: from the position, in cells.
        weight: of the sample in its channel.
        odd: whether the field is odd about a free surface at the first node of the last axis.
    """

    field: str
    parity: tuple[int, ...]
    offset: tuple[float, ...]
    weight: float = 1.0
    odd: bool = False


Channel = tuple[Place, ...]

FARTHEST = 16
"""Cells above a free surface to which a field is continued: differences of any order, and their windows, end there."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("index", "weights", "slopes", "channel"),
    meta_fields=("fields", "channels"),
)
@dataclass(frozen=True)
class Window:
    """Windows of points along every axis.

    Attributes:
        index: ``(..., points, space)`` first node of the window, int32, counted from the grid's first.
        weights: ``(..., points, space, width)``.
        slopes: derivative of the weights with respect to the position, 1/m, same shape.
        channel: ``(1, points)`` the channel to which each point belongs, int32.
        fields: the fields sampled, each with its number of points; points are in this order.
        channels: number of channels.
    """

    index: Array
    weights: Array
    slopes: Array
    channel: Array
    fields: tuple[tuple[str, int], ...]
    channels: int

    def of(self, field: str) -> slice:
        """The points of a field."""
        first = 0
        for name, count in self.fields:
            if name == field:
                return slice(first, first + count)
            first += count
        return slice(0, 0)


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

    def window(self, cells: Array, low: int, high: int) -> tuple[Array, Array]:
        """First node and weights of the window at the position ``cells``, among the nodes ``low..high``."""
        first = jnp.clip(jnp.floor(jax.lax.stop_gradient(cells)), low, high - 1)
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

    def window(self, cells: Array, low: int, high: int) -> tuple[Array, Array]:
        """First node and weights of the window at the position ``cells``, which lies among the nodes ``low..high``."""
        left = jnp.clip(jnp.floor(jax.lax.stop_gradient(cells)), low, high)
        offset = jnp.arange(1 - self.radius, self.radius + 1) - (cells - left)[..., None]
        inside = jnp.clip(1 - (offset / self.radius) ** 2, 1e-12, None)
        beta = _KAISER[self.radius]
        kaiser = jax.scipy.special.i0(beta * jnp.sqrt(inside)) / jax.scipy.special.i0(jnp.asarray(beta))
        return (left - self.radius + 1).astype(jnp.int32), jnp.sinc(offset) * kaiser.astype(offset.dtype)


_KAISER = {2: 1.84, 3: 3.04, 4: 4.14, 5: 5.26, 6: 6.40, 7: 7.51, 8: 8.56}

Interpolation = Linear | Sinc


@partial(jax.jit, static_argnums=(0, 2, 3, 4, 5))
def windows(
    kind: Interpolation,
    positions: Array,
    grid: Grid,
    channels: tuple[Channel, ...],
    free_surface: bool,
    dtype: str,
) -> Window:
    """The windows of the ``channels`` at ``positions`` (metres, ``(..., points, space)``) on a grid.

    Channels of one position follow each other. Weights of positions outside the grid are NaN: traced
    positions cannot be refused here. At a free surface (first node of the last axis) an odd field's weights above
    it fold back with the opposite sign and the surface node has none; other fields continue by cubic polynomials
    (lines, for linear interpolation).
    """
    places = sorted(((p.field, c, p) for c, channel in enumerate(channels) for p in channel), key=lambda x: x[:2])
    parts = [_windows_of(kind, positions, grid, place, free_surface, dtype) for _, _, place in places]
    count = positions.shape[-2]
    number = jnp.concatenate([jnp.arange(count) * len(channels) + c for _, c, _ in places])
    index, weights, slopes = (
        jnp.concatenate(x, -1 - rank) for x, rank in zip(zip(*parts, strict=True), (1, 2, 2), strict=True)
    )
    fields = tuple(
        (name, count * sum(f == name for f, _, _ in places)) for name in dict.fromkeys(f for f, _, _ in places)
    )
    return Window(index, weights, slopes, number.astype(jnp.int32)[None], fields, count * len(channels))


def _windows_of(
    kind: Interpolation, positions: Array, grid: Grid, place: Place, free_surface: bool, dtype: str
) -> tuple[Array, Array, Array]:
    """First nodes, weights and slopes of one place at every position."""
    axes = []
    for a, (origin, h, n) in enumerate(zip(grid.origin, grid.spacing, grid.shape, strict=True)):
        surface = free_surface and a == grid.ndim - 1
        slack = max(edge_slack(origin, h, n, precision) for precision in (positions.dtype, dtype))
        reach = int(any(place.parity) or any(place.offset))  # nodes that the padded grid has beyond this one

        def one(
            x: Array,
            a: int = a,
            o: float = origin,
            h: float = h,
            n: int = n,
            surface: bool = surface,
            slack: float = slack,
            reach: int = reach,
        ) -> tuple[Array, Array]:
            cells = (x - o) / h
            above = FARTHEST if surface and not place.odd else reach
            low, high = -above, n - 1 + reach - place.parity[a]
            index, weights = kind.window(cells + place.offset[a] - place.parity[a] / 2, low, high)
            if surface:
                index, weights = (_fold if place.odd else _continue)(index, weights)
            outside = (cells < -slack) | (cells > n - 1 + slack)
            return index, jnp.where(outside[..., None], jnp.nan, weights)

        x = positions[..., a].astype(dtype)
        (index, weights), (_, slopes) = jax.jvp(one, (x,), (jnp.ones_like(x),))
        scale = place.weight if a == 0 else 1.0
        axes.append((index, scale * weights.astype(dtype), scale * slopes.astype(dtype)))
    index, weights, slopes = zip(*axes, strict=True)
    return jnp.stack(index, -1), jnp.stack(weights, -2), jnp.stack(slopes, -2)


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


def _continue(index: Array, weights: Array) -> tuple[Array, Array]:
    """Weights of what would lie above the surface, moved to the samples of the polynomial that continues the field."""
    width = weights.shape[-1]
    first = jnp.maximum(index, 0)
    node, target = (i[..., None] + jnp.arange(width) for i in (index, first))
    polynomial = _lagrange(min(width, 4), node[..., None, :], target[..., :, None])
    same = (node[..., None, :] == target[..., :, None]).astype(weights.dtype)
    share = jnp.where(node[..., None, :] < 0, polynomial.astype(weights.dtype), same)
    return first, jnp.einsum("...tw,...w->...t", share, weights)


def _lagrange(count: int, x: Array, j: Array) -> Array:
    """At x, the polynomial through ``count`` samples at 0, 1, ... that is 1 at j and 0 at the others; 0 for other j."""
    value = (j < count).astype(float)
    for i in range(count):
        value = value * jnp.where(i == j, 1.0, (x - i) / jnp.where(i == j, 1, j - i))
    return value
