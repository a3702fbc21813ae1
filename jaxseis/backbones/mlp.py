"""Multilayer perceptrons."""

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights


class MLP(nnx.Module):
    """Dense layers with an activation between, ``(..., inputs) -> (..., outputs)``.

    Arguments:
        inputs, outputs: features in and out.
        width: features of the hidden layers.
        depth: how many hidden layers.
        activation: between layers.
        zero: whether the last layer starts at zero, as the networks inside of couplings should.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    net = MLP(2, 4, width=64, rngs=nnx.Rngs(0))
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
        zero: bool = True,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        _checks.whole("depth", depth, 0)
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        sizes = [inputs, *[width] * depth]
        self.hidden = nnx.List(nnx.Linear(a, b, **options) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.last = nnx.Linear(sizes[-1], outputs, kernel_init=last_weights(zero), **options)
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.last(x)
