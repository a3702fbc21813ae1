"""The part of an objective that belongs to some shots."""

from typing import Any

import equinox as eqx


def changed(module: Any, **changes: Any) -> Any:
    """A copy of a module with some fields changed."""
    names = list(changes)
    return eqx.tree_at(lambda x: [getattr(x, n) for n in names], module, [changes[n] for n in names])
