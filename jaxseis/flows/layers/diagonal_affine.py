"""A scale and a shift for every single number of a state."""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows._states import no_log_det
from jaxseis.flows.bijection import Bijection


class DiagonalAffine(Bijection):
    """``y = exp(s) x + b`` with s and b for every number of the state; ``log |det| = sum s``.

    Of standard normal x, the normal distributions of independent numbers: the mean-field family.

    Arguments:
        event: one sample of the state, its arrays or `jax.ShapeDtypeStruct`: an array, or a pytree of them. s and b
            start at zero, in its precision.

    ```python
    layer = DiagonalAffine(flow.latents())
    ```
    """

    def __init__(self, event: PyTree):
        leaves = jax.tree.leaves(event)
        self.log_scales = nnx.List(nnx.Param(jnp.zeros(leaf.shape, leaf.dtype)) for leaf in leaves)
        self.shifts = nnx.List(nnx.Param(jnp.zeros(leaf.shape, leaf.dtype)) for leaf in leaves)

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self._map(lambda x, s, b: x * jnp.exp(s) + b, x), no_log_det(x) + self._log_det()

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self._map(lambda y, s, b: (y - b) * jnp.exp(-s), y), no_log_det(y) - self._log_det()

    def _map(self, each, state: PyTree) -> PyTree:
        leaves, structure = jax.tree.flatten(state)
        parts = zip(leaves, self.log_scales, self.shifts, strict=True)
        return jax.tree.unflatten(structure, [each(leaf, s[...], b[...]) for leaf, s, b in parts])

    def _log_det(self) -> Array:
        return jnp.stack([jnp.sum(s[...]) for s in self.log_scales]).sum()
