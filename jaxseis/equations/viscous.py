r"""Constant Q over a band by standard linear solids, for any wave equation with strains.

Every modulus relaxes in a few mechanisms of rates w_l,

    M(omega) = M_U X(omega),    X = 1 - sum_l Y_l w_l / (w_l + i omega),    1/Q = Im M / Re M,

so that sigma = M_U (e - sum_l Y_l y_l) with memory variables y_l = w_l/(s + w_l) e. The rates are evenly spaced in
logarithm, over the interval around the middle of the band with which Q is the most constant, and the Y_l solve, in the
least-squares sense over the band (Emmerich and Korn 1987),

    sum_l Y_l (w_l omega + w_l^2 / Q) / (w_l^2 + omega^2) = 1/Q.

They are smooth in 1/Q, as whose cubic polynomials without constant term they are kept: so gradients in 1/Q are exact.
The velocity of the medium is the phase velocity at a reference frequency omega_0: c^-1 = Re (M/rho)^-1/2 there gives

    M_U = rho c^2 (|X| + Re X) / (2 |X|^2)    at omega_0,

and waves of higher frequency are faster. Each factor X is pointwise, so the operator stays symmetric and the adjoint is
the same kernel on time-reversed data. At a free surface the condensed moduli relax to first order in 1/Q.

References: Emmerich and Korn, Geophysics 52 (1987), 1252-1264; Blanch, Robertsson and Symes, Geophysics 60 (1995),
176-184.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.equations._wrapper import Wrapper
from jaxseis.equations.damped import LEAST_Q, check_frequency, check_inverse_q
from jaxseis.model import Medium


@jax.tree_util.register_static
@dataclass(frozen=True)
class Viscous(Wrapper):
    """A wave equation with a constant quality over a band. Its medium has ``inverse_q`` = 1/Q besides, or, where there
    are two kinds of waves, ``inverse_qp`` and ``inverse_qs``.

    Arguments:
        equation: the equation without attenuation; it must have strains: ``Acoustic(density=True)``.
        band: lowest and highest frequency of constant Q, kHz.
        mechanisms: number of standard linear solids; each costs one memory variable for each derivative.
        reference: frequency at which the medium's velocities hold, kHz; by default the geometric mean of the band.

    ``inverse_q = 0`` is no attenuation. Three mechanisms keep Q within 1 % over a band of 1 to 10, two within 1.5 %
    over two octaves. Raises ValueError for a band that is not one, and qualities below 5.

    ```python
    A = WaveEquation(grid, Viscous(Elastic(), band=(0.002, 0.04)), time, max_velocity=4.0)
    medium = Medium(vp=vp, vs=vs, rho=rho, inverse_qp=1 / qp, inverse_qs=1 / qs)
    ```
    """

    band: tuple[float, float]
    mechanisms: int = 3
    reference: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.shape(self.band) != (2,) or not 0 < self.band[0] < self.band[1]:
            raise _checks.fail("band", "two frequencies, the lowest and the highest, kHz", self.band)
        object.__setattr__(self, "band", tuple(check_frequency("band", f) for f in self.band))
        object.__setattr__(self, "mechanisms", _checks.whole("mechanisms", self.mechanisms, 1, "Use 2 or 3."))
        middle = float(np.sqrt(self.band[0] * self.band[1])) if self.reference is None else self.reference
        object.__setattr__(self, "reference", check_frequency("reference", middle))
        if self.laplacian(2) or self.equation.relaxation_rates:
            raise _checks.fail("equation", "one with strains, which does not relax yet", self.equation)

    @property
    def more(self) -> tuple[str, ...]:
        """1/Q for each kind of waves."""
        return tuple(self._quality(wave) for wave in self.waves)

    def _quality(self, wave: str) -> str:
        return "inverse_q" + (wave if len(self.waves) > 1 else "")

    def check(self, medium: Medium) -> None:
        """Qualities of 5 or more."""
        for name in self.more:
            check_inverse_q(name, getattr(medium, name))
        super().check(medium)

    @property
    def relaxation_rates(self) -> tuple[float, ...]:
        """Rates spaced evenly in logarithm."""
        return _rates(self.band, self.mechanisms)

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """The unrelaxed stiffness, and what each mechanism takes of it."""
        names = super().stiffness_names(ndim)
        return names + tuple(f"{name}_relaxed{m}" for m in range(self.mechanisms) for name in names)

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """S_U, and S_l = Y_l S_U."""
        y = {wave: self._shares(getattr(medium, self._quality(wave))) for wave in self.waves}
        unrelaxed = {wave: self._unrelaxed(shares) for wave, shares in y.items()}
        c = super().coefficients(medium) | self.scaled_stiffness(medium, unrelaxed)
        for m in range(self.mechanisms):
            relaxed = self.scaled_stiffness(medium, {wave: y[wave][m] * unrelaxed[wave] for wave in y})
            c |= {f"{name}_relaxed{m}": value for name, value in relaxed.items()}
        return c

    def _shares(self, inverse_q: Array) -> Array:
        """Y_l, (mechanism, ...)."""
        powers = jnp.stack([inverse_q, inverse_q**2, inverse_q**3])
        return jnp.tensordot(jnp.asarray(_polynomials(self.band, self.mechanisms), inverse_q.dtype), powers, 1)

    def _unrelaxed(self, shares: Array) -> Array:
        """M_U / (rho c^2)."""
        omega = 2 * np.pi * self.reference  # type: ignore[operator]
        w = np.array(self.relaxation_rates)
        real = 1 - jnp.tensordot(jnp.asarray(w**2 / (w**2 + omega**2), shares.dtype), shares, 1)
        imaginary = jnp.tensordot(jnp.asarray(w * omega / (w**2 + omega**2), shares.dtype), shares, 1)
        size = jnp.sqrt(real**2 + imaginary**2)
        return (size + real) / (2 * size**2)

    def _own(self, c: dict[str, Any], mechanism: int) -> dict[str, Any]:
        end = f"_relaxed{mechanism}"
        return {name.removesuffix(end): value for name, value in c.items() if name.endswith(end)}

    def relaxed_stress(self, c: dict[str, Any], y: dict[str, Any], mechanism: int) -> dict[str, Any]:
        """The law of the equation inside, with the relaxed stiffness."""
        return self.equation.stress(self._own(c, mechanism), y)

    def condensed(self, c: dict[str, Any]) -> dict[str, Any]:
        """The relaxed stiffness follows the unrelaxed one as its derivative."""
        plain = {name: value for name, value in c.items() if "_relaxed" not in name}
        result = self.equation.condensed(plain)
        for m in range(self.mechanisms):
            change = {name: jnp.zeros_like(value) for name, value in plain.items()} | self._own(c, m)
            relaxed = jax.jvp(self.equation.condensed, (plain,), (change,))[1]
            result = result | {f"{name}_relaxed{m}": relaxed[name] for name in self._own(c, m)}
        return result

    def squared_velocity(self, medium: Medium) -> Array:
        """That of the highest frequencies."""
        shares = (self._unrelaxed(self._shares(getattr(medium, name))) for name in self.more)
        return super().squared_velocity(medium) * jnp.maximum(1, jnp.max(jnp.stack(list(shares)), 0))


@lru_cache
def _rates(band: tuple[float, float], mechanisms: int) -> tuple[float, ...]:
    """The rates with which Q varies least over the band, at a small 1/Q."""
    middle, half = np.log(2 * np.pi * np.sqrt(band[0] * band[1])), np.log(band[1] / band[0]) / 2
    spread = np.linspace(-1, 1, mechanisms) if mechanisms > 1 else np.zeros(1)
    choices = [np.exp(middle + width * half * spread) for width in np.linspace(0.3, 1.5, 61)]
    omega = 2 * np.pi * np.geomspace(*band, 100)[:, None]

    def variation(w: np.ndarray) -> float:
        matrix = w * omega / (w**2 + omega**2)
        return float(np.abs(matrix @ np.linalg.lstsq(matrix, np.ones(len(omega)), rcond=None)[0] - 1).max())

    return tuple(min(choices, key=variation).tolist())


@lru_cache
def _polynomials(band: tuple[float, float], mechanisms: int) -> np.ndarray:
    """Coefficients (mechanism, 3) of Y_l as polynomials of 1/Q."""
    w, omega = np.array(_rates(band, mechanisms)), 2 * np.pi * np.geomspace(*band, 100)[:, None]
    inverse_q = np.linspace(0.02, 1, 40) / LEAST_Q
    shares = []
    for q in inverse_q:
        matrix = (w * omega + w**2 * q) / (w**2 + omega**2)
        shares.append(np.linalg.lstsq(matrix, np.full(len(omega), q), rcond=None)[0] / q)
    powers = np.vander(inverse_q, 3, increasing=True)
    return np.linalg.lstsq(powers, np.array(shares), rcond=None)[0].T
