"""Elementwise products: weights, and masks."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jax.flatten_util import ravel_pytree

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import (
    as_inexact,
    complexified,
    describe,
    freeze,
    is_complex,
    same_structure,
    thaw,
    tree_conj,
)
from jaxseis.operators._tags import DIAGONAL_TAGS


class Diagonal(LinearOperator):
    """``x -> w x``, elementwise; differentiable in the weights.

    Arguments:
        weights: array (or pytree of arrays) w.
        in_structure: structure of ``x`` if it is not that of the weights; the weights then broadcast
            to its shapes. Real weights act on complex ``x``, complex ones make a real ``x`` complex,
            and the precision stays that of ``x``.

    Raises ValueError if the weights do not broadcast.

    ```python
    taper = Diagonal(weights, in_structure=structure_of(d))  # weights (1, time, 1), d (shot, time, receiver)
    ```
    """

    weights: PyTree
    _structure: tuple = eqx.field(static=True)

    def __init__(self, weights: PyTree, in_structure: PyTree = None):
        self.weights = jax.tree.map(as_inexact, weights)
        self._structure = freeze(self.weights if in_structure is None else in_structure)
        _check_weights("weights of Diagonal", self.weights, self.in_structure())

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(
            lambda w, v, s: w.astype(s.dtype) * v.astype(s.dtype), self.weights, x, self.out_structure()
        )

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return jax.tree.map(lambda w, s: complexified(s) if is_complex(w) else s, self.weights, self.in_structure())

    def transpose(self) -> LinearOperator:
        return self if self._is_square() else super().transpose()

    def _absorb_right(self, other: LinearOperator) -> LinearOperator:
        """Two diagonals in one, if neither changes the type of the numbers."""
        if not isinstance(other, Diagonal) or not (self._is_square() and other._is_square()):
            return NotImplemented
        if not same_structure(self.in_structure(), other.in_structure()):
            return NotImplemented
        return Diagonal(jax.tree.map(jnp.multiply, self.weights, other.weights), self.in_structure())

    def conj(self) -> LinearOperator:
        is_real = not any(map(is_complex, jax.tree.leaves(self.weights)))
        return self if is_real else Diagonal(tree_conj(self.weights), self.in_structure())

    def tags(self) -> frozenset:
        return DIAGONAL_TAGS if self._is_square() else frozenset()

    def _is_square(self) -> bool:
        return same_structure(self.in_structure(), self.out_structure())


def _check_weights(name: str, weights: PyTree, structure: PyTree) -> None:
    expected = f"an array that broadcasts to {describe(structure)}"
    given = describe(jax.tree.map(lambda w: jax.ShapeDtypeStruct(w.shape, w.dtype), weights))
    if jax.tree.structure(weights) != jax.tree.structure(structure):
        raise _checks.fail(name, expected, given)
    for w, s in zip(jax.tree.leaves(weights), jax.tree.leaves(structure), strict=True):
        if w.ndim > len(s.shape) or any(n not in (1, m) for n, m in zip(w.shape[::-1], s.shape[::-1], strict=False)):
            raise _checks.fail(name, expected, given)


@lx.diagonal.register(Diagonal)
def _(operator):
    full = jax.tree.map(
        lambda w, s: jnp.broadcast_to(w, s.shape).astype(s.dtype), operator.weights, operator.out_structure()
    )
    return ravel_pytree(full)[0]


class Mask(LinearOperator):
    """``x -> x`` where a mask is true, 0 elsewhere: the orthogonal projection on the samples that count.

    Arguments:
        mask: booleans that broadcast to the shape of ``x``.
        in_structure: structure of ``x``, one array.

    ``Selection(mask, ...)`` gives the samples themselves. Raises ValueError if the mask does not broadcast or
    is not boolean.

    ```python
    live = Mask(traces_recorded[:, None, :], d)  # d (shot, time, receiver)
    ```
    """

    mask: Array
    _structure: tuple = eqx.field(static=True)

    def __init__(self, mask: Any, in_structure: PyTree):
        self.mask, self._structure = jnp.asarray(mask), freeze(in_structure)
        if self.mask.dtype != bool:
            remedy = "Write mask != 0, or Diagonal(weights) for weights."
            raise _checks.fail("mask of Mask", "booleans", self.mask.dtype, remedy)
        _check_weights("mask of Mask", self.mask, self.in_structure())

    def mv(self, x: Array) -> Array:
        return jnp.where(self.mask, x, 0)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def transpose(self) -> LinearOperator:
        return self

    def conj(self) -> LinearOperator:
        return self

    def tags(self) -> frozenset:
        return DIAGONAL_TAGS | {lx.positive_semidefinite_tag}
