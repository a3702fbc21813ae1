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
        return _to_channels(x, inner=True)

    def unsqueeze(self, y: Array) -> Array:
        return _from_channels(y, inner=True)


class Halves(Squeeze):
    """The halves of every axis become channels: quadrants of an image, octants of a volume.

    ```python
    y, _ = Halves().forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4)
    ```
    """

    def squeeze(self, x: Array) -> Array:
        return _to_channels(x, inner=False)

    def unsqueeze(self, y: Array) -> Array:
        return _from_channels(y, inner=False)


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


def _to_channels(x: Array, inner: bool) -> Array:
    """Every axis n of space as two, (n / 2, 2) if ``inner``, else (2, n / 2), and the twos to channels."""
    pairs = [(n // 2, 2) if inner else (2, n // 2) for n in x.shape[1:-1]]
    x = x.reshape(x.shape[0], *(n for pair in pairs for n in pair), x.shape[-1])
    x = jnp.moveaxis(x, *_places(len(pairs), inner))
    return x.reshape(*x.shape[: len(pairs) + 1], -1)


def _from_channels(y: Array, inner: bool) -> Array:
    """The inverse of `_to_channels`."""
    dims = y.ndim - 2
    x = jnp.moveaxis(y.reshape(*y.shape[:-1], *(2,) * dims, -1), *reversed(_places(dims, inner)))
    return x.reshape(y.shape[0], *(2 * n for n in y.shape[1:-1]), x.shape[-1])


def _places(dims: int, inner: bool) -> tuple[list[int], list[int]]:
    """Where the axes of length two are among the pairs, and where they are just before the channels."""
    return [1 + inner + 2 * i for i in range(dims)], [1 + dims + i for i in range(dims)]
