"""Mutes along a straight line in time and offset.

    w(t, x) = r(t - start - x / velocity),    r(s) = 0 before 0,  sin^2(pi s / (2 taper)),  1 after taper

is the top mute, with x the offset; the bottom mute is ``1 - w``, so that the two split a record.
"""

from dataclasses import dataclass

import jax
import numpy as np

from jaxseis._types import Array
from jaxseis.model import check_velocity
from jaxseis.preconditioners._step import Weighting, ramp, set_number
from jaxseis.preconditioners.offset_range import offsets, present
from jaxseis.shots import Shots
from jaxseis.units import check_duration


@dataclass(frozen=True)
class _Mute(Weighting):
    """The line of a mute and its taper."""

    velocity: float = 1.5
    start: float = 100.0
    taper: float = 50.0

    def __post_init__(self) -> None:
        check_velocity(self.velocity)
        object.__setattr__(self, "velocity", float(self.velocity))
        set_number(self, "start", "a number of milliseconds", lambda x: bool(np.isfinite(x)))
        set_number(self, "taper", "a number of milliseconds, not negative", lambda x: 0 <= x < np.inf)

    def _late(self, shots: Shots) -> Array:
        """Zero before the line and one after the taper; (shot, time, receiver)."""
        if self.taper:
            check_duration("taper", self.taper, shots.time.step)
        line = self.start + offsets(shots)[:, None, :] / self.velocity
        return ramp(shots.time.values[:, None].astype(line.dtype) - line, self.taper)


@jax.tree_util.register_static
@dataclass(frozen=True)
class TopMute(_Mute):
    """Traces without what arrives before the time ``start + offset / velocity``, as direct and diving waves do.

    Arguments:
        velocity: of the line, km/s.
        start: time of the line at zero offset, ms: the delay and length of the wavelet. It may be negative.
        taper: how long after the line the weight rises from zero to one, as a squared sine, ms; zero cuts.

    The offset is the distance in all coordinates, to the nearest source if a shot has several.
    ``step(shots)`` is the muted shots, ``step.weights(shots)`` the weights (shot, time, receiver), which
    objectives take as ``data_weights``, and ``step.operator(shots)`` the linear operator on the traces. The
    weight of padded receivers is zero.
    Raises ValueError if the velocity is not positive or looks like m/s, if the taper is negative, and, when it
    is used, if the taper is not longer than a sample, as one in seconds is.

    ```python
    mute = TopMute(velocity=1.6, start=150.0)
    phi = js.FWI(F, q, observed, data_weights=mute.weights(observed))
    ```
    """

    def weights(self, shots: Shots) -> Array:
        """The weights (shot, time, receiver); ``shots`` may be anything with sources, receivers and time."""
        return self._late(shots) * present(shots)


@jax.tree_util.register_static
@dataclass(frozen=True)
class BottomMute(_Mute):
    """Traces without what arrives after the time ``start + offset / velocity + taper``.

    ``BottomMute(...)(shots) + TopMute(...)(shots)`` of equal arguments is ``shots``: one keeps what the other
    takes away. Arguments, methods and errors are those of ``TopMute``, but the weight falls from one to zero.

    ```python
    turning_waves = BottomMute(velocity=1.6, start=150.0)(observed)
    ```
    """

    def weights(self, shots: Shots) -> Array:
        """The weights (shot, time, receiver); ``shots`` may be anything with sources, receivers and time."""
        return (1 - self._late(shots)) * present(shots)
