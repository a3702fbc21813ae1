"""Odd sizes, exactly: the last plane of an axis leaves the state, normalised by its neighbour."""

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.scales import Softplus


class Trim(Bijection):
    """An axis of space of size 2m + 1 as the first 2m planes and a latent plane.

    ``z = S x_last + t`` with S and t from a network of the plane before: a conditional normal distribution given its
    neighbour. What is learned is the density of the image itself, not of an image padded to an even size.

    Arguments:
        channels: how many channels the state has.
        axis: which axis of space, from 0.
        subnet: makes the network, ``subnet(inputs, outputs, rngs=rngs)``, from channels alone.
        rngs: random numbers.

    The state ``(batch, *space, channel)`` becomes the pair ``(rest, plane)``.

    ```python
    (even, plane), log_det = Trim(1, axis=0, subnet=MLP, rngs=nnx.Rngs(0)).forward(x)
    ```
    """

    def __init__(self, channels: int, *, axis: int, subnet: Backbone, rngs: nnx.Rngs):
        self.axis = axis + 1  # after the batch
        self.subnet = subnet(channels, _MAP.count * channels, rngs=rngs)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        rest, last = x[self._until(-1)], x[self._only(-1)]
        plane, log_derivative = _MAP.forward(last, self._parameters(rest))
        return (rest, plane), _states.sum_sample(log_derivative)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        rest, plane = y
        last, log_derivative = _MAP.inverse(plane, self._parameters(rest))
        return jnp.concatenate([rest, last], self.axis), _states.sum_sample(log_derivative)

    def _parameters(self, rest: Array) -> Array:
        flat = self.subnet(rest[self._only(-1)]).astype(rest.dtype)  # type: ignore[operator]
        return flat.reshape(*flat.shape[:-1], _MAP.count, -1)

    def _until(self, stop: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self.axis, slice(None, stop))

    def _only(self, index: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self.axis, slice(index, index + 1 or None))


_MAP = Affine(Softplus())
