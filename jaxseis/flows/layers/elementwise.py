"""Maps of single numbers whose parameters a network gives: what a coupling does to the part it moves."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.flows.layers.scales import Scale, Tanh


class Elementwise(ABC):
    """An increasing map ``y = g(x; p)`` of every number by itself, with ``count`` parameters p for each.

    Arguments of its methods: numbers ``(..., channel)`` and parameters ``(..., count, channel)``. Parameters of
    zero stand for where training should start, the identity or near it.
    """

    @property
    @abstractmethod
    def count(self) -> int:
        """How many parameters a number has."""

    def parameters(self, subnet: nnx.Module, inputs: Array) -> Array:
        """What a network says of each number, ``(..., count, channel)``, in the precision of its inputs."""
        flat = subnet(inputs).astype(inputs.dtype)  # type: ignore[operator]
        return flat.reshape(*flat.shape[:-1], self.count, -1)

    @abstractmethod
    def forward(self, x: Array, parameters: Array) -> tuple[Array, Array]:
        """``g(x; p)`` and ``log g'(x; p)``, elementwise."""

    @abstractmethod
    def inverse(self, y: Array, parameters: Array) -> tuple[Array, Array]:
        """``g^{-1}(y; p)`` and the logarithm of its derivative, elementwise."""


@dataclass(frozen=True)
class Additive(Elementwise):
    """``y = x + t``: volume preserving (Dinh et al., NICE, 2015)."""

    @property
    def count(self) -> int:
        return 1

    def forward(self, x: Array, parameters: Array) -> tuple[Array, Array]:
        return x + parameters[..., 0, :], jnp.zeros_like(x)

    def inverse(self, y: Array, parameters: Array) -> tuple[Array, Array]:
        return y - parameters[..., 0, :], jnp.zeros_like(y)


@dataclass(frozen=True)
class Affine(Elementwise):
    """``y = S(a) x + t`` (Dinh et al., Real NVP, 2017).

    Arguments:
        scale: S, a positive function of a free number.

    ```python
    Affine(scale=Sigmoid(0.5, 1.0))
    ```
    """

    scale: Scale = Tanh()

    def __post_init__(self):
        _checks.kind_is("scale", self.scale, Scale, "Tanh, Arctan, Sigmoid or Softplus")

    @property
    def count(self) -> int:
        return 2

    def forward(self, x: Array, parameters: Array) -> tuple[Array, Array]:
        log_scale, shift = self._scale_and_shift(parameters)
        return x * jnp.exp(log_scale) + shift, log_scale

    def inverse(self, y: Array, parameters: Array) -> tuple[Array, Array]:
        log_scale, shift = self._scale_and_shift(parameters)
        return (y - shift) * jnp.exp(-log_scale), -log_scale

    def _scale_and_shift(self, parameters: Array) -> tuple[Array, Array]:
        return self.scale.log(parameters[..., 0, :]), parameters[..., 1, :]
