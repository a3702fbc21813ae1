"""The Haar wavelet squeeze: averages and differences of neighbours become channels."""

import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array
from jaxseis.flows.layers.shuffle import Checkerboard, Squeeze


class Haar(Squeeze):
    """One level of the orthonormal Haar wavelet transform along every axis of space, bands as channels.

    Along an axis the neighbours a, b become ``(a + b) / sqrt 2`` and ``(a - b) / sqrt 2``.

    ```python
    y, _ = Haar().forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4): average, and details along z, x and both
    ```
    """

    def squeeze(self, x: Array) -> Array:
        return _butterfly(Checkerboard().squeeze(x), x.ndim - 2)

    def unsqueeze(self, y: Array) -> Array:
        return Checkerboard().unsqueeze(_butterfly(y, y.ndim - 2))


def _butterfly(y: Array, dims: int) -> Array:
    """Averages and differences over the 2^d neighbours among the channels; its own inverse."""
    pair = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    matrix = np.ones((1, 1))
    for _ in range(dims):
        matrix = np.kron(matrix, pair)
    neighbours = y.reshape(*y.shape[:-1], 2**dims, -1)
    return jnp.einsum("ij,...jc->...ic", jnp.asarray(matrix, y.dtype), neighbours).reshape(y.shape)
