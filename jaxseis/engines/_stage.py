"""Stages: what a program does in a time step, one after another.

A stage is a few equations over the whole grid, or over boxes of it: the layers at the ends of an axis, for which it is
called twice. Its functions are named by the order in which they appear, not by what they are, so that stages that read
alike, of two fields say, are one C function that is called with other arguments.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jaxseis.engines._compile import Argument
from jaxseis.engines._symbols import Symbols


@dataclass(frozen=True)
class Box:
    """The nodes of the layer at one end of an axis; ``reach`` as for strips."""

    axis: str
    side: str
    reach: str

    @property
    def thickness(self) -> str:
        """The scalar that says how many nodes wide it is."""
        return f"{self.axis}_{self.side}_{self.reach}"

    def expressions(self) -> dict[str, str]:
        """What a C function takes for the bounds of its loops and the offset of arrays of the layer."""
        first, last = f"{self.axis}_m", f"{self.axis}_M"
        left, right = (first, f"{first} + {self.thickness} - 1"), (f"{last} - {self.thickness} + 1", last)
        bounds = dict(zip((first, last), left if self.side == "left" else right, strict=True))
        return bounds | {f"shift_{self.axis}": f"{self.side}_{self.axis}"}

    def arguments(self, expressions: Iterable[str]) -> list[Argument]:
        """What some of those are made of."""
        shift = [f"{self.side}_{self.axis}"] if f"shift_{self.axis}" in expressions else []
        return [(name, "int") for name in (self.thickness, f"{self.axis}_m", f"{self.axis}_M", *shift)]


@dataclass(frozen=True)
class Stage:
    """Equations, made from the symbols of a kernel, and the boxes that they are for (none: the whole grid)."""

    equations: Callable[[Symbols], Iterator[Any]]
    boxes: tuple[Box, ...] = ()


Filter = Callable[[Symbols, int, tuple[Any, ...]], Iterator[Any]]
"""Equations in the layer of an axis, at space indices."""


def in_strips(s: Symbols, reach: str, equations: Filter) -> Iterator[Any]:
    """Equations in the layers that are strips of a stage over the whole grid."""
    for axis in s.striped:
        for x in s.strips(axis, reach):
            yield from equations(s, axis, x)


def in_boxes(plan: Symbols, reach: str, equations: Filter) -> Iterator[Stage]:
    """The stages of the same equations in the other layers."""
    for axis in plan.boxed:
        boxes = tuple(Box(plan.space[axis].name, side, reach) for side in plan.sides(axis))
        yield Stage(lambda s, axis=axis: equations(s, axis, s.space), boxes)
