"""The maps scatter and correlate as JAX primitives, each rule in terms of the two.

Both take directions h, k, ... in the coefficients, and are linear in each of them:

    scatter(c; h, k, ...; s, r)         D^n F(c)[h, k, ...] s, for data F(c) s; without directions it is propagate
    correlate(c; h, k, ...; s, r, y)    the gradient in c of <scatter(c; h, k, ...; s, r), y>

The derivative in c appends a direction. Derivatives of higher order are symmetric, so the transpose in one direction
of scatter is the correlation with the others, and that of correlate is correlate, with the cotangent in its place.
"""

from collections.abc import Callable, Iterator
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines._linearity import law_is_linear
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import InMemory, Storage
from jaxseis.rules._batching import batcher
from jaxseis.rules._calls import Dict, callback, data_structure, like, shot_count, source_structure
from jaxseis.rules._ends import (
    cotangents,
    data_terms,
    dense,
    is_zero,
    moving_terms,
    second_order,
    shifts,
    sloped,
    transposed_in_data,
    undefined,
)

Directions = tuple[Dict, ...]
EXACT = InMemory(every=1)


def propagate(problem: Problem, c: Dict, source: Dict, receiver: Dict, storage: Storage = EXACT) -> Array:
    """q -> d; derivatives in c keep the wavefield as ``storage`` says."""
    return scatter(problem, storage, c, (), source, receiver)


def scatter(problem: Problem, storage: Storage, c: Dict, directions: Directions, source: Dict, receiver: Dict) -> Array:
    """dc -> dd, and of higher order."""
    _check_law(problem, len(directions))
    leaves, tree = jax.tree.flatten((c, directions, source, receiver))
    return _scatter(*leaves, tree=tree, problem=problem, storage=storage)[0]


def correlate(
    problem: Problem, storage: Storage, c: Dict, directions: Directions, source: Dict, receiver: Dict, y: Array
) -> Dict:
    """y -> dc, and of higher order; ``storage`` is for the first one only, others keep every level."""
    _check_law(problem, len(directions) + 1)
    leaves, tree = jax.tree.flatten((c, directions, source, receiver, y))
    return jax.tree.unflatten(jax.tree.structure(c), _correlate(*leaves, tree=tree, problem=problem, storage=storage))


def _check_law(problem: Problem, order: int) -> None:
    if order > 1 and not law_is_linear(problem.equation, problem.ndim):
        raise second_order("a model whose stress law is not linear in its coefficients")


def scatter_tangent(problem: Problem, storage: Storage, arrays: PyTree, tangents: PyTree) -> Array:
    """The derivative of scatter in everything that has a tangent."""
    c, directions, source, receiver = arrays
    tc, td, ds, dr = tangents
    of = partial(scatter, problem, storage, c)
    apply = partial(of, directions)
    terms = [of(other, source, receiver) for other in _moved_directions(c, directions, tc, td)]
    terms += data_terms(apply, source, receiver, ds, dr)
    terms += moving_terms(apply, source, receiver, ds)
    terms += [apply(source, sloped(receiver, a)) * distance for a, distance in shifts(receiver, dr)]
    if terms:
        return reduce(jnp.add, terms)
    structure = data_structure(problem, source, receiver)
    return _compat.varying_like(jnp.zeros(structure.shape, structure.dtype), arrays)


def correlate_tangent(problem: Problem, storage: Storage, arrays: PyTree, tangents: PyTree) -> Dict:
    """The derivative of correlate in everything that has a tangent."""
    c, directions, source, receiver, y = arrays
    tc, td, ds, dr, dy = tangents
    of = partial(correlate, problem, storage, c)
    apply = lambda source, receiver: of(directions, source, receiver, y)  # noqa: E731
    terms = [of(other, source, receiver, y) for other in _moved_directions(c, directions, tc, td)]
    terms += data_terms(apply, source, receiver, ds, dr)
    terms += moving_terms(apply, source, receiver, ds)
    terms += [of(directions, source, sloped(receiver, a), y * distance) for a, distance in shifts(receiver, dr)]
    terms += [] if is_zero(dy) else [of(directions, source, receiver, dy)]
    return reduce(partial(jax.tree.map, jnp.add), terms) if terms else jax.tree.map(jnp.zeros_like, c)


def _moved_directions(c: Dict, directions: Directions, tc: Dict, td: Directions) -> Iterator[Directions]:
    """The directions of each term in the derivative in the coefficients and in the directions."""
    if not all(map(is_zero, tc.values())):
        yield (*directions, dense(tc, c))
    for i, (h, dh) in enumerate(zip(directions, td, strict=True)):
        if not all(map(is_zero, dh.values())):
            yield _replaced(directions, i, dense(dh, h))


def _replaced(directions: Directions, i: int, *others: Dict) -> Directions:
    return (*directions[:i], *others, *directions[i + 1 :])


def _scatter_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    arrays, tangents = (jax.tree.unflatten(tree, x) for x in (leaves, tangents))
    return [scatter(problem, storage, *arrays)], [scatter_tangent(problem, storage, arrays, tangents)]


def _correlate_jvp(leaves: Any, tangents: Any, *, tree: Any, problem: Problem, storage: Storage) -> Any:
    arrays, tangents = (jax.tree.unflatten(tree, x) for x in (leaves, tangents))
    g, dg = correlate(problem, storage, *arrays), correlate_tangent(problem, storage, arrays, tangents)
    return list(g.values()), list(dg.values())


def _transposed_direction(directions: Directions) -> int | None:
    """The direction in which a map is transposed."""
    return next((i for i, h in enumerate(directions) if undefined(h)), None)


def _of_direction(directions: Directions, i: int, g: Dict) -> dict[tuple[Any, ...], Array]:
    return {(1, i, k): g[k] for k in undefined(directions[i])}


def _scatter_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, directions, source, receiver = arrays = jax.tree.unflatten(tree, leaves)
    y, i = _compat.instantiate(cts[0]), _transposed_direction(directions)
    if i is not None:
        g = correlate(problem, storage, c, _replaced(directions, i), source, receiver, y)
        return cotangents(arrays, _of_direction(directions, i, g))
    apply = partial(scatter, problem, storage, c, directions)
    return cotangents(arrays, transposed_in_data(apply, apply, source, receiver, y, 2))


def _correlate_transpose(cts: Any, *leaves: Any, tree: Any, problem: Problem, storage: Storage) -> Any:
    c, directions, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    h, i = dict(zip(c, map(_compat.instantiate, cts), strict=True)), _transposed_direction(directions)
    if i is not None:
        g = correlate(problem, storage, c, _replaced(directions, i, h), source, receiver, y)
        return cotangents(arrays, _of_direction(directions, i, g))
    apply = partial(scatter, problem, storage, c, (*directions, h))
    if _compat.is_undefined(y):
        return cotangents(arrays, {(4,): apply(source, receiver)})
    return cotangents(arrays, transposed_in_data(apply, apply, source, receiver, y, 2))


def _scatter_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, directions, source, receiver = jax.tree.unflatten(tree, leaves)
    structure = data_structure(problem, source, receiver)
    if not directions:
        return [callback("forward", problem, None, structure, c, source, receiver)]
    return [callback("born", problem, None, structure, c, directions, source, receiver)]


def _scatter_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    _, _, source, receiver = jax.tree.unflatten(tree, leaves)
    return [data_structure(problem, source, receiver)]


def _correlate_call(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Array]:
    c, _, source, receiver, y = arrays = jax.tree.unflatten(tree, leaves)
    structure = (like(c), source_structure(source, shot_count(source, receiver, {"y": y})))
    return list(callback("correlate", problem, storage, structure, *arrays)[0].values())


def _correlate_shapes(*leaves: Any, tree: Any, problem: Problem, storage: Storage) -> list[Any]:
    return list(like(jax.tree.unflatten(tree, leaves)[0]).values())


_scatter: Callable[..., list[Array]] = _compat.define_primitive(
    "scatter", _scatter_call, _scatter_shapes, _scatter_jvp, _scatter_transpose, batcher(lambda: _scatter, (0, 1))
)
# the gradient sums over shots, so a batch of anything is a host call each
_correlate: Callable[..., list[Array]] = _compat.define_primitive(
    "correlate",
    _correlate_call,
    _correlate_shapes,
    _correlate_jvp,
    _correlate_transpose,
    batcher(lambda: _correlate, (0, 1, 2, 3, 4)),
)
