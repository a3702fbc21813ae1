"""The host calls of a value and its gradient as primitives: ``recorded`` keeps the wavefield, ``gradient`` takes it.

They are propagate and correlate with the adjoint at the source, computed together; their derivatives are in terms of
those, and keep every level.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines import _host
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import Storage
from jaxseis.rules._batching import batcher
from jaxseis.rules._calls import Dict, callback, data_structure, like, shot_count, source_structure
from jaxseis.rules._ends import is_zero, sampler_for
from jaxseis.rules._primitives import correlate_tangent, propagate, scatter_tangent

Names = tuple[str, ...]


def recorded(problem: Problem, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> Array:
    """q -> d, with the wavefield kept for :func:`gradient`."""
    leaves, tree = jax.tree.flatten((c, source, receiver))
    return _recorded(*leaves, tree=tree, problem=problem, storage=storage)[0]


def gradient(
    problem: Problem, storage: Storage, data: Names, c: Dict, source: Dict, receiver: Dict, y: Array
) -> tuple[Dict, Dict]:
    """The gradients in the coefficients and, for each shot, in some data of the source: one adjoint propagation."""
    leaves, tree = jax.tree.flatten((c, source, receiver, y))
    results = _gradient(*leaves, tree=tree, problem=problem, storage=storage, data=data)
    return jax.tree.unflatten(jax.tree.structure((c, {k: source[k] for k in data})), results)


def at_source(problem: Problem, storage: Storage, key: str, c: Dict, source: Dict, receiver: Dict, y: Array) -> Array:
    """The gradient in one data argument of the source, for each shot."""
    adjoint = propagate(problem, c, _host.reverse_source(receiver, y), sampler_for(source, key), exact(storage))
    return _host.reverse_time({key: adjoint})[key]


def exact(storage: Storage) -> Storage:
    """The same kind of storage with every level, for the derivative of a gradient."""
    return replace(storage, every=1)


def _recorded_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    (c, *ends), (tc, *tends) = arrays, _ = [jax.tree.unflatten(tree, x) for x in (leaves, tangents)]
    dd = scatter_tangent(problem, exact(storage), (c, (), *ends), (tc, (), *tends))
    return [recorded(problem, storage, *arrays)], [dd]


def _gradient_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage, data: Names) -> Any:
    (c, *rest), (tc, *trest) = arrays, tangents = [jax.tree.unflatten(tree, x) for x in (leaves, tangents)]
    dc = correlate_tangent(problem, exact(storage), (c, (), *rest), (tc, (), *trest))
    ds = {k: _tangent_of(partial(at_source, problem, storage, k), arrays, tangents) for k in data}
    return jax.tree.leaves(gradient(problem, storage, data, *arrays)), jax.tree.leaves((dc, ds))


def _tangent_of(f: Callable[..., Any], arrays: PyTree, tangents: PyTree) -> Any:
    """The derivative of ``f(*arrays)``, which is constant in all that has no tangent."""
    leaves, tree = jax.tree.flatten(arrays)
    moving = {i: t for i, t in enumerate(tree.flatten_up_to(tangents)) if not is_zero(t)}

    def of(moved: dict[int, Array]) -> Any:
        return f(*jax.tree.unflatten(tree, [moved.get(i, leaf) for i, leaf in enumerate(leaves)]))

    return jax.jvp(of, ({i: leaves[i] for i in moving},), (moving,))[1]


def _recorded_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    arrays = jax.tree.unflatten(tree, leaves)
    return [callback("forward", problem, storage, data_structure(problem, *arrays[1:]), *arrays)]


def _recorded_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    return [data_structure(problem, *jax.tree.unflatten(tree, leaves)[1:])]


def _gradient_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage, data: Names) -> list[Array]:
    c, source, *rest = jax.tree.unflatten(tree, leaves)
    structure = (like(c), source_structure(source, shot_count(source, rest)))
    dc, ds = callback("gradient", problem, storage, structure, c, (), source, *rest)
    return jax.tree.leaves((dc, {k: ds[k] for k in data}))


def _gradient_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage, data: Names) -> list[Any]:
    c, source, *rest = jax.tree.unflatten(tree, leaves)
    ds = source_structure(source, shot_count(source, rest))
    return jax.tree.leaves((like(c), {k: ds[k] for k in data}))


# one host call for each of a batch: the wavefield is found by what it was kept for
_recorded: Callable[..., list[Array]] = _compat.define_primitive(
    "recorded", _recorded_call, _recorded_shapes, _recorded_jvp, None, batcher(lambda: _recorded, (0, 1, 2))
)
_gradient: Callable[..., list[Array]] = _compat.define_primitive(
    "gradient", _gradient_call, _gradient_shapes, _gradient_jvp, None, batcher(lambda: _gradient, (0, 1, 2, 3))
)
