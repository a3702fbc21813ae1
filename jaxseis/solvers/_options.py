"""Checks of the options of solvers: at once where they are known, not at all where they are traced."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxseis import _checks


def check_option(name: str, value: Any, expected: str, fits: Callable[[float], bool]) -> None:
    """An error unless the value is a number that fits."""

    def check(known: Any) -> None:
        _checks.number(name, known, expected, fits)

    _checks.when_concrete(check, value)


def check_tolerance(name: str, value: Any) -> None:
    """An error unless the value is a number from zero on."""
    check_option(name, value, "a finite number >= 0", lambda v: 0 <= v < np.inf)


def check_positive(name: str, value: Any) -> None:
    """An error unless the value is a positive number."""
    check_option(name, value, "a finite number > 0", lambda v: 0 < v < np.inf)


def check_count(name: str, value: Any) -> None:
    """An error unless the value is a whole number from one on."""
    check_option(name, value, "a whole number >= 1", lambda v: v >= 1 and v % 1 == 0)


def check_part(name: str, value: Any) -> None:
    """An error unless the value is a number between zero and one."""
    check_option(name, value, "a number between 0 and 1", lambda v: 0 < v < 1)
