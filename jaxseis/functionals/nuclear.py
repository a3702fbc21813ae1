"""The nuclear norm: what makes matrices of low rank."""

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array
from jaxseis.functionals._magnitudes import MagnitudeNorm


class NuclearNorm(MagnitudeNorm):
    """``f(X) = sum_i w_i s_i``, the singular values s of the matrices in the last two axes of every array of X.

    Its proximal map and its projection shrink the singular values; the dual norm is the largest one.

    ```python
    NuclearNorm()(jnp.ones((3, 3)))  # 3
    ```
    """

    weights: None = eqx.field(default=None, init=False)

    def _magnitudes(self, array: Array) -> Array:
        return jnp.linalg.svd(array, compute_uv=False)

    def _shrunk(self, array: Array, by: Array) -> Array:
        u, s, vh = jnp.linalg.svd(array, full_matrices=False)
        return (u * jnp.maximum(s - by, 0)[..., None, :]) @ vh
