"""Residual blocks of convolutions."""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights
from jaxseis.backbones.convolution import Conv, odd_kernel


class CNN(nnx.Module):
    """Convolutions over 1, 2 or 3 axes of space, ``(batch, *space, inputs) -> (batch, *space, outputs)``.

    A convolution into ``width`` channels, then ``depth`` 1x1 residual convolutions, then one to the outputs: the
    network inside of Glow's couplings for ``depth = 1``. Convolutions keep the size of any space, by zeros outside
    of it.

    Arguments:
        inputs, outputs: channels in and out.
        space: how many axes of space.
        width: channels of the hidden layers.
        depth: how many layers between the first and the last.
        kernel: size of the first and the last convolution, odd.
        activation: between layers.
        zero: whether the last layer starts at zero, as the networks inside of couplings should.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    net = CNN(6, 12, space=2, width=64, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        space: int = 2,
        width: int = 64,
        depth: int = 1,
        kernel: int = 3,
        activation=nnx.gelu,
        zero: bool = True,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        wide, narrow = odd_kernel(kernel, space), (1,) * space
        self.first = Conv(inputs, width, wide, **options)
        self.hidden = nnx.List(Conv(width, width, narrow, **options) for _ in range(depth))
        self.last = Conv(width, outputs, wide, kernel_init=last_weights(zero), **options)
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        x = self.activation(self.first(x))
        for layer in self.hidden:
            x = x + self.activation(layer(x))
        return self.last(x)
