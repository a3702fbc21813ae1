"""Residual networks of convolutions, activation before weights (He et al., Identity Mappings, ECCV 2016).

    x <- x + W_2 a(W_1 a(x))

Nothing normalises over the batch, so a sample's output depends on that sample alone, as the layers of a flow must
have it. What normalisation does for the start of training, zeros in W_2 do as well: every block begins as the identity,
whatever the depth (Zhang et al., Fixup, ICLR 2019).
"""

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights
from jaxseis.backbones.convolution import Conv, odd_kernel


class ResidualBlock(nnx.Module):
    """``x + W_2 a(W_1 a(x))`` over images ``(batch, *space, width)``; the identity at the start.

    Arguments:
        width: channels in, inside and out.
        space: how many axes of space.
        kernel: size of both convolutions, odd.
        activation: before each of them.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    block = ResidualBlock(32, space=2, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        width: int,
        *,
        space: int = 2,
        kernel: int = 3,
        activation=nnx.gelu,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        wide = odd_kernel(kernel, space)
        self.first = Conv(width, width, wide, **options)
        self.second = Conv(width, width, wide, kernel_init=last_weights(zero=True), **options)
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        return x + self.second(self.activation(self.first(self.activation(x))))


class ResNet(nnx.Module):
    """Residual blocks between two convolutions, ``(batch, *space, inputs) -> (batch, *space, outputs)``.

    Every pixel sees ``1 + 2 (kernel - 1) (blocks + 1)`` pixels along an axis. Any size is kept, by zeros outside of it.

    Arguments:
        inputs, outputs: channels in and out.
        space: how many axes of space.
        width: channels of the blocks.
        blocks: how many blocks of two convolutions.
        kernel: size of the convolutions, odd.
        activation: before each convolution but the first.
        zero: whether the last layer starts at zero, as the networks inside of couplings should.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    net = ResNet(1, 1, space=2, width=32, blocks=4, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        space: int = 2,
        width: int = 64,
        blocks: int = 4,
        kernel: int = 3,
        activation=nnx.gelu,
        zero: bool = True,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        _checks.whole("blocks", blocks, 0)
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        block = {"space": space, "kernel": kernel, "activation": activation, **options}
        wide = odd_kernel(kernel, space)
        self.first = Conv(inputs, width, wide, **options)
        self.blocks = nnx.List(ResidualBlock(width, **block) for _ in range(blocks))
        self.last = Conv(width, outputs, wide, kernel_init=last_weights(zero), **options)
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(self.activation(x))
