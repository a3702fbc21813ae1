"""What is measured at a receiver; and, by transposition, what acts at a source.

A quantity is a linear function of the fields around a position. Sampling ``Displacement("z")`` measures the vertical
displacement, and its transpose is a vertical force; ``MomentTensor`` measures the contraction ``M : grad u`` and its
transpose is the point source of that moment tensor (Aki and Richards, Quantitative Seismology, 2002, 3.3); the
transpose of ``Dilatation`` is an explosion. Derivatives in space are the staggered differences of the equation itself.
"""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, differences
from jaxseis._types import SPACE_AXES, Array
from jaxseis.equations._base import Equation
from jaxseis.grid import Grid
from jaxseis.interpolation import Channel, Place

Vector = dict[str, float]


@dataclass(frozen=True)
class Quantity:
    """What is sampled at a position: one channel, or several components of one."""

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """The points to be summed for each component."""
        raise NotImplementedError

    @property
    def components(self) -> int | None:
        """Length of the last axis of what is sampled, or None for one channel without such an axis."""
        return None

    def in_time(self, d: Array, step: float) -> Array:
        """What is measured, from the samples (shot, time, channel) on the time axis of the data."""
        return d


@jax.tree_util.register_static
@dataclass(frozen=True)
class Field(Quantity):
    """A field of the equation by its name; None means its first one, the pressure of acoustic equations."""

    name: str | None = None

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """The field itself."""
        name = self.name or equation.fields(grid.ndim)[0]
        if name not in equation.fields(grid.ndim):
            raise _checks.fail("quantity", f"a field of {equation}: {', '.join(equation.fields(grid.ndim))}", name)
        return ((place(equation, grid.ndim, name),),)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Displacement(Quantity):
    """Components of the displacement; transposed, a force.

    Arguments:
        axes: one axis, ``"z"``, or several, ``"xz"``: then traces are (shot, time, point, component).
    """

    axes: str = "z"

    def __post_init__(self) -> None:
        given = self.axes
        if not isinstance(given, str) or not given or not set(given) <= set("xyz") or len(set(given)) < len(given):
            raise _checks.fail(f"{type(self).__name__}.axes", 'axes such as "z" or "xz"', repr(given))

    @property
    def components(self) -> int | None:
        """One for each axis, if there are several."""
        return len(self.axes) if len(self.axes) > 1 else None

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """The fields of the axes."""
        return tuple((_component(equation, grid, axis),) for axis in self.axes)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Velocity(Displacement):
    """Components of the particle velocity, ``u_t`` by differences of order 16 on the time axis of the data.

    Arguments as for :class:`Displacement`.
    """

    def in_time(self, d: Array, step: float) -> Array:
        """The first derivative."""
        e = differences.centred(16)
        return _along_time(d, [*(-x for x in e[::-1]), 0.0, *e]) / step


@jax.tree_util.register_static
@dataclass(frozen=True)
class Acceleration(Displacement):
    """Components of the acceleration, ``u_tt`` by differences of order 16 on the time axis of the data.

    Arguments as for :class:`Displacement`.
    """

    def in_time(self, d: Array, step: float) -> Array:
        """The second derivative."""
        c = differences.second(16)
        return _along_time(d, [*c[:0:-1], *c]) / step**2


def _along_time(d: Array, weights: list[float]) -> Array:
    """A difference in time: zero before the record, straight on after it."""
    r, n = len(weights) // 2, d.shape[1]
    ahead = jnp.arange(1, r + 1, dtype=d.dtype)[:, None]
    end = d[:, -1:] + ahead * (d[:, -1:] - d[:, -2:-1])
    longer = jnp.concatenate([jnp.zeros_like(d[:, :1]).repeat(r, 1), d, end], 1)
    return sum((w * longer[:, k : k + n] for k, w in enumerate(weights)), jnp.zeros_like(d))


@jax.tree_util.register_static
@dataclass(frozen=True, init=False)
class MomentTensor(Quantity):
    """The contraction ``sum_ij M_ij d_j u_i`` of a symmetric tensor with the gradient; transposed, a moment tensor
    source.

    ``MomentTensor(xx=1.0, zz=-1.0, xz=0.5)``; an entry off the diagonal stands for both of its places.
    """

    entries: tuple[tuple[str, float], ...] = field(default=())

    def __init__(self, **entries: float):
        bad = [
            name for name in entries if len(name) != 2 or not set(name) <= set("xyz") or name != "".join(sorted(name))
        ]
        if bad or not entries:
            raise _checks.fail("MomentTensor", "entries out of xx, yy, zz, xy, xz, yz", bad or "none")
        for name, value in entries.items():
            _checks.finite(f"MomentTensor.{name}", value)
        object.__setattr__(self, "entries", tuple(sorted((k, float(v)) for k, v in entries.items())))

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """Differences of the displacement around the position."""
        channel: list[Place] = []
        for (i, j), moment in self.entries:
            pairs = [(i, j)] if i == j else [(i, j), (j, i)]
            for component, along in pairs:
                channel += _gradient(equation, grid, order, component, along, moment)
        return (tuple(channel),)


def Strain(axes: str) -> MomentTensor:
    """A component ``(d_i u_j + d_j u_i) / 2`` of the strain tensor, such as ``Strain("xz")``."""
    if not isinstance(axes, str) or len(axes) != 2 or not set(axes) <= set("xyz"):
        raise _checks.fail("Strain", 'two axes such as "xz"', repr(axes))
    return MomentTensor(**{"".join(sorted(axes)): 1.0 if len(set(axes)) == 1 else 0.5})


@jax.tree_util.register_static
@dataclass(frozen=True)
class Dilatation(Quantity):
    """The relative change of volume, ``div u``, times ``factor``; transposed, an explosion.

    Arguments:
        factor: 1, or minus the bulk modulus of the fluid around a hydrophone (see :func:`Pressure`).
    """

    factor: float = 1.0

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """Differences along each axis."""
        return (tuple(p for a in grid.axes for p in _gradient(equation, grid, order, a, a, self.factor)),)


def Pressure(bulk_modulus: float) -> Dilatation:
    """The pressure ``-K div u`` in a fluid of bulk modulus ``K = rho vp^2`` (GPa): 2.25 for water."""
    return Dilatation(-_checks.positive("bulk_modulus", bulk_modulus, "GPa"))


@jax.tree_util.register_static
@dataclass(frozen=True)
class DAS(Quantity):
    """Mean strain along a straight piece of fibre, ``(u(x + L n/2) - u(x - L n/2)) . n / L``.

    Arguments:
        direction: of the fibre, such as ``(1.0, 0.0)``; any length.
        gauge: the gauge length L, metres.
    """

    direction: tuple[float, ...]
    gauge: float

    def __post_init__(self) -> None:
        n = np.asarray(self.direction, float)
        if not np.any(n) or not np.all(np.isfinite(n)):
            raise _checks.fail("DAS.direction", "a vector that is finite and not zero", self.direction)
        object.__setattr__(self, "direction", tuple(map(float, n / np.linalg.norm(n))))
        object.__setattr__(self, "gauge", _checks.positive("DAS.gauge", self.gauge, "metres"))

    def channels(self, equation: Equation, grid: Grid, order: int) -> tuple[Channel, ...]:
        """The displacements at both ends."""
        if len(self.direction) != grid.ndim:
            raise _checks.fail("DAS.direction", f"{grid.ndim} numbers, one per axis", self.direction)
        channel = []
        for sign in (1, -1):
            ends = {
                a: sign * self.gauge * n / 2 / h
                for a, n, h in zip(grid.axes, self.direction, grid.spacing, strict=True)
            }
            weights = zip(grid.axes, self.direction, strict=True)
            channel += [_component(equation, grid, a, ends, sign * n / self.gauge) for a, n in weights if n]
        return (tuple(channel),)


def place(equation: Equation, ndim: int, name: str, offset: Vector | None = None, weight: float = 1.0) -> Place:
    """A field at an offset in cells."""
    at = tuple((offset or {}).get(axis, 0.0) for axis in SPACE_AXES[ndim])
    return Place(name, equation.parity(name, ndim), at, weight, equation.vanishes(name))


def _component(equation: Equation, grid: Grid, axis: str, offset: Vector | None = None, weight: float = 1.0) -> Place:
    name = f"u{axis}"
    if not equation.displacement or axis not in grid.axes:
        axes = ", ".join(grid.axes)
        expected = f"an axis out of {axes}" if equation.displacement else "an elastic equation, with displacements"
        raise _checks.fail("quantity", expected, f"{axis} with {equation}")
    return place(equation, grid.ndim, name, offset, weight)


def _gradient(equation: Equation, grid: Grid, order: int, component: str, along: str, weight: float) -> list[Place]:
    """``weight * d_along u_component`` by the staggered difference."""
    if along not in grid.axes:
        raise _checks.fail("quantity", f"axes out of {', '.join(grid.axes)}", along)
    h = grid.spacing[grid.axes.index(along)]
    return [
        _component(equation, grid, component, {along: sign * (k - 0.5)}, sign * weight * d / h)
        for k, d in enumerate(differences.staggered(order), 1)
        for sign in (1, -1)
    ]


def of(equation: Equation, given: Any) -> Quantity:
    """The quantity given, or the default: the first field of an equation whose fields live at the nodes."""
    if given is None and not equation.displacement:
        return Field()
    expected = 'a quantity such as Displacement("z"), Velocity("z"), Dilatation(), MomentTensor(xx=1.0) or DAS(...)'
    if not isinstance(given, Quantity):
        raise _checks.fail("quantity", expected, given, "Write Projection(geometry, wave, quantity).")
    return given
