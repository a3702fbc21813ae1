"""The operators that do nothing: the identity and zero. Products and sums drop them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx

from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import freeze, same_structure, thaw
from jaxseis.operators._tags import DIAGONAL_TAGS


class Identity(LinearOperator):
    """``x -> x``; composed with another operator it disappears.

    Arguments:
        structure: the structure of ``x``, or any pytree of arrays that has it.

    ```python
    A = A.H @ A + 0.1 * Identity(A.in_structure())
    ```
    """

    _structure: tuple = eqx.field(static=True)

    def __init__(self, structure: PyTree):
        self._structure = freeze(structure)

    def mv(self, x: PyTree) -> PyTree:
        return x

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def transpose(self) -> LinearOperator:
        return self

    def conj(self) -> LinearOperator:
        return self

    def tags(self) -> frozenset:
        return DIAGONAL_TAGS | {lx.unit_diagonal_tag, lx.positive_semidefinite_tag}

    def _absorb_right(self, other: LinearOperator) -> LinearOperator:
        return other if same_structure(other.out_structure(), self.in_structure()) else NotImplemented

    def _absorb_left(self, other: LinearOperator) -> LinearOperator:
        return other if same_structure(other.in_structure(), self.in_structure()) else NotImplemented


class Zeros(LinearOperator):
    """``x -> 0``; sums drop it, and whatever it is composed with is zero again.

    Arguments:
        in_structure: structure of ``x``, or any pytree of arrays that has it.
        out_structure: structure of the result; that of ``x`` if None.

    ```python
    Zeros(jnp.ones(3), jnp.ones(2)) @ jnp.ones(3)  # [0, 0]
    ```
    """

    _structure: tuple = eqx.field(static=True)
    _range: tuple = eqx.field(static=True)

    def __init__(self, in_structure: PyTree, out_structure: PyTree = None):
        self._structure = freeze(in_structure)
        self._range = self._structure if out_structure is None else freeze(out_structure)

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), self.out_structure())

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return thaw(self._range)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return self.transpose().mv(y)

    def transpose(self) -> LinearOperator:
        return Zeros(self.out_structure(), self.in_structure())

    def conj(self) -> LinearOperator:
        return self

    def _absorb_right(self, other: LinearOperator) -> LinearOperator:
        fits = same_structure(other.out_structure(), self.in_structure())
        return Zeros(other.in_structure(), self.out_structure()) if fits else NotImplemented

    def _absorb_left(self, other: LinearOperator) -> LinearOperator:
        fits = same_structure(other.in_structure(), self.out_structure())
        return Zeros(self.in_structure(), other.out_structure()) if fits else NotImplemented
