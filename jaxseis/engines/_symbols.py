"""The symbols of a kernel: fields, arrays, profiles, strips of the layer, and differences on them.

Arrays are indexed explicitly, with our own difference weights, so that every term of a kernel is the
same arithmetic as in xla.py. Scratch names: ``p, s`` first filter of a derivative and its state, ``q, t`` the
same of a force, ``sigma`` stress, ``H, R`` sums for the gradient; an underscore joins a name, its field, the axis of
the derivative and that of the layer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from jaxseis import differences
from jaxseis._types import SPACE_AXES
from jaxseis.engines._problem import filtering_layers
from jaxseis.equations._base import Derivative, Equation

REACH = {"half": 1, "reach": 2}  # sentinel thicknesses by which strips are told apart in the C code


@dataclass(frozen=True)
class Signature:
    """Everything a kernel's C code depends on."""

    program: str
    equation: Equation
    ndim: int
    order: int
    layer: str
    multiaxial: bool
    free_surface: bool
    width: int
    dtype: str
    parallel: bool


class Symbols:
    """The symbols of one kernel, and indexing on them."""

    def __init__(self, signature: Signature):
        from devito import Constant, Dimension, Grid, SpaceDimension
        from devito.types.dimension import DerivedDimension

        self.signature, self.equation = signature, signature.equation
        self.ndim, self.dtype = signature.ndim, np.dtype(signature.dtype).type
        self.pml, self.sponge = signature.layer == "PML", signature.layer == "Sponge"
        self.fields = self.equation.fields(self.ndim)
        self.relaxing = bool(self.equation.relaxation_rates)
        self.laplacian = self.equation.laplacian(self.ndim)
        self.second = differences.second(signature.order)
        self.staggered = differences.staggered(self.equation.strain_order(self.ndim, signature.order))
        self.centred = differences.centred(signature.order)
        self.radius = signature.order // 2
        names = SPACE_AXES[self.ndim]
        spacing = [Constant(name=f"h_{n}", dtype=self.dtype) for n in names]
        self.space = tuple(SpaceDimension(name=n, spacing=h) for n, h in zip(names, spacing, strict=True))
        self.grid = Grid(shape=(4 * self.radius + 8,) * self.ndim, dimensions=self.space, dtype=self.dtype)
        self.time, self.level = self.grid.time_dim, self.grid.stepping_dim
        self.inverse = [Constant(name=f"inverse_{n}", dtype=self.dtype) for n in names]
        self.inverse2 = [Constant(name=f"inverse2_{n}", dtype=self.dtype) for n in names]
        self.window = tuple(Dimension(name=f"k_{n}") for n in names)
        self.layer = tuple(DerivedDimension(name=f"layer_{d.name}", parent=d) for d in self.space)
        self.right, self.shift = (
            [Constant(name=f"{k}_{n}", dtype=np.int32) for n in names] for k in ("right", "shift")
        )
        self.functions: dict[str, Any] = {}

    def _function(self, name: str, make: Callable[[str], Any]) -> Any:
        """The function of a name, which Devito knows by its number (see _stage.py)."""
        if name not in self.functions:
            self.functions[name] = make(f"f{len(self.functions)}")
        return self.functions[name]

    def field(self, name: str) -> Any:
        """A field at three time levels."""
        from devito import TimeFunction

        order = (self.signature.order, self.radius, self.radius)
        return self._function(name, lambda f: TimeFunction(name=f, grid=self.grid, time_order=2, space_order=order))

    def array(self, name: str, halo: int = 0) -> Any:
        """An array on the padded grid."""
        from devito import Function

        order = (halo, halo, halo)
        return self._function(name, lambda f: Function(name=f, grid=self.grid, space_order=order))

    def line(self, name: str, axis: int) -> Any:
        """A profile along one axis, at the nodes or midpoints, as a function of the position."""
        return self.table(name, (self.space[axis],))

    def profiles(self, kinds: str, axis: int, parity: int, name: str = "") -> list[Any]:
        """Profiles of a filter of the layer of an axis."""
        return [self.line(f"{name}{kind}_{axis}_{parity}", axis) for kind in kinds.split()]

    @property
    def boxed(self) -> list[int]:
        """The axes whose perfectly matched layer has stages of its own.

        Both ends then share one C function, where strips have an equation each. The first axis gains nothing from
        sharing the loop over the grid; in a multi-axial layer, with its many equations, others are boxed too.
        """
        axes = range(self.ndim - 1 if self.signature.multiaxial else 1)
        return list(reversed(axes)) if self.pml and self.ndim > 1 else []

    @property
    def striped(self) -> list[int]:
        """The other axes that have one, which filter first."""
        return [axis for axis in reversed(range(self.ndim)) if self.pml and axis not in self.boxed]

    @property
    def second_reach(self) -> str:
        """Where the filters of the forces act."""
        return "reach" if self.laplacian else "half"

    def layers(self, axis: int) -> dict[int, str]:
        """The layers that filter derivatives along an axis, in order, with the names of their profiles."""
        found = filtering_layers(axis, self.ndim, self.signature.multiaxial) if self.pml else []
        return {j: "across" if across else "" for j, across in found}

    def before(self, axis: int, layer: int) -> list[int]:
        """Those of the layers that filter before one of them."""
        order = list(self.layers(axis))
        return order[: order.index(layer)]

    def layered(self, name: str, axis: int) -> "Layered":
        """An array that is zero outside the layer of one axis."""
        table = self.table(name, self.space[:axis] + (self.layer[axis],) + self.space[axis + 1 :])
        return Layered(table, axis, len(self.staggered), self.right[axis], self.shift[axis])

    def table(self, name: str, dimensions: tuple[Any, ...], dtype: Any = None) -> Any:
        """An array over the given dimensions."""
        from devito import Function

        shape = tuple(self.grid.shape[0] if d in self.space else 3 for d in dimensions)
        options: dict[str, Any] = {"dimensions": dimensions, "shape": shape, "dtype": dtype or self.dtype}
        return self._function(name, lambda f: Function(name=f, space_order=0, **options))

    @cached_property
    def terms(self) -> tuple[Derivative, ...]:
        """Every derivative that the equation takes."""
        return self.equation.terms(self.ndim)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """The fields, those together that occur in one strain."""
        groups = [{field} for field in self.fields]
        for strain in self.equation.strains(self.ndim):
            joined = [g for g in groups if any(t.field in g for t in strain.terms)]
            groups = [g for g in groups if g not in joined] + [set().union(*joined)]
        found = [tuple(f for f in self.fields if f in g) for g in groups]
        return sorted(found, key=lambda group: self.fields.index(group[0]))

    def sides(self, axis: int) -> Iterator[str]:
        """The ends of an axis that have a layer."""
        if not (self.signature.free_surface and axis == self.ndim - 1):
            yield "left"
        yield "right"

    def strips(self, axis: int, reach: str) -> Iterator[tuple[Any, ...]]:
        """Space indices that run over the layer's strips along an axis: "half" covers the layer's
        nodes and midpoints, "reach" also the nodes that its differences reach."""
        from devito.types.dimension import SubDimension

        parent = self.space[axis]
        for side in self.sides(axis):
            make = SubDimension.left if side == "left" else SubDimension.right
            yield self._with(axis, make(f"{parent.name}_{reach}_{side[0]}", parent, REACH[reach]))

    def _with(self, axis: int, dimension: Any) -> tuple[Any, ...]:
        return self.space[:axis] + (dimension,) + self.space[axis + 1 :]

    def parity(self, field: str) -> tuple[int, ...]:
        """Position of a field on the cell."""
        return self.equation.parity(field, self.ndim)

    def position(self, term: Derivative) -> tuple[int, ...]:
        """Position of a derivative on the cell."""
        return term.position(self.parity(term.field))

    def filtered(self, term: Derivative, layer: int) -> Any:
        """The first filter p of a derivative in the layer of an axis; the gradient in a stiffness wants it
        everywhere."""
        name = f"p_{term.name}_{layer}"
        return self.layered(name, layer) if self.laplacian else self.array(name)

    def layered_parts(self, term: Derivative, x: tuple[Any, ...]) -> Any:
        """All first filters of a derivative."""
        return sum(self.filtered(term, j)[x] for j in self.layers(term.axis))

    def now(self, term: Derivative) -> tuple[Any, tuple[Any, ...]]:
        """The field of a term, and the index of the present level."""
        return self.field(term.field), (self.level,)

    def at(self, name: str, parity: tuple[int, ...]) -> Any:
        """An array of the layer for a position on the cell."""
        return self.array(at_position(name, parity))

    def number(self, name: str) -> Any:
        """A number given at call time."""
        from devito import Constant

        return Constant(name=name, dtype=self.dtype)

    def damped(self, field: str) -> bool:
        """Whether anything but a perfectly matched layer damps a field."""
        return self.sponge or self.equation.damping_name(field) is not None

    def of_mass(self, kind: str, field: str) -> Any:
        """What belongs to the mass M of a field: "r" is dt^2/M, "dr" is -dM/dt^2, "drC" is -dC/(2 dt), "two" and
        "one" are the weights of u and u- in a damped step."""
        return self.array(f"{kind}_{self.equation.mass_name(field)}")

    def sigma(self, name: str) -> Any:
        """A stress component."""
        return self.array(f"sigma_{name}", halo=self.radius)

    def stiffness(self, x: tuple[Any, ...]) -> dict[str, Any]:
        """The coefficients of the stress law at the indices x."""
        return {name: self.array(f"c_{name}")[x] for name in self.equation.stiffness_names(self.ndim)}

    def stress(self, e: dict[str, Any], x: tuple[Any, ...]) -> dict[str, Any]:
        """The stress law at the indices x."""
        return self.equation.stress(self.stiffness(x), e)

    def derivative(self, f: Any, at: tuple[Any, ...], term: Derivative, x: tuple[Any, ...]) -> Any:
        """The difference of a term, of an array that lives where its field does."""
        return first_difference(self, f, at, x, term, self.parity(term.field)[term.axis])

    def divergence(self, f: Any, at: tuple[Any, ...], term: Derivative, x: tuple[Any, ...]) -> Any:
        """Minus the transposed difference of a term, of an array that lives where its derivative does."""
        return first_difference(self, f, at, x, term, self.position(term)[term.axis])


def at_position(name: str, parity: tuple[int, ...]) -> str:
    """The name of an array for a position on the cell."""
    return f"{name}_{''.join(map(str, parity))}"


@dataclass(frozen=True)
class Layered:
    """An array kept only where the layer of one axis is: the left strip, ``left`` further on, then the right one; in
    the box of a stage, ``shift`` is either.

    Whole rows of the last axis would be touched at their ends only, and cost more than the step itself.
    """

    table: Any
    axis: int
    left: int
    right: Any
    shift: Any

    def __getitem__(self, x: tuple[Any, ...]) -> Any:
        """The element at a position on the grid, which must run over a strip, or in the box of a stage."""
        from devito.types.dimension import SubDimension

        strips = x[self.axis].atoms(SubDimension)
        by = {True: self.left, False: self.right}[strips.pop().is_left] if strips else self.shift
        return self.table[shifted(x, self.axis, by)]


def shifted(x: tuple[Any, ...], axis: int, by: int) -> tuple[Any, ...]:
    """Space indices moved along an axis."""
    return x[:axis] + (x[axis] + by,) + x[axis + 1 :]


def second_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], axis: int) -> Any:
    """The second difference of ``f`` along an axis; ``at`` are its indices before the space ones."""
    total = s.second[0] * f[(*at, *x)]
    for k, c in enumerate(s.second[1:], 1):
        total += c * (f[(*at, *shifted(x, axis, k))] + f[(*at, *shifted(x, axis, -k))])
    return s.inverse2[axis] * total


def first_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], term: Derivative, parity: int) -> Any:
    """The first difference of a term, of what lives at ``parity`` along its axis."""
    return (centred_difference if term.centred else staggered_difference)(s, f, at, x, term.axis, parity)


def centred_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], axis: int, parity: int) -> Any:
    """The first difference where ``f`` is."""
    total = 0
    for k, e in enumerate(s.centred, 1):
        total += e * (f[(*at, *shifted(x, axis, k))] - f[(*at, *shifted(x, axis, -k))])
    return s.inverse[axis] * total


def staggered_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], axis: int, parity: int) -> Any:
    """The first difference from nodes to midpoints (parity 0) or back (1)."""
    total = 0
    for k, d in enumerate(s.staggered, 1):
        total += d * (f[(*at, *shifted(x, axis, k - parity))] - f[(*at, *shifted(x, axis, 1 - k - parity))])
    return s.inverse[axis] * total
