"""Scaling of traces: by a power of time, and to equal strength."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array
from jaxseis.preconditioners._step import Step, Weighting, set_number
from jaxseis.shots import Shots


@jax.tree_util.register_static
@dataclass(frozen=True)
class TimeGain(Weighting):
    """Samples times ``(t / reference)^power``: a power of 0.5 turns the spreading of 3-D waves into that of 2-D.

    Arguments:
        power: the exponent, not negative.
        reference: the time at which the gain is one, ms.

    ``step(shots)`` is the scaled shots, ``step.weights(shots)`` the gain (1, time, 1), and
    ``step.operator(shots)`` the linear operator on the traces.
    Raises ValueError if ``power`` is negative or ``reference`` is not positive.

    ```python
    flat = TimeGain(power=0.5)(observed)
    ```
    """

    power: float = 1.0
    reference: float = 1000.0

    def __post_init__(self) -> None:
        set_number(self, "power", "a number, not negative", lambda x: 0 <= x < np.inf)
        set_number(self, "reference", "a positive number of milliseconds", lambda x: 0 < x < np.inf)

    def weights(self, shots: Shots) -> Array:
        """The gain (1, time, 1)."""
        return jnp.asarray((shots.time.values / self.reference) ** self.power)[None, :, None]


@jax.tree_util.register_static
@dataclass(frozen=True)
class NormalizeTraces(Step):
    """Each trace divided by its root mean square over time; those that are zero stay zero.

    It is not linear: predicted data compared with normalised data must be normalised too.

    ```python
    equal = NormalizeTraces()(observed)
    ```
    """

    def process(self, shots: Shots) -> Shots:
        """The normalised shots."""
        traces = shots.traces
        largest = jnp.max(jnp.abs(traces), axis=1, keepdims=True)
        scaled = traces / jnp.where(largest > 0, largest, 1)  # squares of small numbers would be zero
        power = jnp.mean(scaled**2, axis=1, keepdims=True)
        return shots.with_traces(scaled / jnp.sqrt(jnp.where(power > 0, power, 1)))
