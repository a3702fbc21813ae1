"""What steps of processing have in common: shots in, shots out, compiled; the linear ones are operators."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.operators import FunctionOperator, structure_of
from jaxseis.shots import Shots


class Step(ABC):
    """A map of shots to shots, static: hashable and compared by value."""

    def __call__(self, shots: Shots) -> Shots:
        """The processed shots; shots out of core are processed when they are read."""
        return shots.map(self) if hasattr(shots, "map") else _compiled(self, shots)  # type: ignore[attr-defined]

    @abstractmethod
    def process(self, shots: Shots) -> Shots:
        """What is compiled."""


@jax.jit
def _compiled(step: Step, shots: Shots) -> Shots:
    return step.process(shots)


class LinearStep(Step):
    """A step that is linear in the traces."""

    def operator(self, shots: Shots) -> FunctionOperator:
        """The map from traces to traces (shot, time, receiver) as a linear operator, for shots like these."""
        return FunctionOperator(lambda traces: self(shots.with_traces(traces)).traces, structure_of(shots.traces))


class Weighting(LinearStep):
    """A step that multiplies every sample by a number from 0 on."""

    @abstractmethod
    def weights(self, shots: Shots) -> Array:
        """What the traces are multiplied by; it broadcasts to (shot, time, receiver)."""

    def process(self, shots: Shots) -> Shots:
        """The weighted shots."""
        return shots.with_traces(shots.traces * self.weights(shots).astype(shots.traces.dtype))


@partial(jax.jit, static_argnames="width")
def ramp(x: Array, width: float) -> Array:
    """Zero below 0, one above ``width``, and ``sin^2(pi x / (2 width))`` between; a step if there is no width."""
    if width == 0:
        return (x >= 0).astype(jnp.result_type(float))
    return jnp.sin(np.pi / 2 * jnp.clip(x / width, 0, 1)) ** 2


def set_number(step: Step, name: str, expected: str, fits: Callable[[float], bool], remedy: str = "") -> None:
    """Make a field of a frozen step a float, or raise ValueError if it is not a number that fits."""
    object.__setattr__(step, name, _checks.number(name, getattr(step, name), expected, fits, remedy))
