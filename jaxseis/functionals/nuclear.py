"""The nuclear norm: what makes matrices of low rank."""

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals._magnitudes import MagnitudeNorm


class NuclearNorm(MagnitudeNorm):
    """``f(X) = sum_i w_i s_i``, the singular values s of the matrices in the last two axes of every array of X.

    Its proximal map and its projection shrink the singular values; the dual norm is the largest one.

    ```python
    NuclearNorm()(jnp.ones((3, 3)))  # 3
    ```
    """

    weights: None = eqx.field(default=None, init=False)

    def _magnitudes(self, x: PyTree) -> PyTree:
        return jax.tree.map(lambda v: jnp.linalg.svd(v, compute_uv=False), x)

    def _shrunk(self, x: PyTree, by: PyTree) -> PyTree:
        return jax.tree.map(_with_smaller_values, x, by)


def _with_smaller_values(array: Array, by: Array) -> Array:
    u, s, vh = jnp.linalg.svd(array, full_matrices=False)
    return (u * jnp.maximum(s - by, 0)[..., None, :]) @ vh
