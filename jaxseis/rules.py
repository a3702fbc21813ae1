r"""Where JAX meets the engines: the only file with ``custom_vjp`` and ``pure_callback``.

Notation: ``c`` coefficients on the padded grid, ``q`` source, ``d = P A(c)^-1 q`` data. Three linear
maps are JAX primitives on top of compiled kernels:

    propagate   q  -> d          P A^-1 q
    scatter     dc -> dd         -P A^-1 (dA dc) A^-1 q        (Born, the derivative of d in c)
    correlate   y  -> dc         its transpose: -<A^-T P^T y, dA A^-1 q>

Each is linear in its data arguments, and their derivatives and transposes are these three again
(the adjoint kernel is the forward one on time-reversed data), so ``jvp``, ``grad``, ``vmap`` and
``linear_transpose`` compose; what is missing is the second derivative in ``c``, which says so.
The nonlinear map (c, q) -> d is by default a ``custom_vjp`` around the same host functions, which
stores the wavefield in its forward pass and so makes exactly two host calls for value and gradient.

With the XLA engine all of it is plain JAX.

Sources and receivers are dicts of arrays with a leading shot axis (1 where shared):

    source      traces (shot, time, point), window, positions | wavefield (shot, time, *grid)
                | weights (shot, *grid), wavelet (shot, time)
    receiver    window, positions | wavefield: None | weights | wavelet
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines import _host, xla
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import InMemory, Storage
from jaxseis.interpolation import Window

Dict = dict[str, Any]
EXACT = InMemory(every=1)


def propagate(problem: Problem, engine: str, c: Dict, source: Dict, receiver: Dict) -> Array:
    """Data of all shots, ``P A(c)^-1 q``; differentiable in everything by JAX's own rules."""
    if engine == "xla":
        return _xla(problem, c, source, receiver)
    return _bind(_propagate, (c, source, receiver), problem=problem)


def scatter(problem: Problem, engine: str, storage: Storage, c: Dict, dc: Dict, source: Dict, receiver: Dict) -> Array:
    """The derivative of :func:`propagate` along ``dc``; linear in ``dc`` and in the source."""
    if engine == "xla":
        return jax.jvp(lambda c: _xla(problem, c, source, receiver), (c,), (dc,))[1]
    return _bind(_scatter, (c, dc, source, receiver), problem=problem, storage=storage)


def model(problem: Problem, engine: str, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> Array:
    """:func:`propagate` in reverse mode only, which stores the wavefield as it goes."""
    if engine == "xla":
        return _xla(problem, c, source, receiver)
    return _model(problem, storage, c, source, receiver)


# --- the XLA engine ------------------------------------------------------------------------------


def _xla(problem: Problem, c: Dict, source: Dict, receiver: Dict) -> Array:
    shots = shot_count(source, receiver)
    source, receiver = ({k: v for k, v in x.items() if k != "positions"} for x in (source, receiver))
    one = lambda s, r: xla.propagate(problem, c, s, r)  # noqa: E731
    axes = [jax.tree.map(lambda v: 0 if v.shape[0] == shots else None, x) for x in (source, receiver)]
    squeezed = [
        jax.tree.map(lambda v, a: v if a == 0 else v[0], x, a, is_leaf=lambda v: v is None)
        for x, a in zip((source, receiver), axes, strict=True)
    ]
    if shots == 1:
        return one(*jax.tree.map(lambda v: v[0], (source, receiver)))[None]
    return jax.vmap(one, in_axes=tuple(axes))(*squeezed)


# --- host calls ----------------------------------------------------------------------------------


def shot_count(*operands: Dict) -> int:
    """Number of shots: the largest leading axis."""
    return max(leaf.shape[0] for leaf in jax.tree.leaves(operands))


def _data_structure(problem: Problem, source: Dict, receiver: Dict) -> jax.ShapeDtypeStruct:
    shots, nt = shot_count(source, receiver), problem.steps
    if "window" in receiver:
        shape = (shots, nt, receiver["window"].index.shape[1])
    elif "wavefield" in receiver:
        shape = (shots, nt, *problem.grid.shape)
    else:
        shape = (shots, nt) if "weights" in receiver else (shots, *problem.grid.shape)
    return jax.ShapeDtypeStruct(shape, problem.dtype)


def _like(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: jax.ShapeDtypeStruct(v.shape, v.dtype), x)


def _source_structure(source: Dict, shots: int) -> Dict:
    """Structure of the adjoint of a source: its data arrays, with all shots."""
    return {
        k: jax.ShapeDtypeStruct((shots, *v.shape[1:]), v.dtype) for k, v in source.items() if k in _host.SOURCE_DATA
    }


@lru_cache(maxsize=256)
def _host_call(kind: str, problem: Problem, storage: Storage | None, tree: Any) -> Callable[..., Any]:
    """A host function of flat NumPy arguments; cached, since JAX compares callbacks by identity."""

    def call(*leaves: Any) -> Any:
        arrays = jax.tree.unflatten(tree, [np.asarray(leaf) for leaf in leaves])
        return _HOST[kind](problem, storage, *arrays)

    return call


def _callback(kind: str, problem: Problem, storage: Storage | None, structure: PyTree, *arrays: Any) -> Any:
    leaves, tree = jax.tree.flatten(arrays)
    call = _host_call(kind, problem, storage, tree)
    return jax.pure_callback(call, structure, *leaves, vmap_method="sequential")


def _only(outputs: dict[str, np.ndarray]) -> np.ndarray:
    (value,) = outputs.values()
    return value


def _host_forward(problem: Problem, storage: Storage | None, c: Dict, source: Dict, receiver: Dict) -> np.ndarray:
    return _only(_host.forward(problem, c, source, receiver, shot_count(source, receiver), storage))


def _host_born(problem: Problem, storage: Any, c: Dict, dc: Dict, source: Dict, receiver: Dict) -> np.ndarray:
    return _only(_host.born(problem, c, dc, source, receiver, shot_count(source, receiver)))


def _host_gradient(problem: Problem, storage: Any, c: Dict, source: Dict, receiver: Dict, y: np.ndarray) -> Any:
    return _host.gradient(problem, c, source, receiver, y, shot_count(source, receiver), storage)


_HOST = {"forward": _host_forward, "born": _host_born, "gradient": _host_gradient}


# --- primitives ----------------------------------------------------------------------------------


def _bind(bind: Callable[..., list[Array]], arrays: PyTree, **params: Any) -> Any:
    leaves, tree = jax.tree.flatten(arrays)
    results = bind(*leaves, tree=tree, **params)
    return results[0] if bind is not _correlate else _unflatten_c(arrays[0], results)


def _unflatten_c(c: Dict, leaves: list[Array]) -> Dict:
    return jax.tree.unflatten(jax.tree.structure(c), leaves)


def _second_order(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"The second derivative in {name} is not available with the devito engine: use the Gauss-Newton "
        'product J.T @ (J @ dm), or engine="xla", which differentiates to any order.'
    )


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, _compat.Zero) or tangent.dtype == jax.dtypes.float0


def _tangent_terms(apply: Callable[[Dict, Dict], PyTree], source: Dict, receiver: Dict, ds: Dict, dr: Dict) -> list[PyTree]:
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
            terms.append(apply(source | {"traces": moved, "window": _sloped(source["window"], a)}, receiver))
    if "positions" in receiver and not _is_zero(dr["positions"]):
        for a in range(receiver["positions"].shape[-1]):
            moved = apply(source, receiver | {"window": _sloped(receiver["window"], a)})
            terms.append(moved * dr["positions"][:, None, :, a])
    return terms


def _sloped(window: Window, axis: int) -> Window:
    """The window of the derivative with respect to the position along an axis."""
    return window._replace(weights=window.weights.at[..., axis, :].set(window.slopes[..., axis, :]))


def _add(terms: list[PyTree], zero: PyTree) -> PyTree:
    total = zero if not terms else terms[0]
    for term in terms[1:]:
        total = jax.tree.map(jnp.add, total, term)
    return total


def _dense(tangents: Dict, like: Dict) -> Dict:
    return {k: jnp.zeros_like(like[k]) if _is_zero(t) else t for k, t in tangents.items()}


def _propagate_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem) -> Any:
    c, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    dc, ds, dr = jax.tree.unflatten(tree, tangents)
    changed = not all(map(_is_zero, dc.values()))
    terms = _tangent_terms(lambda s, r: propagate(problem, "devito", c, s, r), source, receiver, ds, dr)
    if changed:
        terms.append(scatter(problem, "devito", EXACT, c, _dense(dc, c), source, receiver))
    d = _bind(_propagate, arrays, problem=problem)
    return [d], [_add(terms, jnp.zeros_like(d))]


def _scatter_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, dc, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    tc, tdc, ds, dr = jax.tree.unflatten(tree, tangents)
    if not all(map(_is_zero, tc.values())):
        raise _second_order("the model")
    apply = partial(scatter, problem, "devito", storage, c)
    terms = _tangent_terms(lambda s, r: apply(dc, s, r), source, receiver, ds, dr)
    if not all(map(_is_zero, tdc.values())):
        terms.append(apply(_dense(tdc, dc), source, receiver))
    d = _bind(_scatter, arrays, problem=problem, storage=storage)
    return [d], [_add(terms, jnp.zeros_like(d))]


def _correlate_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    tc, ds, dr, dy = jax.tree.unflatten(tree, tangents)
    if not all(map(_is_zero, tc.values())):
        raise _second_order("the model")
    if "positions" in receiver and not _is_zero(dr["positions"]):
        raise _second_order("receiver positions")
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
    return _shared_sum(_host.reverse_time({key: result})[key], source[key].aval.shape)


def _transposed_receiver(apply: Callable[[Dict], Array], receiver: Dict, y: Array, key: str) -> Array:
    """The transpose in the weights (or wavelet) of an extended receiver."""
    other = "wavelet" if key == "weights" else "weights"
    return _shared_sum(apply({other: y}), receiver[key].aval.shape)


def _shared_sum(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum over shots where one array serves them all."""
    return jnp.sum(x, 0, keepdims=True) if shape[0] == 1 and x.shape[0] > 1 else x


def _transpose_in_data(
    apply: Callable[[Dict, Dict], Array], swapped: Callable[[Dict, Dict], Array], source: Dict, receiver: Dict, y: Array,
    first: int,
) -> dict[tuple[Any, ...], Array]:
    values = {(first, k): _transposed_source(swapped, source, receiver, y, k) for k in _undefined(source)}
    for k in _undefined(receiver):
        values[first + 1, k] = _transposed_receiver(lambda r: apply(source, r), receiver, y, k)
    return values


def _propagate_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem) -> Any:
    c, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    y = _compat.instantiate(cts[0])
    apply = partial(propagate, problem, "devito", c)
    return _cotangents(arrays, _transpose_in_data(apply, apply, source, receiver, y, 1))


def _scatter_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, dc, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    y = _compat.instantiate(cts[0])
    if _undefined(dc):
        g = _bind(_correlate, (c, source, receiver, y), problem=problem, storage=storage)
        return _cotangents(arrays, {(1, k): v for k, v in g.items()})
    apply = partial(scatter, problem, "devito", storage, c, dc)
    return _cotangents(arrays, _transpose_in_data(apply, apply, source, receiver, y, 2))


def _correlate_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    dc = _unflatten_c(c, [_compat.instantiate(ct) for ct in cts])
    apply = partial(scatter, problem, "devito", storage, c, dc)
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


def _propagate_call(*leaves: Any, tree: Any, problem: Problem) -> list[Array]:
    c, source, receiver = jax.tree.unflatten(tree, leaves)
    return [_callback("forward", problem, None, _data_structure(problem, source, receiver), c, source, receiver)]


def _propagate_shapes(*leaves: Any, tree: Any, problem: Problem) -> list[Any]:
    _, source, receiver = jax.tree.unflatten(tree, leaves)
    return [_data_structure(problem, source, receiver)]


def _scatter_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, dc, source, receiver = jax.tree.unflatten(tree, leaves)
    return [_callback("born", problem, None, _data_structure(problem, source, receiver), c, dc, source, receiver)]


def _scatter_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    _, _, source, receiver = jax.tree.unflatten(tree, leaves)
    return [_data_structure(problem, source, receiver)]


def _correlate_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, source, receiver, y = jax.tree.unflatten(tree, leaves)
    structure = (_like(c), _source_structure(source, shot_count(source, receiver, {"y": y})))
    return list(_callback("gradient", problem, storage, structure, c, source, receiver, y)[0].values())


def _correlate_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    return list(_like(jax.tree.unflatten(tree, leaves)[0]).values())


_propagate = _compat.define_primitive(
    "propagate", _propagate_call, _propagate_shapes, _propagate_jvp, _propagate_transpose,
    _batcher(lambda: _propagate, (0,)),
)
_scatter = _compat.define_primitive(
    "scatter", _scatter_call, _scatter_shapes, _scatter_jvp, _scatter_transpose, _batcher(lambda: _scatter, (0, 1)),
)
# the gradient sums over shots, so a batch of anything is a host call each
_correlate = _compat.define_primitive(
    "correlate", _correlate_call, _correlate_shapes, _correlate_jvp, _correlate_transpose,
    _batcher(lambda: _correlate, (0, 1, 2, 3)),
)


# --- the nonlinear map ---------------------------------------------------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _model(problem: Problem, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> Array:
    return propagate(problem, "devito", c, source, receiver)


def _model_forward(problem: Problem, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> tuple[Array, PyTree]:
    values, perturbed = (
        jax.tree.map(lambda v, i=i: (v.value, v.perturbed)[i], (c, source, receiver), is_leaf=lambda v: hasattr(v, "perturbed"))
        for i in (0, 1)
    )
    keep = storage if any(perturbed[0].values()) else None
    d = _callback("forward", problem, keep, _data_structure(problem, *values[1:]), *values)
    moving = jax.tree.map(bool, (perturbed[1].get("positions", False), perturbed[2].get("positions", False)))
    return d, (values, _Static((keep is not None, *moving)))


def _model_backward(problem: Problem, storage: Storage, residuals: PyTree, y: Array) -> tuple[Any, ...]:
    (c, source, receiver), flags = residuals
    in_c, source_moves, receiver_moves = flags.value
    apply = partial(propagate, problem, "devito", c)
    if in_c:
        structure = (_like(c), _source_structure(source, y.shape[0]))
        dc, ds = _callback("gradient", problem, storage, structure, c, source, receiver, y)
    else:
        dc = None
        ds = {
            k: _host.reverse_time({k: apply(_host.reverse_source(receiver, y), _sampler_for(source, k))})[k]
            for k in source if k in _host.SOURCE_DATA
        }
    ds = {k: _shared_sum(v, source[k].shape) for k, v in ds.items()}
    along = range(problem.ndim)
    if source_moves:
        driver = _host.reverse_source(receiver, y)
        v = [apply(driver, {"window": _sloped(source["window"], a)})[:, ::-1] for a in along]
        ds["positions"] = _shared_sum(
            jnp.stack([jnp.sum(source["traces"] * va, 1) for va in v], -1), source["positions"].shape
        )
    dr: Dict = {}
    if receiver_moves:
        u = [apply(source, receiver | {"window": _sloped(receiver["window"], a)}) for a in along]
        dr["positions"] = _shared_sum(jnp.stack([jnp.sum(y * ua, 1) for ua in u], -1), receiver["positions"].shape)
    for k in ("weights", "wavelet"):
        if k in receiver:
            dr[k] = _shared_sum(apply(source, {"wavelet" if k == "weights" else "weights": y}), receiver[k].shape)
    return dc, {k: ds.get(k) for k in source}, {k: dr.get(k) for k in receiver}


def _sampler_for(source: Dict, key: str) -> Dict:
    """What samples the adjoint of one data argument of a source."""
    sampler = _host.reverse_receiver(source)
    if key in ("weights", "wavelet"):
        return {k: v for k, v in sampler.items() if k != key}
    return sampler


@jax.tree_util.register_static
class _Static:
    """A hashable value carried through a pytree without becoming an array."""

    def __init__(self, value: tuple[bool, ...]):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


_model.defvjp(_model_forward, _model_backward, symbolic_zeros=True)
