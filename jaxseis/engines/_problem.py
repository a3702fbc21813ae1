"""A discrete propagation problem: everything about it that is static, and the numbers derived from it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from jaxseis import differences
from jaxseis.absorbing import PML, Sponge
from jaxseis.equations._base import Derivative, Equation
from jaxseis.grid import Grid


@dataclass(frozen=True)
class Problem:
    """An equation on a padded grid with a time step. Hashable: it keys compiled kernels and traces.

    Arguments:
        equation: the wave equation.
        grid: the user's grid, without the layer.
        step: time step, ms.
        steps: number of time levels n = 0..steps-1; the field is zero before level 1.
        order: space order, even.
        absorbing: PML, Sponge or None.
        free_surface: whether the field vanishes at the first node of the last axis.
        velocity: largest velocity, km/s, which sets the strength of the layer.
        margin: nodes between the grid and the layer (interpolation windows may reach there).
        dtype: "float32" or "float64".
    """

    equation: Equation
    grid: Grid
    step: float
    steps: int
    order: int
    absorbing: PML | Sponge | None
    free_surface: bool
    velocity: float
    margin: int
    dtype: str

    @property
    def ndim(self) -> int:
        """Number of space axes."""
        return self.grid.ndim

    @property
    def cells(self) -> int:
        """Width of the absorbing layer."""
        return self.absorbing.cells if self.absorbing else 0

    @property
    def pml(self) -> bool:
        """Whether the layer is a perfectly matched one."""
        return isinstance(self.absorbing, PML)

    @property
    def sponge(self) -> bool:
        """Whether the layer is a damping one."""
        return isinstance(self.absorbing, Sponge)

    @cached_property
    def pad(self) -> tuple[tuple[int, int], ...]:
        """Nodes added before and after the grid along each axis."""
        both = self.cells + self.margin
        lows = [both] * (self.ndim - 1) + [0 if self.free_surface else both]
        return tuple((low, both) for low in lows)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of the padded grid."""
        return tuple(n + low + high for n, (low, high) in zip(self.grid.shape, self.pad, strict=True))

    @cached_property
    def interior(self) -> tuple[slice, ...]:
        """The user's grid within the padded one."""
        return tuple(slice(low, low + n) for n, (low, _) in zip(self.grid.shape, self.pad, strict=True))

    @cached_property
    def laplacian(self) -> bool:
        """Whether the stiffness is the plain Laplacian."""
        return self.equation.laplacian(self.ndim)

    @property
    def strain_order(self) -> int:
        """Order of the staggered differences."""
        return self.equation.strain_order(self.ndim, self.order)

    @property
    def reach(self) -> int:
        """Nodes on either side that a staggered difference reaches."""
        return self.strain_order // 2

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the unknown fields."""
        return self.equation.fields(self.ndim)

    @cached_property
    def terms(self) -> tuple[Derivative, ...]:
        """Every derivative that the equation takes."""
        return self.equation.terms(self.ndim)

    def rate(self, axis: int, parity: int) -> np.ndarray:
        """Damping rate zeta (1/ms) along an axis, at the nodes (parity 0) or half a cell on (1)."""
        n, (low, high) = self.shape[axis], self.pad[axis]
        if self.absorbing is None:
            return np.zeros(n)
        position = np.arange(n) + parity / 2
        depth = position - (n - 1 - high + self.margin)
        if low:
            depth = np.maximum(depth, low - self.margin - position)
        rate = self.absorbing.profile(depth, self.grid.spacing[axis], self.velocity)
        if parity and self.laplacian:
            rate[-1] = 0  # no correction half a cell beyond the last node, as there is none before the first
        return rate

    def damping(self, axis: int, parity: int) -> np.ndarray:
        """``d = zeta dt / 2`` along an axis."""
        return self.rate(axis, parity) * self.step / 2

    @cached_property
    def multiaxial(self) -> float:
        """The share of a layer's damping in the derivatives across it."""
        given = self.absorbing.multiaxial if isinstance(self.absorbing, PML) else 0.0
        return self.equation.multiaxial if given is None else given

    def filter(self, axis: int, parity: int, across: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """``(a, b)`` of the layer's filter ``-zeta/(s + zeta)``: y[n] = a y[n-1] + b (x[n] + x[n-1]); with p zeta for
        the derivatives across the layer."""
        d = self.damping(axis, parity) * (self.multiaxial if across else 1.0)
        return (1 - d) / (1 + d), -d / (1 + d)

    def stretch(self, axis: int, parity: int) -> tuple[np.ndarray, np.ndarray]:
        """``(a, b)`` of ``(zeta - p zeta)/(s + p zeta)``, for P over the stretch of a derivative across the layer."""
        d = self.damping(axis, parity)
        p = self.multiaxial
        return (1 - p * d) / (1 + p * d), (1 - p) * d / (1 + p * d)

    def parity(self, field: str) -> tuple[int, ...]:
        """Position of a field on the cell."""
        return self.equation.parity(field, self.ndim)

    def position(self, term: Derivative) -> tuple[int, ...]:
        """Position of a derivative on the cell."""
        return term.position(self.parity(term.field))

    @cached_property
    def masses(self) -> dict[str, tuple[int, ...]]:
        """The names of the masses, and where they are."""
        return {self.equation.mass_name(field): self.parity(field) for field in self.fields}

    @cached_property
    def dampings(self) -> dict[str, str]:
        """The names of the dampings by those of their masses."""
        names = {self.equation.mass_name(field): self.equation.damping_name(field) for field in self.fields}
        return {mass: damping for mass, damping in names.items() if damping}

    def damped(self, mass: str, c: dict[str, Any]) -> Any:
        """``1 + C dt/(2 M)``, and the sponge's share: what divides the step of a field."""
        total: Any = 1.0
        if self.sponge:
            total = total + self.mass_factors(self.masses[mass])[0]
        if mass in self.dampings:
            total = total + c[self.dampings[mass]] * self.step / (2 * c[mass])
        return total

    def relaxation(self, rate: float) -> tuple[float, float]:
        """``(1 + a, b)`` of the filter ``w/(s + w)``: y[n] = a y[n-1] + b (x[n] + x[n-1])."""
        d = rate * self.step / 2
        return 2 / (1 + d), d / (1 + d)

    def mass_factors(self, parity: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Elementary symmetric sums (D1, D2, D3) of the damping d over the axes, for a position on the cell.

        The symmetric operator's mass term is, times dt^2/M (see absorbing.py; s^2 prod_i (1 + zeta_i/s)),
        ``(u+ - 2u + u-) + D1 (u+ - u-) + D2 (u+ + 2u + u-) + D3 (8 R - (u+ + 2u + u-))``
        with R the running sum of ``(u+ + 2u + u-)/4``. A sponge has D1 alone.
        """
        d = np.meshgrid(*(self.damping(a, p) for a, p in enumerate(parity)), indexing="ij")
        zero = np.zeros(self.shape)
        ones = sum(d, zero)
        if not self.pml:
            return ones, zero, zero
        pairs = sum((d[i] * d[j] for i in range(self.ndim) for j in range(i)), zero)
        return ones, pairs, d[0] * d[1] * d[2] if self.ndim == 3 else zero

    def largest_step(self) -> float:
        """The time step (ms) at which leapfrog loses stability at the largest velocity."""
        return largest_step(self.equation, self.grid, self.order, self.velocity)


def largest_step(equation: Equation, grid: Grid, order: int, velocity: float) -> float:
    """``2 / (v sqrt(sum_i l / h_i^2))`` with l the largest symbol of the second derivative used."""
    symbol = (
        differences.staggered_symbol_max(order) ** 2
        if not equation.laplacian(grid.ndim)
        else differences.second_symbol_max(order)
    )
    return 2 / (velocity * np.sqrt(sum(symbol / h**2 for h in grid.spacing)))


def filtering_layers(axis: int, ndim: int, multiaxial: bool) -> list[tuple[int, bool]]:
    """The layers that filter derivatives along an axis, in order, and whether across: its own alone, or all."""
    return [(j, j != axis) for j in reversed(range(ndim)) if multiaxial or j == axis]
