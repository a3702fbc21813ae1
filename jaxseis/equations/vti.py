"""Vertical transverse isotropy (VTI): P waves as two coupled fields of a self-adjoint system.

With ``m = 1/vp^2`` (vp along the vertical symmetry axis), buoyancy ``b = 1/rho``, Thomsen's epsilon and
delta, and the fixed ratio of shear to P velocity in ``f = 1 - (vs/vp)^2``,

    m b p_tt = div_h (1 + 2 epsilon) b grad_h p + d_z [b (1 - f g^2) d_z p + b f g sqrt(1 - g^2) d_z r] + q,
    m b r_tt = div_h (1 - f) b grad_h r         + d_z [b f g sqrt(1 - g^2) d_z p + b (1 - f + f g^2) d_z r],
    g^2 = 2 (epsilon - delta) / (f + 2 epsilon),

h the horizontal axes. In the common form: M = m b for both fields, G = (grad p, grad r), and S couples the
two vertical derivatives. The block of S there has the eigenvalues b and (1 - f) b, so S is positive
semidefinite and energy is conserved where delta <= epsilon; otherwise g is imaginary.

Derivation: with X and Z the squares of the horizontal and vertical wavenumber, the two values of
``m omega^2`` of a plane wave have

    sum      (2 + 2 epsilon - f) X + (2 - f) Z,
    product  (1 - f) [(1 + 2 epsilon) X^2 + Z^2] + [2 (1 - f) (1 + epsilon) + 2 f (epsilon - delta)] X Z,

which are those of the Christoffel matrix with Thomsen's c_ij: p and r carry exactly the P and SV waves of
a VTI medium. Where epsilon = delta the fields decouple, and P is elliptical.

Reference: Bube, Washbourne, Ergas and Nemeth, SEG Expanded Abstracts 2016, 1110-1114; Thomsen, Geophysics 51
(1986), 1954-1966.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES, Array
from jaxseis.equations._base import Derivative, Equation, Strain, half, scaled_by_buoyancy
from jaxseis.model import Medium

FLOOR = 1e-6
"""Added to g^2, whose root has no derivative at 0: gradients stay finite and right where epsilon = delta."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class VTI(Equation):
    """P waves in VTI media: squared slowness ``m`` along the vertical (s^2/km^2), ``buoyancy`` (cm^3/g),
    and Thomsen's ``epsilon`` and ``delta``, with ``delta <= epsilon``.

    Arguments:
        shear: ratio of vertical shear to P velocity, from 0 to less than 1. It steadies the second field
            and hardly matters to P waves.

    The field that sources drive and receivers read is the first, a pressure. See ``jaxseis/equations/vti.py``
    for the equations. Raises ValueError for a ratio out of range.

    ```python
    A = WaveEquation(grid, VTI(), time, max_velocity=4.0)
    d = Modeling(A, sources, receivers)(Medium(m=m, buoyancy=b, epsilon=epsilon, delta=delta)) @ q
    ```
    """

    shear: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.shear < 1:
            raise _checks.fail("shear", "a ratio of velocities from 0 to less than 1", self.shear)

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters a Medium must have."""
        return ("buoyancy", "delta", "epsilon", "m")

    @property
    def positive(self) -> tuple[str, ...]:
        """Parameters that must be positive."""
        return ("buoyancy", "m")

    def check(self, medium: Medium) -> None:
        """The stiffness must be positive semidefinite: ``-f/2 <= delta <= epsilon``."""
        delta, epsilon = np.asarray(medium.delta), np.asarray(medium.epsilon)
        if np.any(delta > epsilon):
            worst = np.unravel_index(np.argmax(delta - epsilon), delta.shape)
            raise _checks.fail(
                "delta",
                "at most epsilon everywhere, or the energy is not bounded",
                f"{delta[worst]:g} where epsilon is {epsilon[worst]:g}",
                "Write jnp.minimum(delta, epsilon).",
            )
        if delta.min() < -self._f / 2:
            raise _checks.fail("delta", f"at least {-self._f / 2:g}", f"a minimum of {delta.min():g}")

    def fields(self, ndim: int) -> tuple[str, ...]:
        """The pressure and its companion."""
        return ("p", "r")

    def parity(self, field: str, ndim: int) -> tuple[int, ...]:
        """Both fields live at the nodes."""
        return (0,) * ndim

    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """The gradients of both fields."""
        return tuple(
            Strain(f"{field}{name}", (Derivative(field, axis),))
            for field in self.fields(ndim)
            for axis, name in enumerate(SPACE_AXES[ndim])
        )

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """The diagonal of S by its strains, and the coupling of the two vertical ones."""
        return (*(f"c_{strain.name}" for strain in self.strains(ndim)), "c_pr")

    def mass_name(self, field: str) -> str:
        """One mass for both fields."""
        return "M"

    @property
    def _f(self) -> float:
        return 1 - self.shear**2

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """M = m b at the nodes, the stiffness at the midpoints."""
        b, epsilon, f = medium.buoyancy, medium.epsilon, self._f
        g2 = squared_coupling(medium, f)
        *across, down = enumerate(SPACE_AXES[b.ndim])
        c = {f"c_p{name}": half((1 + 2 * epsilon) * b, axis) for axis, name in across}
        c |= {f"c_r{name}": half((1 - f) * b, axis) for axis, name in across}
        vertical = {"c_pz": 1 - f * g2, "c_rz": 1 - f + f * g2, "c_pr": f * jnp.sqrt(g2 * (1 - g2))}
        return {"M": medium.m * b} | c | {name: half(value * b, down[0]) for name, value in vertical.items()}

    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """Each derivative times its coefficient, plus the coupling."""
        stress = {name: c[f"c_{name}"] * strain for name, strain in e.items()}
        return stress | {"pz": stress["pz"] + c["c_pr"] * e["rz"], "rz": stress["rz"] + c["c_pr"] * e["pz"]}

    def scaled_stiffness(self, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
        """The stiffness is linear in the buoyancy."""
        return scaled_by_buoyancy(self, medium, factors)

    def bound(self, c: dict[str, Any], reach: dict[str, float]) -> dict[str, Any]:
        """The larger eigenvalue of the coupled block, and the diagonal elsewhere."""
        bound = {name: c[f"c_{name}"] for name in reach}
        mean, difference = (bound["pz"] + bound["rz"]) / 2, (bound["pz"] - bound["rz"]) / 2
        bound |= dict.fromkeys(("pz", "rz"), mean + np.hypot(difference, c["c_pr"]))
        return {name: value * reach[name] for name, value in bound.items()}

    def squared_velocity(self, medium: Medium) -> Array:
        """The square of the horizontal velocity, or of the vertical one where that is larger."""
        return jnp.maximum(1, 1 + 2 * medium.epsilon) / medium.m


def squared_coupling(medium: Medium, f: float) -> Array:
    """g^2, kept off 0 and 1, where its root has no derivative."""
    g2 = 2 * (medium.epsilon - medium.delta) / (f + 2 * medium.epsilon)
    return g2 * (1 - FLOOR) + FLOOR
