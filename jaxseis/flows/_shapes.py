"""Shapes of samples and conditions."""

from collections.abc import Sequence


def freeze_shape(shape: Sequence | None) -> tuple | None:
    """A shape, or a sequence of shapes, as tuples."""
    if shape is None:
        return None
    return tuple(tuple(n) if isinstance(n, (tuple, list)) else int(n) for n in shape)
