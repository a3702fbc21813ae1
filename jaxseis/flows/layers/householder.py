"""Orthogonal mixing of channels by Householder reflections (Tomczak and Welling, 2016)."""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class Householder(Bijection):
    """``y = x H_1 H_2 ... H_n`` along channels, ``H = I - 2 v v^T / |v|^2``; ``log |det| = 0``.

    Arguments:
        channels: how many channels the state has.
        reflections: n; any orthogonal matrix is a product of at most ``channels`` of them.
        param_dtype: of the parameters.
        rngs: random numbers, for the vectors v.

    ```python
    layer = Householder(12, reflections=3, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(self, channels: int, *, reflections: int = 3, param_dtype=jnp.float32, rngs: nnx.Rngs):
        count = _checks.whole("reflections", reflections, 1)
        self.vectors = nnx.Param(jax.random.normal(rngs.params(), (count, channels), param_dtype))

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return x @ self.matrix().astype(x.dtype), _states.no_log_det(x)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return y @ self.matrix().T.astype(y.dtype), _states.no_log_det(y)

    def matrix(self) -> Array:
        """The product of the reflections, orthogonal."""
        matrix = jnp.eye(self.vectors.shape[1], dtype=self.vectors.dtype)
        for v in self.vectors[...]:
            matrix -= jnp.outer(matrix @ v, (2 / (v @ v)) * v)
        return matrix
