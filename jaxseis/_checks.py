"""Validators. Each names the argument, what was expected, what came and what to write instead."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer


def fail(name: str, expected: str, got: Any, remedy: str = "") -> ValueError:
    """The one form of an input error: ``raise fail("step", "a positive number", step)``."""
    tail = f" {remedy}" if remedy else ""
    return ValueError(f"{name}: expected {expected}, got {got}.{tail}")


def is_concrete(*values: Any) -> bool:
    """Whether every array among ``values`` has numbers now (no tracer of jit, grad or vmap)."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def when_concrete(check: Callable[..., Any], *values: Any) -> None:
    """Run a value check now if it can be; traced values are checked later, on the host."""
    if is_concrete(*values):
        with jax.ensure_compile_time_eval():  # the check may compute, and jit stages even what is constant
            check(*values)


def number(name: str, value: Any, expected: str, fits: Callable[[float], bool], remedy: str = "") -> float:
    """``value`` as a float, or an error if it is not a number that fits."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise fail(name, expected, repr(value), remedy) from None
    if not fits(found):
        raise fail(name, expected, value, remedy)
    return found


def positive(name: str, value: float, unit: str, remedy: str = "") -> float:
    """``value`` as a float, or an error if it is not a finite positive number."""
    return number(name, value, f"a positive number of {unit}", lambda x: 0 < x < np.inf, remedy)


def whole(name: str, value: Any, least: int, remedy: str = "") -> int:
    """``value`` as an int, or an error if it is not a whole number of at least ``least``."""
    if not isinstance(value, (int, float, np.number)) or value < least or float(value) % 1 != 0:
        raise fail(name, f"a whole number of at least {least}", value, remedy)
    return int(value)


def kind_is(name: str, value: Any, kinds: Any, expected: str) -> None:
    """An error if ``value`` is not of one of the given classes."""
    if not isinstance(value, kinds):
        raise fail(name, expected, repr(value))


def shape_is(name: str, array: Any, expected: Sequence[int], axes: Sequence[str] = ()) -> None:
    """An error naming the axes if ``array`` does not have the expected shape."""
    got = tuple(np.shape(array))
    if got != tuple(expected):
        labels = f" ({', '.join(axes)})" if axes else ""
        raise fail(name, f"shape {tuple(expected)}{labels}", f"shape {got}")


def all_positive(name: str, values: Any, expected: str = "positive numbers") -> None:
    """An error naming the least entry if one is not positive."""
    found = np.asarray(values)
    if not (found > 0).all():
        raise fail(name, expected, found.min())


def finite(name: str, array: Any, remedy: str = "") -> None:
    """An error naming the first entry that is NaN or infinite."""
    for start, rows in row_blocks(array):
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            where = tuple(int(i) for i in bad[0])
            index = (start + where[0], *where[1:]) if where else ()
            raise fail(name, "finite numbers", f"{rows[where]} at index {index}", remedy)


def row_blocks(array: Any, rows: int = 4096) -> Iterator[tuple[int, np.ndarray]]:
    """Some rows of an array at a time, on the host, and where they begin: data may be larger than memory."""
    array = array if hasattr(array, "shape") else np.asarray(array)
    if array.ndim == 0 or len(array) <= rows:
        yield 0, np.asarray(array)
        return
    for start in range(0, len(array), rows):
        yield start, np.asarray(array[start : start + rows])


def stack_level() -> int:
    """The ``stacklevel`` at which a warning points to the first line outside this package and JAX."""
    inside = tuple(str(Path(file).parent) for file in (__file__, jax.__file__, eqx.__file__))
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_code.co_filename.startswith(inside):
        frame, level = frame.f_back, level + 1
    return level
