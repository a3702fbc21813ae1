"""Interpolation of equally spaced samples at positions that grow: a banded matrix, kept as its bands."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array

ROWS = 128  # rows of a band, which are applied together to the columns that one of them needs


class Banded:
    """``y_i = sum_j k(p_i - j) x_j`` over samples ``j = first, first + 1, ...``.

    Memory and time grow with the number of rows times the width of a band, never with rows times columns.

    Arguments:
        positions: p, in samples, in growing order.
        kernel: k.
        reach: k is negligible further away than this, in samples.
        first, size: number of the first sample, and how many there are.
        dtype: of the matrix.
    """

    def __init__(
        self,
        positions: np.ndarray,
        kernel: Callable[[np.ndarray], np.ndarray],
        reach: float,
        first: int,
        size: int,
        dtype: Any,
    ) -> None:
        self.count = len(positions)
        bands = np.pad(positions, (0, -self.count % ROWS), mode="edge").reshape(-1, ROWS)
        low, high = np.ceil(bands[:, 0] - reach), np.floor(bands[:, -1] + reach)
        self.width = min(int((high - low).max()) + 1, size)
        self.starts = np.clip(low.astype(int) - first, 0, size - self.width)
        columns = first + self.starts[:, None] + np.arange(self.width)
        blocks = (kernel(np.subtract.outer(p, j)).astype(dtype) for p, j in zip(bands, columns, strict=True))
        self.blocks = np.stack(list(blocks))  # (band, row, column)

    def __call__(self, x: Array) -> Array:
        """The values (position, trace) of samples (j, trace)."""
        windows = jax.vmap(lambda start: jax.lax.dynamic_slice_in_dim(x, start, self.width))(jnp.asarray(self.starts))
        values = jnp.einsum("brc,bct->brt", self.blocks, windows, precision="highest")  # no shortened products on GPUs
        return values.reshape(-1, x.shape[1])[: self.count]
