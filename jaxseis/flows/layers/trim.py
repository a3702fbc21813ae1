"""Odd sizes, exactly: the last plane of an axis leaves the state, normalised by what is beside it."""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows._conditions import join
from jaxseis.flows.bijection import Bijection, replaced
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.scales import Softplus


class Trim(Bijection):
    """An axis of space of size 2m + 1 as the first 2m planes and a latent plane, after an `ActNorm`.

    ``z = S x_last + t`` with S and t from a network of the plane before, and of the last two planes of the condition: a
    conditional normal distribution. What is learned is the density of the image itself, not of one padded to an even
    size.

    Arguments:
        channels: how many channels the state has.
        axis: which axis of space, from 0.
        subnet: makes the network, ``subnet(inputs, outputs, rngs=rngs)``, from channels alone.
        vector: features of a condition that is a vector.
        image: channels of a condition over the same space.
        param_dtype: of the parameters of the `ActNorm`.
        rngs: random numbers.

    The state ``(batch, *space, channel)`` becomes the pair ``(rest, plane)``.

    ```python
    (even, plane), log_det = Trim(1, axis=0, subnet=MLP, rngs=nnx.Rngs(0)).forward(x)
    ```
    """

    def __init__(
        self,
        channels: int,
        *,
        axis: int,
        subnet: Backbone,
        vector: int = 0,
        image: int = 0,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.axis = axis + 1  # after the batch
        self.norm = ActNorm(channels, param_dtype=param_dtype)
        self.subnet = subnet(channels + vector + 2 * image, _MAP.count * channels, rngs=rngs)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        x, log_det = self.norm.forward(x)
        rest, last = self.cut(x), x[self._planes(-1)]
        plane, log_derivative = _MAP.forward(last, self._parameters(rest, condition))
        return (rest, plane), log_det + _states.sum_sample(log_derivative)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        rest, plane = y
        last, log_derivative = _MAP.inverse(plane, self._parameters(rest, condition))
        x, log_det = self.norm.inverse(jnp.concatenate([rest, last], self.axis))
        return x, log_det + _states.sum_sample(log_derivative)

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layer = replaced(self, norm=self.norm.initialised(x)[0])
        return layer, layer.forward(x, condition)[0]

    def cut(self, x: Array) -> Array:
        """All planes but the last."""
        return x[(*[slice(None)] * self.axis, slice(None, -1))]

    def _parameters(self, rest: Array, condition: PyTree) -> Array:
        beside = rest[self._planes(-1)]
        if condition is not None and condition.ndim > 2:
            beside = join(beside, condition[self._planes(-2)])
            condition = condition[self._planes(-1)]
        return _MAP.parameters(self.subnet, join(beside, condition))

    def _planes(self, index: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self.axis, slice(index, index + 1 or None))


_MAP = Affine(Softplus())
