"""Attenuation by a damping term, for any wave equation:

    M u_tt + (M omega_c / Q) u_t + G^T S G u = q.

Waves decay at the rate omega_c / (2 Q) in time whatever their frequency, hence have the quality Q at omega_c and
Q omega / omega_c elsewhere: right for narrow bands, and cheap. No dispersion comes with it. For a constant Q over a
band see viscous.py.

Reference: Aki and Richards, Quantitative Seismology (2002), 5.5, for the quality of a decaying wave.
"""

from dataclasses import dataclass

import jax
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.equations._base import half
from jaxseis.equations._wrapper import Wrapper
from jaxseis.model import Medium

LEAST_Q = 5.0
"""Below this quality neither law of attenuation is accurate."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class Damped(Wrapper):
    """A wave equation with the damping ``omega_c / Q``: its medium has ``inverse_q``, which is 1/Q, besides.

    Arguments:
        equation: the equation without attenuation.
        frequency: at which Q is the quality, kHz: that of the wavelet's peak.

    ``inverse_q = 0`` is no attenuation. Raises ValueError for qualities below 5.

    ```python
    A = WaveEquation(grid, Damped(Acoustic(), frequency=0.01), time, max_velocity=4.0)
    d = Modeling(A, sources, receivers)(Medium(m=m, inverse_q=1 / Q)) @ q
    ```
    """

    frequency: float

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "frequency", check_frequency("frequency", self.frequency))

    @property
    def more(self) -> tuple[str, ...]:
        """1/Q."""
        return ("inverse_q",)

    def check(self, medium: Medium) -> None:
        """Qualities of 5 or more."""
        check_inverse_q("inverse_q", medium.inverse_q)
        super().check(medium)

    def damping_name(self, field: str) -> str:
        """One for each mass."""
        return f"C_{self.mass_name(field)}"

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """C = M omega_c / Q where M is."""
        c, ndim = super().coefficients(medium), medium.inverse_q.ndim
        for field in self.fields(ndim):
            rate = 2 * np.pi * self.frequency * medium.inverse_q
            for axis, parity in enumerate(self.parity(field, ndim)):
                rate = half(rate, axis) if parity else rate
            c[self.damping_name(field)] = c[self.mass_name(field)] * rate
        return c


def check_frequency(name: str, value: float) -> float:
    """A frequency in kHz."""
    frequency = _checks.positive(name, value, "kHz")
    if frequency > 1:
        raise _checks.fail(name, "kHz", frequency, f"Is it in Hz? Write hertz({frequency:g}).")
    return frequency


def check_inverse_q(name: str, value: Array) -> None:
    """An error for negative values, and for qualities that are too low."""
    low, high = float(np.min(np.asarray(value))), float(np.max(np.asarray(value)))
    if low < 0 or high > 1 / LEAST_Q:
        raise _checks.fail(name, f"1/Q from 0 to {1 / LEAST_Q:g}", f"values from {low:g} to {high:g}")
