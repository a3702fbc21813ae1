"""The linear maps propagate, scatter and correlate as JAX primitives, each rule in terms of the three."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines import _host
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import InMemory, Storage
from jaxseis.interpolation import Window
from jaxseis.rules._calls import Dict, callback, data_structure, like, shot_count, source_structure

EXACT = InMemory(every=1)


def propagate(problem: Problem, c: Dict, source: Dict, receiver: Dict, storage: Storage = EXACT) -> Array:
    """q -> d; derivatives in c keep the wavefield as ``storage`` says."""
    return _bind(_propagate, (c, source, receiver), problem=problem, storage=storage)


def scatter(problem: Problem, storage: Storage, c: Dict, dc: Dict, source: Dict, receiver: Dict) -> Array:
    """dc -> dd."""
    return _bind(_scatter, (c, dc, source, receiver), problem=problem, storage=storage)


def _bind(bind: Callable[..., list[Array]], arrays: PyTree, **params: Any) -> Any:
    leaves, tree = jax.tree.flatten(arrays)
    results = bind(*leaves, tree=tree, **params)
    return results[0] if bind is not _correlate else _unflatten_c(arrays[0], results)


def _unflatten_c(c: Dict, leaves: list[Array]) -> Dict:
    return jax.tree.unflatten(jax.tree.structure(c), leaves)


def second_order(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"The second derivative in {name} is not available with the devito engine: use the Gauss-Newton "
        'product J.T @ (J @ dm), or engine="xla", which differentiates to any order.'
    )


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, _compat.Zero) or tangent.dtype == jax.dtypes.float0


def _tangent_terms(
    apply: Callable[[Dict, Dict], PyTree], source: Dict, receiver: Dict, ds: Dict, dr: Dict
) -> list[PyTree]:
    """One term for each data argument of a source and receiver that has a tangent.

    Every such argument enters linearly, so its term is the map with the tangent in its place; moving
    a point is one map per axis with the slopes of its window's weights.
    """
    terms = []
    for key in _host.SOURCE_DATA:
        if key in source and not _is_zero(ds[key]):
            terms.append(apply(source | {key: ds[key]}, receiver))
        if receiver.get(key) is not None and not _is_zero(dr[key]):
            terms.append(apply(source, receiver | {key: dr[key]}))
    if "positions" in source and not _is_zero(ds["positions"]):
        for a in range(source["positions"].shape[-1]):
            moved = source["traces"] * ds["positions"][:, None, :, a]
            terms.append(apply(source | {"traces": moved, "window": sloped(source["window"], a)}, receiver))
    if "positions" in receiver and not _is_zero(dr["positions"]):
        for a in range(receiver["positions"].shape[-1]):
            moved = apply(source, receiver | {"window": sloped(receiver["window"], a)})
            terms.append(moved * dr["positions"][:, None, :, a])
    return terms


def sloped(window: Window, axis: int) -> Window:
    """The window of the derivative with respect to the position along an axis."""
    return replace(window, weights=window.weights.at[..., axis, :].set(window.slopes[..., axis, :]))


def _add(terms: list[PyTree], zero: PyTree) -> PyTree:
    total = zero if not terms else terms[0]
    for term in terms[1:]:
        total = jax.tree.map(jnp.add, total, term)
    return total


def _dense(tangents: Dict, like: Dict) -> Dict:
    return {k: jnp.zeros_like(like[k]) if _is_zero(t) else t for k, t in tangents.items()}


def _propagate_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    dc, ds, dr = jax.tree.unflatten(tree, tangents)
    changed = not all(map(_is_zero, dc.values()))
    terms = _tangent_terms(lambda s, r: propagate(problem, c, s, r, storage), source, receiver, ds, dr)
    if changed:
        terms.append(scatter(problem, storage, c, _dense(dc, c), source, receiver))
    d = _bind(_propagate, arrays, problem=problem, storage=storage)
    return [d], [_add(terms, jnp.zeros_like(d))]


def _scatter_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, dc, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    tc, tdc, ds, dr = jax.tree.unflatten(tree, tangents)
    if not all(map(_is_zero, tc.values())):
        raise second_order("the model")
    apply = partial(scatter, problem, storage, c)
    terms = _tangent_terms(lambda s, r: apply(dc, s, r), source, receiver, ds, dr)
    if not all(map(_is_zero, tdc.values())):
        terms.append(apply(_dense(tdc, dc), source, receiver))
    d = _bind(_scatter, arrays, problem=problem, storage=storage)
    return [d], [_add(terms, jnp.zeros_like(d))]


def _correlate_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    tc, ds, dr, dy = jax.tree.unflatten(tree, tangents)
    if not all(map(_is_zero, tc.values())):
        raise second_order("the model")
    if "positions" in receiver and not _is_zero(dr["positions"]):
        raise second_order("receiver positions")
    apply = lambda s, r, y: _bind(_correlate, (c, s, r, y), problem=problem, storage=storage)  # noqa: E731
    terms = _tangent_terms(lambda s, r: apply(s, r, y), source, receiver, ds, dr)
    if not _is_zero(dy):
        terms.append(apply(source, receiver, dy))
    g = _bind(_correlate, arrays, problem=problem, storage=storage)
    return list(g.values()), list(_add(terms, jax.tree.map(jnp.zeros_like, g)).values())


def _cotangents(arrays: PyTree, values: dict[tuple[Any, ...], Any]) -> list[Any]:
    """A cotangent for each operand: the given ones (by path), None for the others."""
    paths = jax.tree_util.tree_flatten_with_path(arrays, is_leaf=_compat.is_undefined)[0]
    return [values.get(tuple(getattr(p, "key", getattr(p, "idx", None)) for p in path)) for path, _ in paths]


def _undefined(x: Dict) -> list[str]:
    return [k for k, v in x.items() if _compat.is_undefined(v)]


def _transposed_source(apply: Callable[[Dict, Dict], Array], source: Dict, receiver: Dict, y: Array, key: str) -> Array:
    """The transpose in one data argument of the source: the map with the roles exchanged, in reversed time."""
    driver = _host.reverse_source(receiver, y)
    if key in ("weights", "wavelet"):
        other = "wavelet" if key == "weights" else "weights"
        sampler = {other: source[other][:, ::-1] if other == "wavelet" else source[other]}
    else:
        sampler = _host.reverse_receiver(source)
    result = apply(driver, sampler)
    return shared_sum(_host.reverse_time({key: result})[key], source[key].aval.shape)


def _transposed_receiver(apply: Callable[[Dict], Array], receiver: Dict, y: Array, key: str) -> Array:
    """The transpose in the weights (or wavelet) of an extended receiver."""
    other = "wavelet" if key == "weights" else "weights"
    return shared_sum(apply({other: y}), receiver[key].aval.shape)


def shared_sum(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum over shots where one array serves them all."""
    return jnp.sum(x, 0, keepdims=True) if shape[0] == 1 and x.shape[0] > 1 else x


def _transpose_in_data(
    apply: Callable[[Dict, Dict], Array],
    swapped: Callable[[Dict, Dict], Array],
    source: Dict,
    receiver: Dict,
    y: Array,
    first: int,
) -> dict[tuple[Any, ...], Array]:
    values = {(first, k): _transposed_source(swapped, source, receiver, y, k) for k in _undefined(source)}
    for k in _undefined(receiver):
        values[first + 1, k] = _transposed_receiver(lambda r: apply(source, r), receiver, y, k)
    return values


def _propagate_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    y = _compat.instantiate(cts[0])
    apply = partial(propagate, problem, c, storage=storage)
    return _cotangents(arrays, _transpose_in_data(apply, apply, source, receiver, y, 1))


def _scatter_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, dc, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    y = _compat.instantiate(cts[0])
    if _undefined(dc):
        g = _bind(_correlate, (c, source, receiver, y), problem=problem, storage=storage)
        return _cotangents(arrays, {(1, k): v for k, v in g.items()})
    apply = partial(scatter, problem, storage, c, dc)
    return _cotangents(arrays, _transpose_in_data(apply, apply, source, receiver, y, 2))


def _correlate_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    dc = _unflatten_c(c, [_compat.instantiate(ct) for ct in cts])
    apply = partial(scatter, problem, storage, c, dc)
    if _compat.is_undefined(y):
        return _cotangents(arrays, {(3,): apply(source, receiver)})
    return _cotangents(arrays, _transpose_in_data(apply, apply, source, receiver, y, 1))


def _batcher(bind: Callable[[], Callable[..., list[Array]]], held: tuple[int, ...]) -> Callable[..., Any]:
    """vmap: a batch of sources or data becomes more shots of one host call; a batch of any of the
    operands numbered ``held`` (coefficients, which all shots share) is one host call each."""

    def rule(leaves: Any, axes: Any, *, tree: Any, **params: Any) -> Any:
        size = next(v.shape[a] for v, a in zip(leaves, axes, strict=True) if a is not None)
        leaves = [v if a is None else jnp.moveaxis(v, a, 0) for v, a in zip(leaves, axes, strict=True)]
        batched = [a is not None for a in axes]
        which = jax.tree.unflatten(tree, batched)
        if any(any(jax.tree.leaves(which[i])) for i in held):
            rows = lambda xs: bind()(*_merge(leaves, batched, xs), tree=tree, **params)  # noqa: E731
            results = jax.lax.map(rows, [v for v, b in zip(leaves, batched, strict=True) if b])
            return results, [0] * len(results)
        operands = jax.tree.unflatten(tree, leaves)
        keep = {id(v) for i in held for v in jax.tree.leaves(operands[i])}
        shots = max(v.shape[b] for v, b in zip(leaves, batched, strict=True) if id(v) not in keep)
        folded = [v if id(v) in keep else _fold(v, b, size, shots) for v, b in zip(leaves, batched, strict=True)]
        results = bind()(*folded, tree=tree, **params)
        return [r.reshape(size, shots, *r.shape[1:]) for r in results], [0] * len(results)

    return rule


def _merge(leaves: list[Any], batched: list[bool], rows: list[Any]) -> list[Any]:
    rest = iter(rows)
    return [next(rest) if b else v for v, b in zip(leaves, batched, strict=True)]


def _fold(v: Array, batched: bool, size: int, shots: int) -> Array:
    """(batch, shot, ...) as more shots; an unbatched array repeats, unless one serves all shots."""
    if not batched:
        return v if v.shape[0] == 1 else jnp.tile(v, (size, *[1] * (v.ndim - 1)))
    v = jnp.broadcast_to(v, (size, shots, *v.shape[2:]))
    return v.reshape(size * shots, *v.shape[2:])


def _propagate_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, source, receiver = jax.tree.unflatten(tree, leaves)
    return [callback("forward", problem, None, data_structure(problem, source, receiver), c, source, receiver)]


def _propagate_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    _, source, receiver = jax.tree.unflatten(tree, leaves)
    return [data_structure(problem, source, receiver)]


def _scatter_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, dc, source, receiver = jax.tree.unflatten(tree, leaves)
    return [callback("born", problem, None, data_structure(problem, source, receiver), c, dc, source, receiver)]


def _scatter_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    _, _, source, receiver = jax.tree.unflatten(tree, leaves)
    return [data_structure(problem, source, receiver)]


def _correlate_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, source, receiver, y = jax.tree.unflatten(tree, leaves)
    structure = (like(c), source_structure(source, shot_count(source, receiver, {"y": y})))
    return list(callback("correlate", problem, storage, structure, c, source, receiver, y)[0].values())


def _correlate_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    return list(like(jax.tree.unflatten(tree, leaves)[0]).values())


_propagate = _compat.define_primitive(
    "propagate",
    _propagate_call,
    _propagate_shapes,
    _propagate_jvp,
    _propagate_transpose,
    _batcher(lambda: _propagate, (0,)),
)
_scatter = _compat.define_primitive(
    "scatter",
    _scatter_call,
    _scatter_shapes,
    _scatter_jvp,
    _scatter_transpose,
    _batcher(lambda: _scatter, (0, 1)),
)
# the gradient sums over shots, so a batch of anything is a host call each
_correlate = _compat.define_primitive(
    "correlate",
    _correlate_call,
    _correlate_shapes,
    _correlate_jvp,
    _correlate_transpose,
    _batcher(lambda: _correlate, (0, 1, 2, 3)),
)
