"""Loops and branches that run in Python where the numbers are at hand, and are staged where they are traced.

A step of a solver written with these is one program under ``jit``. Stepped outside it, its line search may call
objectives that JAX cannot trace: a survey read from disk, another program.
"""

from collections.abc import Callable
from typing import Any

import jax

from jaxseis import _checks


def while_loop(holds: Callable[[Any], Any], body: Callable[[Any], Any], start: Any) -> Any:
    """``body`` applied to ``start`` again and again as long as ``holds``."""
    if not _checks.is_concrete(start):
        return jax.lax.while_loop(holds, body, start)
    now = start
    # What is closed over may be traced although the start is not: then the test is.
    while _checks.is_concrete(now, test := holds(now)):
        if not test:
            return now
        now = body(now)
    return jax.lax.while_loop(holds, body, now)


def cond(test: Any, if_true: Callable[..., Any], if_false: Callable[..., Any], *operands: Any) -> Any:
    """``if_true(*operands)`` or ``if_false(*operands)``."""
    if _checks.is_concrete(test):
        return if_true(*operands) if test else if_false(*operands)
    # functions of their own: JAX hashes what it is given, and methods of modules that hold arrays have no hash
    return jax.lax.cond(test, lambda *args: if_true(*args), lambda *args: if_false(*args), *operands)
