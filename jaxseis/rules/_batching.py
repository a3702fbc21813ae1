"""vmap: a batch of sources or data becomes more shots of one host call; a batch of any of the operands that all shots
share (coefficients) is one host call each."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._types import Array


def batcher(bind: Callable[[], Callable[..., list[Array]]], held: tuple[int, ...]) -> Callable[..., Any]:
    """The batching rule of a primitive, where ``held`` are the numbers of the operands that all shots share."""

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
