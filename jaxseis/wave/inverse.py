"""``A(m)^-1`` between any two ends: the operator that propagates.

``Pr @ A(m).inv @ Ps.T`` fuses into one operator whose propagation injects at ``Ps`` and samples at
``Pr``, so no wavefield is formed unless one is asked for.
"""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, rules
from jaxseis._types import Array
from jaxseis.model import Medium
from jaxseis.operators import LinearOperator
from jaxseis.operators._base import Transposed
from jaxseis.wave.projection import End, FullField, Injection, Projection
from jaxseis.wavelets import band

if TYPE_CHECKING:
    from jaxseis.wave.wave_equation import WaveEquation


class Inverse(LinearOperator):
    """``P_r A(m)^-1 P_s^T``: linear in what drives it, differentiable in the model too.

    Arguments:
        wave: the wave equation.
        medium: its parameters.
        sources, receivers: the ends; by default whole wavefields.
        reverse: whether derivatives in the model go through the ``custom_vjp`` (reverse mode only).

    Raises ValueError if the ends have different numbers of shots, or for bad operands.
    """

    wave: "WaveEquation" = eqx.field(static=True)
    medium: Medium
    sources: End
    receivers: End
    reverse: bool = eqx.field(static=True)

    def __init__(
        self,
        wave: "WaveEquation",
        medium: Medium,
        sources: End | None = None,
        receivers: End | None = None,
        reverse: bool = False,
    ):
        self.wave, self.medium, self.reverse = wave, medium, reverse
        self.sources = sources if sources is not None else FullField(wave)
        self.receivers = receivers if receivers is not None else FullField(wave)
        for name, end in (("sources", self.sources), ("receivers", self.receivers)):
            if not end.wave.same_fields(wave):
                raise _checks.fail(
                    name,
                    "the grid, time axis, interpolation and precision of the wave equation that propagates",
                    f"{end.wave} instead of {wave}",
                )
        known = {e.shots for e in (self.sources, self.receivers) if e.shots is not None}
        if len(known) > 1:
            raise _checks.fail(
                "shots",
                "as many shots at the receivers as at the sources",
                f"{self.sources.shots} at the sources and {self.receivers.shots} at the receivers",
                "Use Geometry.spread for one table of receivers shared by all shots.",
            )

    @property
    def shots(self) -> int | None:
        """Number of shots, or None if any."""
        return self.sources.shots if self.sources.shots is not None else self.receivers.shots

    def with_shots(self, shots: int) -> "Inverse":
        """The operator for that many shots."""
        ends = (self.sources.with_shots(shots), self.receivers.with_shots(shots))
        return Inverse(self.wave, self.medium, *ends, self.reverse)

    def in_structure(self) -> jax.ShapeDtypeStruct:
        """What drives the sources."""
        return self.sources.samples(self.shots or 1)

    def out_structure(self) -> jax.ShapeDtypeStruct:
        """What the receivers sample."""
        return self.receivers.samples(self.shots or 1)

    def in_axes(self) -> tuple[str, ...]:
        """Names of the axes of the domain."""
        return self.sources.out_axes() or self.sources.in_axes()

    def out_axes(self) -> tuple[str, ...]:
        """Names of the axes of the range."""
        return self.receivers.out_axes() or self.receivers.in_axes()

    def broadcast_input(self, x: Any) -> Any:
        """One wavelet for all sources, weights of one shot."""
        return self.sources.with_shots(self.shots).broadcast_output(self._checked(x))

    def broadcast_output(self, y: Any) -> Any:
        """The same for the receivers."""
        return self.receivers.with_shots(self.shots).broadcast_output(self._checked(y))

    def _checked(self, x: Any) -> Any:
        return self.wave.as_array("operand", x) if hasattr(x, "dtype") else x

    def __matmul__(self, other: Any) -> Any:
        if not isinstance(other, LinearOperator) and self.shots is None:
            x = self.broadcast_input(other)
            return self.with_shots(x.shape[0]) @ x
        return super().__matmul__(other)

    def check_source(self, x: Any, medium: Medium) -> None:
        """An error for a source that is not finite, a warning for one too high in frequency for the grid."""
        _checks.finite("source", x)
        if isinstance(self.sources, Projection):
            self.wave.warn_if_coarse(medium, _highest(np.asarray(x), self.wave.time.step))

    def mv(self, x: Array) -> Array:
        """Propagate."""
        _checks.when_concrete(self.check_source, x, self.medium)
        wave = self.wave
        c = wave.coefficients(self.medium)
        traced = not _checks.is_concrete(self.medium)
        arguments = (c, self.sources.source(x), self.receivers.receiver())
        if self.reverse and traced:
            y = rules.model(wave.problem, wave.engine, wave.storage, *arguments)
        else:
            y = rules.propagate(wave.problem, wave.engine, *arguments, storage=wave.storage)
        return self.receivers.received(y)

    def transpose(self) -> "InverseTranspose":
        """From what the receivers sample to what drives the sources."""
        return InverseTranspose(self)

    def transpose_mv(self, y: Array) -> Array:
        """Propagate with the roles of sources and receivers exchanged, in reversed time."""
        linear = Inverse(self.wave, self.medium, self.sources, self.receivers)
        return jax.linear_transpose(linear.mv, self.in_structure())(y)[0]

    def _absorb_left(self, other: LinearOperator) -> Any:
        """``P @ self`` samples at P instead of giving a wavefield."""
        if isinstance(other, End) and isinstance(self.receivers, FullField):
            return Inverse(self.wave, self.medium, self.sources, other, self.reverse)
        return NotImplemented

    def _absorb_right(self, other: LinearOperator) -> Any:
        """``self @ P.T`` injects at P instead of taking a wavefield."""
        if isinstance(other, Injection) and isinstance(self.sources, FullField):
            return Inverse(self.wave, self.medium, other.operator, self.receivers, self.reverse)
        return NotImplemented


def _highest(x: np.ndarray, step: float) -> float:
    """The highest frequency (kHz) of sources (time,) or (shot, time, ...); 0 for none and for noise.

    Noise, which fills the band up to Nyquist, is a test vector and not a wavelet.
    """
    traces = x.reshape(1, -1, 1) if x.ndim == 1 else x.reshape(*x.shape[:2], -1)
    amplitude = np.abs(np.fft.rfft(traces, 2 * traces.shape[1], axis=1)).max((0, 2))
    last = amplitude[-max(1, len(amplitude) // 20) :]
    if not amplitude.any() or last.mean() > 0.2 * amplitude.max():
        return 0.0
    return band(jnp.asarray(np.fft.fftshift(np.fft.irfft(amplitude))), step)[1]


class InverseTranspose(Transposed):
    """``P_s A(m)^-T P_r^T``: fuses with ends as the inverse does, from the other side."""

    operator: Inverse

    def _absorb_left(self, other: LinearOperator) -> Any:
        if isinstance(other, End) and isinstance(self.operator.sources, FullField):
            a = self.operator
            return Inverse(a.wave, a.medium, other, a.receivers, a.reverse).T
        return NotImplemented

    def _absorb_right(self, other: LinearOperator) -> Any:
        if isinstance(other, Injection) and isinstance(self.operator.receivers, FullField):
            a = self.operator
            return Inverse(a.wave, a.medium, a.sources, other.operator, a.reverse).T
        return NotImplemented
