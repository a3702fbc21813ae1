"""Deep decoders: images from few weights by mixing and interpolating channels (Heckel and Hand, ICLR 2019).

    B_{i+1} = norm(a(U_i B_i C_i)),    x = B_n c,

B_0 being fixed noise on a coarse grid, U_i linear interpolation to twice the nodes, C_i a matrix over channels, and
norm that of each channel over the image. Nothing sees neighbours but interpolation, hence images that are smooth
between edges. With fewer weights than pixels it cannot fit all noise, however long one optimises.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array


class DeepDecoder(nnx.Module):
    """An image with few weights as its parameters, in the place of a `DeepPrior`.

    Arguments:
        shape: of the image, along 1, 2 or 3 axes.
        width: channels; it has about ``levels * width^2`` weights.
        levels: how often the grid is refined by two.
        activation: a.
        seed: of the noise, which is not a parameter.
        param_dtype: of the parameters.
        rngs: random numbers, for the weights.

    Called without arguments it gives the image, of order one.

    ```python
    image = DeepDecoder(grid.shape, width=32, rngs=nnx.Rngs(0))()
    ```
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        width: int = 32,
        levels: int = 3,
        activation=nnx.gelu,
        seed: int = 0,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.shape = tuple(_checks.whole("shape", n, 1) for n in shape)
        self.width, self.levels = _checks.whole("width", width, 1), _checks.whole("levels", levels, 0)
        if max(self._shape_at(0)) < 3:
            raise _checks.fail("levels", "a coarsest grid of 3 nodes or more", f"{levels} for {shape}", "Take fewer.")
        self.activation, self.seed, self.param_dtype = activation, seed, param_dtype
        mixing = [nnx.Linear(width, width, param_dtype=param_dtype, rngs=rngs) for _ in range(levels + 1)]
        self.mixing = nnx.List(mixing)
        self.last = nnx.Linear(width, 1, param_dtype=param_dtype, rngs=rngs)

    def __call__(self) -> Array:
        x = jax.random.normal(jax.random.key(self.seed), (*self._shape_at(0), self.width), self.param_dtype)
        for level, mix in enumerate(self.mixing):
            x = jax.image.resize(x, (*self._shape_at(level), self.width), "linear")
            x = _normalised(self.activation(mix(x)))
        return self.last(x)[..., 0]

    def _shape_at(self, level: int) -> tuple[int, ...]:
        return tuple(-(-n // 2 ** (self.levels - level)) for n in self.shape)


def _normalised(x: Array) -> Array:
    """Every channel with mean 0 and deviation 1 over the image."""
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / jnp.sqrt(x.var(axes) + 1e-6)
