"""One iteration of full-waveform inversion: a step of Adam on a batch of shots, compiled once.

The unknown is the squared slowness m. With g the gradient of a batch, zero in the water and smoothed,

    m <- P(m - r a u),        u = Adam(g / max|g_1|),        a = s / max|v^3 u_1 / 2|,

where g_1 and u_1 are those of the first iteration of a band, P puts velocities between the bounds and
``v^3 / 2`` is ``|dv / dm|``: with r = 1 the first iteration changes the velocity by s at most. Cells that the data
hardly see move little, because Adam's eps is a tenth of the largest gradient.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxseis._types import Array, PyTree
from jaxseis.model import squared_slowness, velocity
from jaxseis.objectives import FWI
from jaxseis.shots import Shots
from jaxseis.units import hertz
from jaxseis.workflows.bands import samples_spread
from jaxseis.workflows.config import FWISettings
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.smoothing import gaussian_smoothing

ADAM = optax.scale_by_adam(eps=0.1)


class State(NamedTuple):
    """What an iteration changes; ``gradient`` and ``length`` are zero until the first one of a band sets them."""

    m: Array
    adam: PyTree
    gradient: Array
    length: Array


Step = Callable[[State, Shots, float, float], tuple[State, Array]]


def start_of(experiment: Experiment) -> State:
    """The state before the first iteration."""
    return start_of_band(squared_slowness(jnp.asarray(experiment.velocity, experiment.wave.dtype)))


def start_of_band(m: Any) -> State:
    """The state before the first iteration of a band: Adam starts anew."""
    zero = jnp.zeros((), m.dtype)
    return State(m, ADAM.init(m), zero, zero)


def make_step(experiment: Experiment, settings: FWISettings) -> Step:
    """The function from a state, a batch, the corner of the band (kHz) and the factor r to the next state.

    It also gives the misfit of the batch before the step, relative to its data. One compilation serves all batches
    and bands.
    """
    free = jnp.asarray(experiment.free)
    smooth = gaussian_smoothing(experiment.wave.grid, settings.smoothing_m)
    low, high = (1 / v**2 for v in reversed(settings.bounds_km_s))
    samples = samples_spread(hertz(min(settings.bands_hz)), experiment.wave.time.step)

    @jax.jit
    def step(state: State, shots: Shots, corner: float, rate: float) -> tuple[State, Array]:
        time, q, d, w = experiment.prepared(shots, corner, samples)
        phi = FWI(experiment.modeling(shots, time), q, d, data_weights=w)
        value, g = phi.value_and_grad(state.m, experiment.shots_at_once)
        g = jnp.where(free, smooth(jnp.where(free, g, 0)), 0)
        gradient = _first(state.gradient, jnp.max(jnp.abs(g)))
        update, adam = ADAM.update(g / _positive(gradient), state.adam)
        u = jnp.asarray(update)
        fastest = jnp.max(jnp.abs(u) * velocity(state.m) ** 3 / 2)
        length = _first(state.length, settings.step_km_s / _positive(fastest))
        m = jnp.where(free, jnp.clip(state.m - rate * length * u, low, high), state.m)
        return State(m, adam, gradient, length), value / _positive(0.5 * jnp.sum((w * d) ** 2))

    return step


def _first(kept: Array, now: Array) -> Array:
    return jnp.where(kept > 0, kept, now).astype(kept.dtype)


def _positive(x: Array) -> Array:
    """A divisor: one in place of zero, by which only zeros are divided."""
    return jnp.where(x > 0, x, 1)
