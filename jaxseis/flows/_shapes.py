"""Shapes of samples and conditions."""

from collections.abc import Callable, Sequence
from typing import Any


def freeze_shape(shape: Sequence | None) -> tuple | None:
    """A shape, or a sequence of shapes, as tuples."""
    if shape is None:
        return None
    return tuple(tuple(n) if isinstance(n, (tuple, list)) else int(n) for n in shape)


def is_shape(shape: Any) -> bool:
    """Whether this is the shape of one array, not a sequence of shapes."""
    return isinstance(shape, tuple) and all(isinstance(n, int) for n in shape)


def as_array(arrays: Any, shape: Any, convert: Callable[[Any], Any]) -> Any:
    """A list of rows as one array, where one array is wanted; what else there is as it is."""
    return convert(arrays) if is_shape(shape) and isinstance(arrays, (list, tuple)) else arrays
