"""The samples of an array in another order or another shape. All are orthogonal: the transpose is the inverse."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import RealOperator, axes_of, axis_of, one_array
from jaxseis.operators._structure import describe, freeze


class _Rearrangement(RealOperator):
    """Its transpose is of the same kind."""

    def transpose_mv(self, y: Array) -> Array:
        return self.transpose().mv(y)


class Permutation(_Rearrangement):
    """``x -> x[..., order, ...]``, a new order of the samples along an axis.

    Arguments:
        order: integers, each from 0 to the length of the axis less one, once.
        axis: the axis of ``x``.
        in_structure: structure of ``x``, one array.

    Raises ValueError if ``order`` is no permutation; it must be concrete.

    ```python
    Permutation([2, 0, 1], 0, jnp.zeros(3)) @ jnp.array([5.0, 6.0, 7.0])  # [7, 5, 6]
    ```
    """

    order: Array
    inverse: Array
    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, order: Any, axis: int, in_structure: PyTree):
        structure = one_array("Permutation", in_structure)
        self.axis, self._structure = axis_of("Permutation", axis, structure), freeze(structure)
        length, given = structure.shape[self.axis], np.asarray(order)
        if given.ndim != 1 or sorted(given.tolist()) != list(range(length)):
            raise _checks.fail("order of Permutation", f"the numbers 0 to {length - 1}, each once", given.tolist()[:10])
        self.order, self.inverse = jnp.asarray(given), jnp.asarray(np.argsort(given))

    def mv(self, x: Array) -> Array:
        return jnp.take(x, self.order, axis=self.axis, mode="clip")

    def transpose(self) -> LinearOperator:
        return eqx.tree_at(lambda A: (A.order, A.inverse), self, (self.inverse, self.order))


class Roll(_Rearrangement):
    """``x -> x`` shifted along axes, what leaves one end entering at the other.

    Arguments:
        shift: samples, or one number for each axis.
        axis: axis or axes of ``x``.
        in_structure: structure of ``x``, one array.

    Raises ValueError for fractions of a sample.

    ```python
    Roll(1, 0, jnp.zeros(3)) @ jnp.array([5.0, 6.0, 7.0])  # [7, 5, 6]
    ```
    """

    shift: tuple[int, ...] = eqx.field(static=True)
    axis: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, shift: int | Sequence[int], axis: int | Sequence[int], in_structure: PyTree):
        structure = one_array("Roll", in_structure)
        self.axis, self._structure = axes_of("Roll", axis, structure), freeze(structure)
        shifts = np.atleast_1d(shift)
        if len(shifts) != len(self.axis) or np.any(shifts % 1):
            remedy = "Shift takes fractions of a sample."
            raise _checks.fail("shift of Roll", f"one whole number for each axis of {self.axis}", shift, remedy)
        self.shift = tuple(map(int, shifts))

    def mv(self, x: Array) -> Array:
        return jnp.roll(x, self.shift, self.axis)

    def transpose(self) -> LinearOperator:
        return Roll([-n for n in self.shift], self.axis, self.in_structure())


class Flip(_Rearrangement):
    """``x -> x`` in reversed order along axes.

    Arguments:
        axis: axis or axes of ``x``.
        in_structure: structure of ``x``, one array.

    ```python
    Flip(0, jnp.zeros(3)) @ jnp.array([5.0, 6.0, 7.0])  # [7, 6, 5]
    ```
    """

    axis: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, axis: int | Sequence[int], in_structure: PyTree):
        structure = one_array("Flip", in_structure)
        self.axis, self._structure = axes_of("Flip", axis, structure), freeze(structure)

    def mv(self, x: Array) -> Array:
        return jnp.flip(x, self.axis)

    def transpose(self) -> LinearOperator:
        return self


class Reshape(_Rearrangement):
    """``x -> x`` in another shape, the last axis running fastest.

    Arguments:
        shape: the new shape; one entry may be -1.
        in_structure: structure of ``x``, one array.

    Raises ValueError if the sizes differ.

    ```python
    Reshape((2, 3), jnp.zeros(6)) @ jnp.arange(6.0)  # [[0, 1, 2], [3, 4, 5]]
    ```
    """

    shape: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, shape: int | Sequence[int], in_structure: PyTree):
        structure = one_array("Reshape", in_structure)
        try:
            self.shape = np.broadcast_to(0, structure.shape).reshape(shape).shape
        except ValueError as error:
            raise _checks.fail("shape of Reshape", f"as many samples as {describe(structure)}", shape) from error
        self._structure = freeze(structure)

    def mv(self, x: Array) -> Array:
        return jnp.reshape(x, self.shape)

    def transpose(self) -> LinearOperator:
        return Reshape(self.in_structure().shape, self.out_structure())


class Transpose(_Rearrangement):
    """``x -> x`` with its axes in another order. (The transpose of an operator is ``A.T``.)

    Arguments:
        axes: for each axis of the result its number in ``x``.
        in_structure: structure of ``x``, one array.

    Raises ValueError if ``axes`` is no permutation.

    ```python
    Transpose((0, 2, 1), d) @ d  # (shot, time, receiver) to (shot, receiver, time)
    ```
    """

    axes: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, axes: Sequence[int], in_structure: PyTree):
        structure = one_array("Transpose", in_structure)
        self.axes, self._structure = axes_of("Transpose", axes, structure), freeze(structure)
        if len(self.axes) != len(structure.shape):
            raise _checks.fail("axes of Transpose", f"every axis of {describe(structure)}", axes)

    def mv(self, x: Array) -> Array:
        return jnp.transpose(x, self.axes)

    def transpose(self) -> LinearOperator:
        return Transpose(np.argsort(self.axes).tolist(), self.out_structure())
