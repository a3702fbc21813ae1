"""What the rules of all maps share: tangents and transposes in the data of sources and receivers.

Every data argument enters linearly, so its tangent goes in its place, and its transpose is the map with the roles of
the ends exchanged, in reversed time. Moving a point is one map per axis with the slopes of its window's weights.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines import _host
from jaxseis.interpolation import Window
from jaxseis.rules._calls import Dict

Map = Callable[[Dict, Dict], Any]
"""A map of a source and a receiver."""


def second_order(name: str) -> NotImplementedError:
    """What is missing on the compiled engine."""
    return NotImplementedError(
        f"The second derivative in {name} is not available with the devito engine: "
        'use engine="xla", which differentiates to any order.'
    )


def is_zero(tangent: Any) -> bool:
    """Whether a tangent is known to be zero."""
    return isinstance(tangent, _compat.Zero) or tangent.dtype == jax.dtypes.float0


def dense(tangents: Dict, like: Dict) -> Dict:
    """Tangents with zeros for those that are known to be zero."""
    return {k: jnp.zeros_like(like[k]) if is_zero(t) else t for k, t in tangents.items()}


def data_terms(apply: Map, source: Dict, receiver: Dict, ds: Dict, dr: Dict) -> Iterator[PyTree]:
    """One term for each data argument of a source and receiver that has a tangent."""
    for key in _host.SOURCE_DATA:
        if key in source and not is_zero(ds[key]):
            yield apply(source | {key: ds[key]}, receiver)
        if receiver.get(key) is not None and not is_zero(dr[key]):
            yield apply(source, receiver | {key: dr[key]})


def moving_terms(apply: Map, source: Dict, receiver: Dict, ds: Dict) -> Iterator[PyTree]:
    """One term for each axis along which the source moves."""
    for a, distance in shifts(source, ds):
        yield apply(sloped(source, a) | {"traces": source["traces"] * distance}, receiver)


def shifts(end: Dict, tangents: Dict) -> Iterator[tuple[int, Array]]:
    """The axes along which the points of an end move, and how far, to multiply traces with.

    A window that moves without its positions has been sloped: it moves for the second time.
    """
    if "positions" in end:
        x = tangents["positions"]
        yield from () if is_zero(x) else ((a, x[:, None, :, a]) for a in range(x.shape[-1]))
    elif "window" in end and not is_zero(tangents["window"].weights):
        raise second_order("positions")


def sloped(end: Dict, axis: int) -> Dict:
    """An end whose window has the derivative of its weights with respect to the position along an axis."""
    window: Window = end["window"]
    weights = window.weights.at[..., axis, :].set(window.slopes[..., axis, :])
    return {k: v for k, v in end.items() if k != "positions"} | {"window": replace(window, weights=weights)}


def cotangents(arrays: PyTree, values: dict[tuple[Any, ...], Any]) -> list[Any]:
    """A cotangent for each operand: the given ones (by path), None for the others."""
    paths = jax.tree_util.tree_flatten_with_path(arrays, is_leaf=_compat.is_undefined)[0]
    return [values.get(tuple(getattr(p, "key", getattr(p, "idx", None)) for p in path)) for path, _ in paths]


def undefined(x: Dict) -> list[str]:
    """The arguments in which a map is transposed."""
    return [k for k, v in x.items() if _compat.is_undefined(v)]


def transposed_in_data(
    apply: Map, swapped: Map, source: Dict, receiver: Dict, y: Array, first: int
) -> dict[tuple[Any, ...], Array]:
    """The cotangents of the data arguments of the operands ``first`` (source) and ``first + 1`` (receiver)."""
    values = {(first, k): _in_source(swapped, source, receiver, y, k) for k in undefined(source)}
    for k in undefined(receiver):
        other = "wavelet" if k == "weights" else "weights"
        values[first + 1, k] = shared_sum(apply(source, {other: y}), receiver[k].aval.shape)
    return values


def _in_source(swapped: Map, source: Dict, receiver: Dict, y: Array, key: str) -> Array:
    driver = _host.reverse_source(receiver, y)
    result = _host.reverse_time({key: swapped(driver, sampler_for(source, key))})[key]
    return shared_sum(result, source[key].aval.shape)


def sampler_for(source: Dict, key: str) -> Dict:
    """What samples the adjoint of one data argument of a source."""
    if key in ("weights", "wavelet"):
        other = "wavelet" if key == "weights" else "weights"
        return {other: source[other][:, ::-1] if other == "wavelet" else source[other]}
    return _host.reverse_receiver(source)


def shared_sum(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum over shots where one array serves them all."""
    return jnp.sum(x, 0, keepdims=True) if shape[0] == 1 and x.shape[0] > 1 else x
