"""Deep sets: the same for any order of the members (Zaheer et al., NeurIPS 2017).

    y = rho(1/n sum_i phi(x_i))

The mean, rather than the sum, keeps the scale of what rho is given for sets of any size.
"""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array
from jaxseis.backbones.mlp import MLP


class DeepSet(nnx.Module):
    """A summary of sets, ``(batch, set, inputs) -> (batch, outputs)``, in whatever order their members come.

    Arguments:
        inputs, outputs: features of a member, and of the summary.
        width: features inside.
        depth: hidden layers of phi, and of rho.
        activation: between layers.
        zero: whether the last layer starts at zero.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    Sets of different size go into one array with a mask ``(batch, set)``, True where there is a member; what else is in
    the array does not matter. An empty set has a mean of zero.

    ```python
    net = DeepSet(3, 8, width=32, rngs=nnx.Rngs(0))
    summary = net(jnp.ones((5, 20, 3)))  # (5, 8)
    ```
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 64,
        depth: int = 2,
        activation=nnx.gelu,
        zero: bool = False,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        options = {"width": width, "depth": depth, "activation": activation, "dtype": dtype, "param_dtype": param_dtype}
        self.phi = MLP(inputs, width, zero=False, rngs=rngs, **options)
        self.rho = MLP(width, outputs, zero=zero, rngs=rngs, **options)

    def __call__(self, x: Array, mask: Array | None = None) -> Array:
        return self.rho(_mean(self.phi(members(x, mask)), mask))


def members(x: Array, mask: Array | None) -> Array:
    """Zero in place of what is no member, (batch, set, feature): NaN there would be NaN in derivatives."""
    return x if mask is None else jnp.where(mask[..., None], x, 0)


def _mean(x: Array, mask: Array | None) -> Array:
    """The mean over the members, (batch, set, feature) -> (batch, feature)."""
    if mask is None:
        return x.mean(axis=1)
    count = jnp.maximum(mask.sum(axis=1, keepdims=True), 1).astype(x.dtype)
    return members(x, mask).sum(axis=1) / count
