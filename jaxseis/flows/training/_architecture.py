"""What a flow is made of, beside its parameters, as text: classes, sizes, options and names of functions, by place.

Two flows may have parameters of the same shapes and yet be different functions: by another squeeze, activation or
bound. Left out is what does not change the function: how the backward pass and the arithmetic are done, and what
parameters were drawn from.
"""

import dataclasses
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
from flax import nnx

from jaxseis import _checks
from jaxseis._types import PyTree

ARITHMETIC = {"dtype", "param_dtype", "precision", "preferred_element_type", "promote_dtype"}
LEFT_OUT = ARITHMETIC | {"memory", "dot_general", "conv_general_dilated"}


def architecture(part: Any, place: str = "flow") -> dict[str, str]:
    """What each place of a flow holds."""
    return dict(_described(place, part))


def check_architecture(where: str, found: dict[str, str], flow: nnx.Module, remedy: str) -> None:
    """An error naming the first place at which the flow that was saved differs.

    Places that only one of the two has are passed over: newer classes have attributes that older ones had not.
    """
    for place, wanted in architecture(flow).items():
        if found.get(place, wanted) != wanted:
            raise _checks.fail(place, wanted, f"{found[place]} in {where}", remedy)


def fingerprint(arrays: PyTree) -> int:
    """A number that changes with any byte, shape or type of some arrays."""
    total = 0
    for path, leaf in jax.tree_util.tree_flatten_with_path(arrays)[0]:
        for start, rows in _checks.row_blocks(leaf):
            about = f"{jax.tree_util.keystr(path)} {np.shape(leaf)} {rows.dtype} {start}"
            total = zlib.crc32(rows.tobytes(), zlib.crc32(about.encode(), total))
    return total


def _described(place: str, part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, nnx.Variable):
        return  # its shape and type are checked with its numbers
    yield place, _word(part)
    for name, child in _children(part):
        if name not in LEFT_OUT and not name.startswith("_") and not name.endswith("_init"):
            yield from _described(f"{place}/{name}", child)


def _children(part: Any) -> list[tuple[str, Any]]:
    if isinstance(part, (list, tuple, nnx.List)):
        return [(str(index), child) for index, child in enumerate(part)]
    if isinstance(part, dict):
        return [(str(name), child) for name, child in part.items()]
    if isinstance(part, partial):
        return [("function", part.func), ("arguments", part.args), *part.keywords.items()]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return [(field.name, getattr(part, field.name)) for field in dataclasses.fields(part)]
    return list(vars(part).items()) if isinstance(part, nnx.Module) else []


def _word(part: Any) -> str:
    if part is None or isinstance(part, (bool, int, float, str, np.number)):
        return repr(part)
    if isinstance(part, (list, tuple, dict, nnx.List)):
        return f"{len(part)} parts"
    if isinstance(part, (np.ndarray, jax.Array)):
        return f"{part.dtype} of shape {part.shape}, checksum {fingerprint(part)}"
    return getattr(part, "__qualname__", None) or getattr(part, "__name__", None) or type(part).__qualname__
