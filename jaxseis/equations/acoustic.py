"""The acoustic wave equation, of constant or variable density.

Euler's equation ``rho v_t = -grad p`` and the pressure law ``p_t = -rho c^2 div v + s`` give, with the
squared slowness ``m = 1/c^2`` and the buoyancy ``b = 1/rho``,

    m b p_tt - div(b grad p) = q,        q = b m s_t.

With constant density (divide by b): ``m p_tt - lap p = q``. In the common form: M = m b (or m),
G = grad, S = b at the midpoints of nodes, where the strains live (or the plain Laplacian).

Reference: Tarantola, Geophysics 49 (1984), 1259-1266.
"""

from dataclasses import dataclass
from typing import Any

import jax

from jaxseis._types import SPACE_AXES, Array
from jaxseis.equations._base import Derivative, Equation, Strain, half, scaled_by_buoyancy
from jaxseis.model import Medium


@jax.tree_util.register_static
@dataclass(frozen=True)
class Acoustic(Equation):
    """Acoustic waves: squared slowness ``m`` (s^2/km^2) and, with ``density=True``, ``buoyancy`` (cm^3/g).

    Arguments:
        density: whether the density varies. If not, the stiffness is the plain Laplacian, which is
            cheaper, and the medium has the one parameter ``m``.

    The field is the pressure. Buoyancy acts between nodes, as the mean of the two.
    """

    density: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters a Medium must have."""
        return ("buoyancy", "m") if self.density else ("m",)

    @property
    def positive(self) -> tuple[str, ...]:
        """All of them."""
        return self.required

    def fields(self, ndim: int) -> tuple[str, ...]:
        """The pressure."""
        return ("u",)

    def parity(self, field: str, ndim: int) -> tuple[int, ...]:
        """The pressure lives at the nodes."""
        return (0,) * ndim

    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """The gradient, or nothing: the plain Laplacian."""
        axes = SPACE_AXES[ndim] if self.density else ()
        return tuple(Strain(f"e{name}", (Derivative("u", axis),)) for axis, name in enumerate(axes))

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """The buoyancy at the midpoints along each axis."""
        return tuple(f"b{name}" for name in SPACE_AXES[ndim]) if self.density else ()

    def mass_name(self, field: str) -> str:
        """The coefficient of u_tt."""
        return "M"

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """M = m b at the nodes, b at the midpoints."""
        if not self.density:
            return {"M": medium.m}
        b = medium.buoyancy
        return {"M": medium.m * b} | {f"b{name}": half(b, axis) for axis, name in enumerate(SPACE_AXES[b.ndim])}

    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """``b grad p``."""
        return {name: c[f"b{name[1:]}"] * strain for name, strain in e.items()}

    def scaled_stiffness(self, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
        """The stiffness is linear in the buoyancy."""
        return scaled_by_buoyancy(self, medium, factors)

    def squared_velocity(self, medium: Medium) -> Array:
        """1/m."""
        return 1 / medium.m
