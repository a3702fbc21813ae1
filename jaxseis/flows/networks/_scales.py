"""Conditions at every scale: one for the space before squeezing, one for that after it.

A vector is the same everywhere, an image over the space of the samples is squeezed along, and a sequence of images has
one for each scale, over the space after squeezing: there is none before the first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.flows.layers.shuffle import Squeeze

Shape = tuple[int, ...]


class Beside(NamedTuple):
    """A condition of a scale, or its shape, over the space before squeezing and over that after it."""

    before: Any = None
    after: Any = None


def arrays_at_scales(condition: Any, squeeze: Squeeze, scales: int) -> list[Beside]:
    """Conditions ``(batch, ...)`` for each scale."""
    if isinstance(condition, (tuple, list)):
        return [Beside(*pair) for pair in zip([None, *condition[:-1]], condition, strict=True)]
    if condition is None or condition.ndim == 2:
        return [Beside(condition, condition)] * scales
    found = []
    for _ in range(scales):
        after = squeeze.squeeze(even(condition))
        found, condition = [*found, Beside(condition, after)], after
    return found


def shapes_at_scales(shape: Any, spaces: Sequence[Shape]) -> list[Beside]:
    """Shapes of one condition for each scale, ``spaces`` being those before each squeeze and after the last.

    Raises ValueError where an image is over another space than the state.
    """
    scales = len(spaces) - 1
    if shape is None or len(shape) == 1 and isinstance(shape[0], int):
        return [Beside(shape, shape)] * scales
    if isinstance(shape[0], int):
        _check(shape, spaces[0], "condition_shape")
        wider = 2 ** (len(shape) - 1)
        grown = [(*space, shape[-1] * wider**s) for s, space in enumerate(spaces)]
        return [Beside(*pair) for pair in zip(grown[:-1], grown[1:], strict=True)]
    if len(shape) != scales:
        raise _checks.fail("condition_shape", f"one shape for each of {scales} scales", f"{len(shape)}")
    for index, (one, space) in enumerate(zip(shape, spaces[1:], strict=True)):
        _check(one, space, f"condition_shape[{index}]")
    return [Beside(*pair) for pair in zip([None, *shape[:-1]], shape, strict=True)]


def even(x: Array) -> Array:
    """Without the last plane of every axis of space of odd size."""
    return x[(slice(None), *(slice(0, n - n % 2) for n in x.shape[1:-1]))]


def _check(shape: Shape, space: Shape, name: str) -> None:
    if tuple(shape[:-1]) != tuple(space):
        raise _checks.fail(name, f"({', '.join(map(str, space))}, channels), over the space of the state", shape)
