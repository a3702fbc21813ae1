"""Normalisation of channels by an affine map that a batch of data sets (Kingma and Dhariwal, Glow, NeurIPS 2018)."""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.layers.data_dependent import DataDependent


class ActNorm(DataDependent):
    """``y = exp(s) x + b``, one s and b a channel; ``log |det| = pixels * sum s``.

    Arguments:
        channels: how many channels the state has.
        param_dtype: of the parameters.

    `initialised` sets s and b so that every channel of the data it is given has mean 0 and deviation 1. A channel
    that does not vary there is only shifted.

    ```python
    layer, y = ActNorm(3).initialised(images)
    ```
    """

    def __init__(self, channels: int, *, param_dtype=jnp.float32):
        self.log_scale = nnx.Param(jnp.zeros(channels, param_dtype))
        self.shift = nnx.Param(jnp.zeros(channels, param_dtype))

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return x * jnp.exp(self.log_scale[...]) + self.shift[...], self._log_det(x)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return (y - self.shift[...]) * jnp.exp(-self.log_scale[...]), -self._log_det(y)

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        mean, deviation = _moments(x)
        layer = self.taking(log_scale=-jnp.log(deviation), shift=-mean / deviation)
        return layer, layer.forward(x)[0]

    def initialised_inverse(self, y: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        mean, deviation = _moments(y)
        layer = self.taking(log_scale=jnp.log(deviation), shift=mean)
        return layer, layer.inverse(y)[0]

    def _log_det(self, x: Array) -> Array:
        return _states.no_log_det(x) + _states.pixels(x) * self.log_scale[...].sum()


def _moments(x: Array) -> tuple[Array, Array]:
    """Mean and deviation of each channel; a deviation of one where there is none beyond rounding."""
    axes = tuple(range(x.ndim - 1))
    mean, deviation = x.mean(axes), x.std(axes)
    return mean, jnp.where(deviation > 16 * jnp.finfo(x.dtype).eps * jnp.abs(mean), deviation, 1)
