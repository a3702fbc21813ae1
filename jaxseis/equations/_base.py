"""The one form of every wave equation:

    M(p) u_tt + C(p) u_t + G^T S(p) G u = q

with ``u`` one or several fields, ``M`` and ``C`` diagonal, ``G`` a parameter-free strain operator and ``S`` a
pointwise symmetric stiffness, which may relax: ``S - sum_l S_l w_l/(s + w_l)`` (s: the Laplace variable).
An equation file states its parameters, how they become *coefficients* where they are used (JAX code, so
that any parameterisation is differentiated by JAX), its strains and its stress law.
Propagation, adjoint, Born scattering and gradients follow in the engines.

Positions on the cell: a quantity's *parity* along an axis is 0 at the nodes and 1 half a cell on.
A staggered derivative changes the parity along its axis, a centred one does not.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxseis import differences
from jaxseis._types import Array
from jaxseis.model import Medium


class Derivative(NamedTuple):
    """The derivative of a field along an axis: staggered, to half a cell on, or centred, where the field is."""

    field: str
    axis: int
    centred: bool = False

    @property
    def name(self) -> str:
        """A name for the arrays that belong to it."""
        return f"{self.field}_{self.axis}" + ("c" if self.centred else "")

    def position(self, parity: tuple[int, ...]) -> tuple[int, ...]:
        """Where it lives, from where its field does."""
        return tuple(1 - p if axis == self.axis and not self.centred else p for axis, p in enumerate(parity))


@dataclass(frozen=True)
class Strain:
    """One strain component: the sum of its derivatives, which live at one position."""

    name: str
    terms: tuple[Derivative, ...]


class Equation(ABC):
    """What an equation file states. Equations are frozen dataclasses: static and hashable."""

    @property
    @abstractmethod
    def required(self) -> tuple[str, ...]:
        """Parameters of a Medium."""

    @property
    def parameterizations(self) -> tuple[tuple[str, ...], ...]:
        """Sets of parameters that a Medium may have."""
        return (self.required,)

    @property
    @abstractmethod
    def positive(self) -> tuple[str, ...]:
        """Parameters that must be positive."""

    def check(self, medium: Medium) -> None:  # noqa: B027 (most equations have nothing to add)
        """Raises ValueError for other values that the equation cannot take."""

    @abstractmethod
    def fields(self, ndim: int) -> tuple[str, ...]:
        """Names of the unknown fields; whole wavefields are of the first."""

    @abstractmethod
    def parity(self, field: str, ndim: int) -> tuple[int, ...]:
        """Position of a field on the cell."""

    def vanishes(self, field: str) -> bool:
        """Whether a field vanishes at a free surface, about which it is odd; else its stress does."""
        return True

    @property
    def displacement(self) -> bool:
        """Whether the fields are the components ``ux, uy, uz`` of a displacement."""
        return False

    @abstractmethod
    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """The strain table. Empty means that G^T S G is minus the plain Laplacian of each field."""

    def laplacian(self, ndim: int) -> bool:
        """Whether the stiffness is the plain Laplacian."""
        return not self.strains(ndim)

    def terms(self, ndim: int) -> tuple[Derivative, ...]:
        """Every derivative that it takes."""
        if self.laplacian(ndim):
            return tuple(Derivative(field, axis) for field in self.fields(ndim) for axis in range(ndim))
        return tuple(dict.fromkeys(term for strain in self.strains(ndim) for term in strain.terms))

    def strain_order(self, ndim: int, order: int) -> int:
        """Order of the staggered differences: of the strains, or of the layer's correction to a Laplacian."""
        return differences.layer_order(order) if self.laplacian(ndim) else order

    @abstractmethod
    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """Names of the coefficients in the stress law."""

    @abstractmethod
    def mass_name(self, field: str) -> str:
        """Name of the coefficient that is the mass M of a field."""

    @abstractmethod
    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """Coefficients, each at the position where it is used, from parameters at the nodes."""

    @abstractmethod
    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """The stress law S: pointwise arithmetic in coefficients and strains, linear in the strains."""

    def damping_name(self, field: str) -> str | None:
        """Name of the coefficient that is the damping C of a field, or None for no damping."""
        return None

    @property
    def multiaxial(self) -> float:
        """The share of damping across it that a perfectly matched layer needs (see absorbing.py)."""
        return 0.0

    @property
    def relaxation_rates(self) -> tuple[float, ...]:
        """The rates w_l (1/ms) at which the stiffness relaxes."""
        return ()

    @property
    def waves(self) -> tuple[str, ...]:
        """Kinds of waves, each with moduli and so with a quality of its own: P, or P and S."""
        return ("p",)

    def scaled_stiffness(self, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
        """The stiffness coefficients of a medium whose moduli are multiplied by a factor for each kind of waves."""
        raise NotImplementedError

    def relaxed_stress(self, c: dict[str, Any], y: dict[str, Any], mechanism: int) -> dict[str, Any]:
        """The law S_l of a relaxation mechanism: pointwise arithmetic, linear in the memory variables."""
        raise NotImplementedError

    def diagonal(self, c: dict[str, Any], ndim: int) -> dict[str, Any]:
        """The diagonal of S by strain."""
        columns = self._columns(c, [strain.name for strain in self.strains(ndim)])
        return {name: column[name] for name, column in columns.items()}

    def bound(self, c: dict[str, Any], reach: dict[str, float]) -> dict[str, Any]:
        """Bounds of the stresses for strains of given sizes, which limit the time step: ``|S| reach``.

        An equation may give ``B reach`` instead, with a diagonal B so that ``e S e <= e B e``.
        """
        columns = self._columns(c, list(reach))
        return {row: sum(abs(columns[k][row]) * reach[k] for k in columns) for row in columns}

    def _columns(self, c: dict[str, Any], names: list[str]) -> dict[str, dict[str, Any]]:
        """The columns of S: the stress of each unit strain."""
        return {column: self.stress(c, {name: float(name == column) for name in names}) for column in names}

    def condensed(self, c: dict[str, Any]) -> dict[str, Any]:
        """The coefficients at a free surface, where the stress across it has been eliminated."""
        return c

    @abstractmethod
    def squared_velocity(self, medium: Medium) -> Array:
        """Square of the largest phase velocity at each node, for validation."""

    def slowest(self, medium: Medium) -> Array:
        """Square of the smallest phase velocity that the grid must resolve."""
        return self.squared_velocity(medium)


def half(x: Array, axis: int) -> Array:
    """Average to the midpoints along ``axis`` (the last value is kept): ``(x_i + x_{i+1}) / 2``."""
    import jax.numpy as jnp

    n = x.shape[axis]
    index = jnp.minimum(jnp.arange(n) + 1, n - 1)
    return (x + jnp.take(x, index, axis)) / 2


def scaled_by_buoyancy(equation: Equation, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
    """The scaled stiffness of an equation for P waves, whose stiffness is linear in the buoyancy."""
    c = equation.coefficients(medium.replace(buoyancy=medium.buoyancy * factors["p"]))
    return {name: c[name] for name in equation.stiffness_names(medium.m.ndim)}
