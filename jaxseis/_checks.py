"""Validators. Each names the argument, what was expected, what came and what to write instead."""

from collections.abc import Callable, Sequence
from typing import Any

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


def when_concrete(check: Callable[..., None], *values: Any) -> None:
    """Run a value check now if it can be; traced values are checked later, on the host."""
    if is_concrete(*values):
        with jax.ensure_compile_time_eval():  # the check may compute, and jit stages even what is constant
            check(*values)


def positive(name: str, value: float, unit: str, remedy: str = "") -> float:
    """``value`` as a float, or an error if it is not a finite positive number."""
    number = float(value)
    if not np.isfinite(number) or number <= 0:
        raise fail(name, f"a positive number of {unit}", value, remedy)
    return number


def shape_is(name: str, array: Any, expected: Sequence[int], axes: Sequence[str] = ()) -> None:
    """An error naming the axes if ``array`` does not have the expected shape."""
    got = tuple(np.shape(array))
    if got != tuple(expected):
        labels = f" ({', '.join(axes)})" if axes else ""
        raise fail(name, f"shape {tuple(expected)}{labels}", f"shape {got}")


def finite(name: str, array: Any) -> None:
    """An error naming the first entry that is NaN or infinite."""
    values = np.asarray(array)
    if not np.all(np.isfinite(values)):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise fail(name, "finite numbers", f"{values[where]} at index {where}")
