"""An equation made from another one, which it asks for everything that it does not change."""

from dataclasses import dataclass
from typing import Any

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.equations._base import Equation, Strain
from jaxseis.model import Medium


@dataclass(frozen=True)
class Wrapper(Equation):
    """The equation inside, with more parameters (``more``) for its medium."""

    equation: Equation

    def __post_init__(self) -> None:
        _checks.kind_is("equation", self.equation, Equation, "a wave equation such as Acoustic(density=True)")
        if any(set(self.more) & set(names) for names in self.equation.parameterizations):
            raise _checks.fail("equation", "an equation without attenuation of its own", self.equation)

    @property
    def more(self) -> tuple[str, ...]:
        """Parameters that the equation inside does not have."""
        return ()

    def inner(self, medium: Medium) -> Medium:
        """The medium of the equation inside."""
        return Medium(**{name: getattr(medium, name) for name in medium.names if name not in self.more})

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters of a Medium."""
        return self.parameterizations[0]

    @property
    def parameterizations(self) -> tuple[tuple[str, ...], ...]:
        """Sets of parameters that a Medium may have."""
        return tuple(tuple(sorted((*names, *self.more))) for names in self.equation.parameterizations)

    @property
    def positive(self) -> tuple[str, ...]:
        """Parameters that must be positive."""
        return self.equation.positive

    @property
    def displacement(self) -> bool:
        """Whether the fields are displacements."""
        return self.equation.displacement

    @property
    def waves(self) -> tuple[str, ...]:
        """Kinds of waves."""
        return self.equation.waves

    def check(self, medium: Medium) -> None:
        """Raises ValueError for values that the equation cannot take."""
        self.equation.check(self.inner(medium))

    def fields(self, ndim: int) -> tuple[str, ...]:
        """Names of the unknown fields."""
        return self.equation.fields(ndim)

    def parity(self, field: str, ndim: int) -> tuple[int, ...]:
        """Position of a field on the cell."""
        return self.equation.parity(field, ndim)

    def vanishes(self, field: str) -> bool:
        """Whether a field vanishes at a free surface."""
        return self.equation.vanishes(field)

    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """The strain table."""
        return self.equation.strains(ndim)

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """Names of the coefficients in the stress law."""
        return self.equation.stiffness_names(ndim)

    def mass_name(self, field: str) -> str:
        """Name of the mass of a field."""
        return self.equation.mass_name(field)

    def damping_name(self, field: str) -> str | None:
        """Name of the damping of a field."""
        return self.equation.damping_name(field)

    @property
    def multiaxial(self) -> float:
        """What a perfectly matched layer needs."""
        return self.equation.multiaxial

    @property
    def relaxation_rates(self) -> tuple[float, ...]:
        """Rates of relaxation."""
        return self.equation.relaxation_rates

    def relaxed_stress(self, c: dict[str, Any], y: dict[str, Any], mechanism: int) -> dict[str, Any]:
        """The law of a relaxation mechanism."""
        return self.equation.relaxed_stress(c, y, mechanism)

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """Coefficients from parameters."""
        return self.equation.coefficients(self.inner(medium))

    def scaled_stiffness(self, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
        """The stiffness with scaled moduli."""
        return self.equation.scaled_stiffness(self.inner(medium), factors)

    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """The stress law."""
        return self.equation.stress(c, e)

    def bound(self, c: dict[str, Any], reach: dict[str, float]) -> dict[str, Any]:
        """Bounds of the stresses."""
        return self.equation.bound(c, reach)

    def condensed(self, c: dict[str, Any]) -> dict[str, Any]:
        """Coefficients at a free surface."""
        return self.equation.condensed(c)

    def squared_velocity(self, medium: Medium) -> Array:
        """Square of the largest phase velocity."""
        return self.equation.squared_velocity(self.inner(medium))

    def slowest(self, medium: Medium) -> Array:
        """Square of the smallest phase velocity."""
        return self.equation.slowest(self.inner(medium))
