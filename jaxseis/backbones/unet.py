"""U-Nets: features at ever coarser scales, and back (Ronneberger et al., MICCAI 2015).

A scale is its own definition, with what is below it inside:

    U(x) = J [h ; up(U'(down(h)))],    h = B(x),

B a residual block, ``down`` the convolution of 2^d pixels with stride 2, ``up`` its transpose, and J a 1x1
convolution and another block. These convolutions have no overlap: a coarse pixel lies on two fine ones along each
axis, where the squeezes of a flow put it as well.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights
from jaxseis.backbones.convolution import Conv, odd_kernel
from jaxseis.backbones.resnet import ResidualBlock


class UNet(nnx.Module):
    """A U-Net over 1, 2 or 3 axes of space, ``(batch, *space, inputs) -> (batch, *space, outputs)``.

    Any size will do: an axis of odd size is extended by a plane of zeros on the way down, and cropped on the way up.

    Arguments:
        inputs, outputs: channels in and out.
        space: how many axes of space.
        width: channels at the finest scale; they double with every scale.
        levels: how often space is halved.
        kernel: size of the convolutions within a scale, odd.
        activation: before the convolutions.
        zero: whether the last layer starts at zero, as the networks inside of couplings should.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    net = UNet(1, 1, space=2, width=16, levels=3, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        space: int = 2,
        width: int = 32,
        levels: int = 3,
        kernel: int = 3,
        activation=nnx.gelu,
        zero: bool = True,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        _checks.whole("levels", levels, 0)
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        block = {"space": space, "kernel": kernel, "activation": activation, **options}
        wide = odd_kernel(kernel, space)
        self.first = Conv(inputs, width, wide, **options)
        self.scale = _scales(width, levels, block, _extended)
        self.last = Conv(width, outputs, wide, kernel_init=last_weights(zero), **options)
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        finest, *_ = self.scale(self.first(x))
        return self.last(self.activation(finest))


class Pyramid(nnx.Module):
    """A U-Net that gives its features at every scale: a summary of images for a multiscale flow.

    ``(batch, *space, inputs) -> ((batch, *space/2, width), (batch, *space/4, 2 width), ...)``. The fine features know
    the coarse ones (Lin et al., Feature Pyramid Networks, CVPR 2017). Sizes are halved and rounded down, as those of
    `Glow` are, whose conditions these can be; of an odd size the last two planes go down as one, their mean.

    Arguments:
        inputs: channels in.
        space: how many axes of space.
        width: channels at the first scale, at half of the size; they double with every further one.
        scales: how many, at least 1.
        kernel, activation, dtype, param_dtype, rngs: as for `UNet`.

    ```python
    pyramid = Pyramid(1, space=2, width=8, scales=3, rngs=nnx.Rngs(0))
    glow = Glow((64, 64, 1), scales=3, condition_shape=pyramid.shapes((64, 64)), rngs=nnx.Rngs(1))
    flow = Flow(glow, condition_shape=(64, 64, 1), summary=pyramid)
    ```
    """

    def __init__(
        self,
        inputs: int,
        *,
        space: int = 2,
        width: int = 16,
        scales: int = 3,
        kernel: int = 3,
        activation=nnx.gelu,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.scales = _checks.whole("scales", scales, 1)
        self.width = width
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        block = {"space": space, "kernel": kernel, "activation": activation, **options}
        self.first = _halving(inputs, width, space, options)
        self.scale = _scales(width, scales - 1, block, _shortened)

    def __call__(self, x: Array) -> tuple[Array, ...]:
        self.shapes(x.shape[1:-1])
        return self.scale(self.first(_shortened(x)))

    def shapes(self, space: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """Shapes of the features of one image of these sizes, (\\*space, channel), the finest first.

        Raises ValueError where an axis cannot be halved that often.
        """
        if any(n < 2**self.scales for n in space):
            raise _checks.fail("space", f"at least {2**self.scales} along every axis", tuple(space), "Fewer scales.")
        return tuple((*(n // 2 ** (index + 1) for n in space), self.width * 2**index) for index in range(self.scales))


class _Bottom(nnx.Module):
    """The coarsest scale, ``x -> (B(x),)``."""

    def __init__(self, width: int, block: dict):
        self.block = ResidualBlock(width, **block)

    def __call__(self, x: Array) -> tuple[Array, ...]:
        return (self.block(x),)


class _Scale(nnx.Module):
    """A scale and all below it, ``x -> (U(x), U'(...), ...)``, the finest first."""

    def __init__(self, width: int, levels: int, block: dict, even: Callable):
        space, options = block["space"], {name: block[name] for name in ("dtype", "param_dtype", "rngs")}
        twice = (2,) * space
        self.even = even
        self.block = ResidualBlock(width, **block)
        self.down = _halving(width, 2 * width, space, options)
        self.below = _scales(2 * width, levels - 1, block, even)
        self.up = nnx.ConvTranspose(2 * width, width, twice, strides=twice, padding="VALID", **options)
        self.join = Conv(2 * width, width, (1,) * space, **options)
        self.after = ResidualBlock(width, **block)

    def __call__(self, x: Array) -> tuple[Array, ...]:
        x = self.block(x)
        below = self.below(self.down(self.even(x)))
        joined = jnp.concatenate([x, _sized(self.up(below[0]), x)], axis=-1)
        return (self.after(self.join(joined)), *below)


def _scales(width: int, levels: int, block: dict, even: Callable) -> nnx.Module:
    return _Scale(width, levels, block, even) if levels else _Bottom(width, block)


def _halving(inputs: int, outputs: int, space: int, options: dict) -> nnx.Conv:
    """Two pixels to one, of even sizes."""
    return Conv(inputs, outputs, (2,) * space, strides=(2,) * space, padding="VALID", **options)


def _extended(x: Array) -> Array:
    """Odd sizes made even by a plane of zeros at the end."""
    change = [(0, n % 2, 0) for n in x.shape[1:-1]]
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *change, (0, 0, 0)])


def _shortened(x: Array) -> Array:
    """Odd sizes made even by the mean of the last two planes in their place: none is lost."""
    for axis in range(1, x.ndim - 1):
        if x.shape[axis] % 2:
            before, last = jnp.split(x, [x.shape[axis] - 2], axis)
            x = jnp.concatenate([before, last.mean(axis, keepdims=True)], axis)
    return x


def _sized(x: Array, like: Array) -> Array:
    """Zeros added, or planes left out, at the end of each axis of space."""
    change = [(0, n - m, 0) for n, m in zip(like.shape[1:-1], x.shape[1:-1], strict=True)]
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *change, (0, 0, 0)])
