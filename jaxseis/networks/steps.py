"""Steps of learned solvers: what becomes of an image x and a memory s, given the gradient g there.

    descent:    (x, s) <- (x - t g, s) + net(x, t g, s)        (Adler and Oektem, Inverse Problems 33, 2017)
    proximal:   x <- z + net(z),  z = x - t g                   (Mardani et al., NeurIPS 2018)

The networks begin at zero: both are gradient descent with step size t until they are trained.
"""

from abc import abstractmethod
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones.unet import UNet
from jaxseis.flows.layers.coupling import Backbone


class Step(nnx.Module):
    """One step of a solver; a new one defines ``__call__``, and `memory` where it has any."""

    space: int
    """How many axes images have."""
    memory: int = 0
    """Channels of the memory."""

    @abstractmethod
    def __call__(self, x: Array, g: Array, s: Array) -> tuple[Array, Array]:
        """Image and memory after the step.

        Arguments:
            x, g: image and gradient, (batch, \\*space).
            s: memory, (batch, \\*space, channel).
        """


class DescentStep(Step):
    """``(x, s) <- (x - t g, s) + net(x, t g, s)``.

    Arguments:
        space: how many axes images have.
        memory: channels of s, which starts at zero and goes from step to step.
        step_size: t to begin with; it is trained, and stays positive.
        width: channels of the network.
        subnet: makes the network, ``subnet(inputs, outputs, rngs=rngs)``; by default a `UNet` of ``width``.
        dtype, param_dtype: of the arithmetic in the network, and of the parameters.
        rngs: random numbers.

    ```python
    network = Unrolled(partial(DescentStep, step_size=0.1), 10, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        space: int = 2,
        *,
        memory: int = 4,
        step_size: float = 1.0,
        width: int = 16,
        subnet: Backbone | None = None,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.space, self.memory = space, _checks.whole("memory", memory, 0)
        self.log_step = _log_step(step_size, param_dtype)
        subnet = subnet or _unet(space, width, dtype, param_dtype)
        self.network = subnet(2 + memory, 1 + memory, rngs=rngs)

    def __call__(self, x: Array, g: Array, s: Array) -> tuple[Array, Array]:
        down = (jnp.exp(self.log_step[...]) * g).astype(x.dtype)
        change = self.network(jnp.concatenate([x[..., None], down[..., None], s], axis=-1)).astype(x.dtype)
        return x - down + change[..., 0], s + change[..., 1:]


class ProximalStep(Step):
    """``x <- z + net(z)`` with ``z = x - t g``: a gradient step, and a learned proximal map.

    Arguments:
        space: how many axes images have.
        step_size, width, subnet, dtype, param_dtype, rngs: as for `DescentStep`.

    ```python
    network = Unrolled(partial(ProximalStep, step_size=0.1), 10, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        space: int = 2,
        *,
        step_size: float = 1.0,
        width: int = 16,
        subnet: Backbone | None = None,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.space = space
        self.log_step = _log_step(step_size, param_dtype)
        self.network = (subnet or _unet(space, width, dtype, param_dtype))(1, 1, rngs=rngs)

    def __call__(self, x: Array, g: Array, s: Array) -> tuple[Array, Array]:
        z = x - (jnp.exp(self.log_step[...]) * g).astype(x.dtype)
        return z + self.network(z[..., None])[..., 0].astype(x.dtype), s


def _log_step(step_size: float, param_dtype) -> nnx.Param:
    return nnx.Param(jnp.log(jnp.asarray(_checks.positive("step_size", step_size, "1"), param_dtype)))


def _unet(space: int, width: int, dtype, param_dtype) -> Backbone:
    return partial(UNet, space=space, width=width, levels=2, dtype=dtype, param_dtype=param_dtype)
