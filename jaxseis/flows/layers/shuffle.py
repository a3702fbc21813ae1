"""Squeezes that move every second number of each axis, or each half, into channels: permutations."""

from abc import abstractmethod

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class Squeeze(Bijection):
    """An orthogonal map that halves every axis of space, ``(batch, *n, c) -> (batch, *n/2, 2^d c)``."""

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        odd = [n for n in x.shape[1:-1] if n % 2]
        if odd:
            raise _checks.fail("x", "axes of space of even size", f"shape {x.shape}", "Crop, pad, or trim it first.")
        return self.squeeze(x), _states.no_log_det(x)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return self.unsqueeze(y), _states.no_log_det(y)

    @abstractmethod
    def squeeze(self, x: Array) -> Array:
        """Space to channels."""

    @abstractmethod
    def unsqueeze(self, y: Array) -> Array:
        """Channels back to space."""


class Checkerboard(Squeeze):
    """Neighbours become channels: the pixels ``(2i, 2j), (2i, 2j+1), ...`` are those of place ``(i, j)``.

    ```python
    y, _ = Checkerboard().forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4)
    ```
    """

    def squeeze(self, x: Array) -> Array:
        return _to_channels(_split_axes(x, 2, inner=True), first=2)

    def unsqueeze(self, y: Array) -> Array:
        return _merge_axes(_from_channels(y, first=2))


class Halves(Squeeze):
    """The halves of every axis become channels: quadrants of an image, octants of a volume.

    ```python
    y, _ = Halves().forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4)
    ```
    """

    def squeeze(self, x: Array) -> Array:
        return _to_channels(_split_axes(x, 2, inner=False), first=1)

    def unsqueeze(self, y: Array) -> Array:
        return _merge_axes(_from_channels(y, first=1))


class Columns(Squeeze):
    """Runs of ``2^d`` neighbours along the last axis of space become channels: no number moves in memory.

    ```python
    y, _ = Columns().forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4)
    ```
    """

    def squeeze(self, x: Array) -> Array:
        space = x.shape[1:-1]
        return x.reshape(x.shape[0], *(n // 2 for n in space), x.shape[-1] * 2 ** len(space))

    def unsqueeze(self, y: Array) -> Array:
        space = y.shape[1:-1]
        return y.reshape(y.shape[0], *(2 * n for n in space), y.shape[-1] // 2 ** len(space))


def _split_axes(x: Array, factor: int, inner: bool) -> Array:
    """Every axis n of space as two, (n / 2, 2) or (2, n / 2)."""
    pairs = [(n // factor, factor) if inner else (factor, n // factor) for n in x.shape[1:-1]]
    return x.reshape(x.shape[0], *(n for pair in pairs for n in pair), x.shape[-1])


def _to_channels(x: Array, first: int) -> Array:
    """The axes of length two, ``first, first + 2, ...``, put before the channels and merged with them."""
    dims = (x.ndim - 2) // 2
    x = jnp.moveaxis(x, [first + 2 * i for i in range(dims)], [dims + 1 + i for i in range(dims)])
    return x.reshape(*x.shape[: dims + 1], -1)


def _from_channels(y: Array, first: int) -> Array:
    dims = y.ndim - 2
    y = y.reshape(*y.shape[:-1], *(2,) * dims, -1)
    return jnp.moveaxis(y, [dims + 1 + i for i in range(dims)], [first + 2 * i for i in range(dims)])


def _merge_axes(x: Array) -> Array:
    dims = (x.ndim - 2) // 2
    return x.reshape(x.shape[0], *(x.shape[1 + 2 * i] * x.shape[2 + 2 * i] for i in range(dims)), x.shape[-1])
