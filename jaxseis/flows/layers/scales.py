"""How a free number becomes the positive, bounded scale of an affine coupling.

The bounds make a coupling and its inverse Lipschitz, and with them inversion in floating point safe (Behrmann et al.,
Understanding and Mitigating Exploding Inverses, AISTATS 2021).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array


class Scale(ABC):
    """A smooth map from real numbers to positive scales S."""

    @abstractmethod
    def log(self, a: Array) -> Array:
        """``log S(a)``, elementwise."""


@dataclass(frozen=True)
class Tanh(Scale):
    """``S = exp(bound tanh(a / bound))``, between ``exp(-bound)`` and ``exp(bound)``; ``S(0) = 1``."""

    bound: float = 1.0

    def __post_init__(self):
        _checks.positive("bound", self.bound, "natural logarithms")

    def log(self, a: Array) -> Array:
        return self.bound * jnp.tanh(a / self.bound)


@dataclass(frozen=True)
class Arctan(Scale):
    """``S = exp(2 bound / pi arctan(a))``, between ``exp(-bound)`` and ``exp(bound)``; ``S(0) = 1``."""

    bound: float = 2.0

    def __post_init__(self):
        _checks.positive("bound", self.bound, "natural logarithms")

    def log(self, a: Array) -> Array:
        return (2 * self.bound / jnp.pi) * jnp.arctan(a)


@dataclass(frozen=True)
class Sigmoid(Scale):
    """``S = low + (high - low) / (1 + exp(-a))``; ``S(0)`` is midway."""

    low: float = 0.5
    high: float = 1.5

    def __post_init__(self):
        if not 0 <= self.low < self.high < float("inf"):
            raise _checks.fail("low and high", "0 <= low < high", f"{self.low} and {self.high}")

    def log(self, a: Array) -> Array:
        if self.low == 0:  # the logarithm of the sum loses all for a far below zero
            return jnp.log(self.high) + jax.nn.log_sigmoid(a)
        return jnp.log(self.low + (self.high - self.low) * jax.nn.sigmoid(a))


@dataclass(frozen=True)
class Softplus(Scale):
    """``S = low + (1 - low) softplus(a) / softplus(0)``, never below ``low``; ``S(0) = 1``."""

    low: float = 1e-2

    def __post_init__(self):
        if not 0 < self.low < 1:
            raise _checks.fail("low", "a number between 0 and 1", self.low)

    def log(self, a: Array) -> Array:
        return jnp.log(self.low + (1 - self.low) * jax.nn.softplus(a) / jnp.log(2.0).astype(a.dtype))
