"""A linear function and its transpose, given to JAX as a pair.

JAX can derive the transpose of any linear function, but for a sum of many slices of one array what it finds is
slow: a sum of as many arrays padded with zeros. Here ``jax.grad`` and ``jax.linear_transpose`` use the transpose
that is given, and it the function. Derivatives in what the functions hold are not known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._compat import define_primitive, instantiate, is_undefined
from jaxseis._types import PyTree


@dataclass(frozen=True)
class Bound:
    """``x -> function(*arguments, x)``; two of them are equal if function and arguments are."""

    function: Callable
    arguments: tuple

    def __call__(self, x: PyTree) -> PyTree:
        return self.function(*self.arguments, x)


def linear_pair(forward: Callable, reverse: Callable, x: PyTree) -> PyTree:
    """``forward(x)``, which JAX transposes to ``reverse``, and the other way round.

    Arguments:
        forward: linear function of a pytree; hashable, and equal to what does the same.
        reverse: its transpose for the pairing ``Re sum x y``, hashable too.
        x: pytree of arrays.
    """
    leaves, tree = jax.tree.flatten(x)
    trees = (tree, jax.tree.structure(jax.eval_shape(forward, x)))
    return trees[1].unflatten(_apply(*leaves, forward=forward, reverse=reverse, trees=trees))


def _call(*leaves: Any, forward: Callable, reverse: Callable, trees: tuple) -> list[Any]:
    return jax.tree.leaves(forward(trees[0].unflatten(leaves)))


def _shapes(*leaves: Any, **pair: Any) -> list[Any]:
    return jax.eval_shape(lambda *v: _call(*v, **pair), *leaves)


def _jvp(primals: tuple, tangents: tuple, **pair: Any) -> tuple:
    return _apply(*primals, **pair), _apply(*map(instantiate, tangents), **pair)


def _transpose(cotangents: list, *leaves: Any, forward: Callable, reverse: Callable, trees: tuple) -> list[Any]:
    found = _apply(*map(instantiate, cotangents), forward=reverse, reverse=forward, trees=trees[::-1])
    return [v if is_undefined(leaf) else None for v, leaf in zip(found, leaves, strict=True)]


@dataclass(frozen=True)
class _Mapped:
    """A function of arrays with one more leading axis."""

    function: Callable

    def __call__(self, x: PyTree) -> PyTree:
        return jax.vmap(self.function)(x)


def _batch(leaves: tuple, axes: tuple, *, forward: Callable, reverse: Callable, trees: tuple) -> tuple:
    size = next(v.shape[a] for v, a in zip(leaves, axes, strict=True) if a is not None)
    rows = [
        jnp.broadcast_to(v, (size, *v.shape)) if a is None else jnp.moveaxis(v, a, 0)
        for v, a in zip(leaves, axes, strict=True)
    ]
    found = _apply(*rows, forward=_Mapped(forward), reverse=_Mapped(reverse), trees=trees)
    return found, [0] * len(found)


_apply = define_primitive("linear_pair", _call, _shapes, _jvp, _transpose, _batch)
