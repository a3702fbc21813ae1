"""Normalisation of channels by an affine map that a batch of data sets (Kingma and Dhariwal, Glow, NeurIPS 2018)."""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection, replaced


class ActNorm(Bijection):
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
        if not isinstance(self.log_scale, nnx.Param):  # it is frozen
            return self, self.forward(x)[0]
        axes = tuple(range(x.ndim - 1))
        mean, deviation = x.mean(axes), x.std(axes)
        scale = jnp.where(deviation > jnp.finfo(x.dtype).eps * jnp.abs(mean), deviation, 1)
        dtype = self.log_scale[...].dtype
        layer = replaced(
            self,
            log_scale=nnx.Param(-jnp.log(scale).astype(dtype)),
            shift=nnx.Param((-mean / scale).astype(dtype)),
        )
        return layer, layer.forward(x)[0]

    def _log_det(self, x: Array) -> Array:
        return _states.no_log_det(x) + _states.pixels(x) * self.log_scale[...].sum()
