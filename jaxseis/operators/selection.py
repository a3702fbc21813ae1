"""Parts of a vector: samples along an axis, and whatever an index picks.

Where an index is repeated, the transpose adds up.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, freeze, structure_of, thaw, tree_sum

_MOST_REPEATS = 8
"""Up to so many repeats of an index the transpose is gathered; a scatter is slow on processors."""


class Restriction(LinearOperator):
    """``x -> x[..., indices, ...]``, samples picked along one axis.

    The transpose puts the samples back; where an index is repeated they add up.

    Arguments:
        indices: integers, one axis, from 0 to the length of the axis less one, in any order.
        axis: the axis of ``x`` along which to pick.
        in_structure: structure of ``x``, one array.

    Raises ValueError if an index lies outside; traced indices are clipped instead.

    ```python
    R = Restriction([0, 2, 2], axis=0, in_structure=structure_of(jnp.zeros(4)))
    R.T @ jnp.ones(3)  # [1, 0, 2, 0]
    ```
    """

    indices: Array
    places: Array | None
    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, indices: Any, axis: int, in_structure: PyTree):
        structure = structure_of(in_structure)
        if not isinstance(structure, jax.ShapeDtypeStruct) or not -len(structure.shape) <= axis < len(structure.shape):
            raise _checks.fail("in_structure of Restriction", f"one array with an axis {axis}", describe(structure))
        self.indices, self.axis = jnp.asarray(indices), axis % len(structure.shape)
        self._structure = freeze(structure)
        if self.indices.ndim != 1 or not jnp.issubdtype(self.indices.dtype, jnp.integer):
            remedy = "For a mask, write np.flatnonzero(mask)."
            got = f"{self.indices.dtype} of shape {self.indices.shape}"
            raise _checks.fail("indices of Restriction", "integers along one axis", got, remedy)
        _checks.when_concrete(self._check_range, self.indices)
        known = _checks.is_concrete(self.indices)
        self.places = _places(np.asarray(self.indices), structure.shape[self.axis]) if known else None

    def _check_range(self, indices: Array) -> None:
        length = self.in_structure().shape[self.axis]
        values = np.asarray(indices)
        outside = values[(values < 0) | (values >= length)]
        if outside.size:
            raise _checks.fail(
                "indices of Restriction", f"0 to {length - 1} along axis {self.axis}", outside[:5].tolist()
            )

    def mv(self, x: Array) -> Array:
        return jnp.take(x, self.indices, axis=self.axis, mode="clip")

    def transpose_mv(self, y: Array) -> Array:
        if self.places is None:
            return super().transpose_mv(y)
        return tree_sum(jnp.take(y, p, axis=self.axis, mode="fill", fill_value=0) for p in self.places)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)


def _places(indices: np.ndarray, length: int) -> Array | None:
    """Where in ``indices`` each number up to ``length`` stands, a row for each repeat; past the end if nowhere."""
    repeats = np.bincount(indices, minlength=length).max(initial=0)
    if not 0 < repeats <= _MOST_REPEATS:
        return None
    order = np.argsort(indices, kind="stable")
    numbers = indices[order]
    places = np.full((repeats, length), len(indices))
    places[np.arange(len(indices)) - np.searchsorted(numbers, numbers), numbers] = order
    return jnp.asarray(places)


class Selection(LinearOperator):
    """``x -> x[index]``, by the rules of NumPy; what ``A[i, j]`` is made of.

    Arguments:
        index: numbers, slices, ``...``, arrays of integers or booleans, or a tuple of these; for a tuple or
            dictionary of arrays the number or the key of a part. Masks must be concrete.
        in_structure: structure of ``x``.

    Raises ValueError if ``x`` has no such part; traced indices that lie outside are clipped, in both directions.

    ```python
    Selection((slice(2), -1), jnp.zeros((3, 4))) @ x  # x[:2, -1]
    ```
    """

    arrays: tuple
    key: Any = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, index: Any, in_structure: PyTree):
        self._structure = freeze(in_structure)
        entries = index if isinstance(index, tuple) else (index,)
        try:
            _try(index, self.in_structure())
            entries = tuple(number for e in entries for number in _numbers(e))
            self.arrays = tuple(e if isinstance(e, jax.Array) else None for e in entries)
            self.key = tuple(None if isinstance(e, jax.Array) else _hashable(e) for e in entries)
            self.out_structure()
        except (IndexError, KeyError, TypeError) as error:
            domain = describe(self.in_structure())
            raise _checks.fail("index of Selection", f"a part of {domain}", f"{index} ({error})") from error

    def _index(self) -> Any:
        entries = tuple(_as_index(k) if a is None else a for a, k in zip(self.arrays, self.key, strict=True))
        return entries[0] if len(entries) == 1 else entries

    def mv(self, x: PyTree) -> PyTree:
        # of slices and numbers alone JAX makes slices, which are quicker than a gather
        return x[self._index()] if not jax.tree.leaves(self.arrays) else x.at[self._index()].get(mode="clip")

    def in_structure(self) -> PyTree:
        return thaw(self._structure)


def _try(index: Any, structure: PyTree) -> None:
    """IndexError unless NumPy takes what is concrete of an index; JAX would take numbers outside, and any mask."""
    known = jax.tree.map(lambda e: e if _checks.is_concrete(e) else np.zeros(np.shape(e), int), index)
    if isinstance(structure, jax.ShapeDtypeStruct):
        np.broadcast_to(False, structure.shape)[known]


def _numbers(entry: Any) -> tuple:
    """Arrays and lists of integers as JAX arrays; a mask as the numbers of its entries along each of its axes."""
    if not isinstance(entry, (list, np.ndarray, jax.Array)):
        return (entry,)
    array = jnp.asarray(entry, None if np.size(entry) else int)
    return tuple(map(jnp.asarray, np.nonzero(np.asarray(entry)))) if array.dtype == bool else (array,)


def _hashable(entry: Any) -> Any:
    """A slice as a tuple, which unlike a slice has a hash in every version of Python."""
    return ("slice", entry.start, entry.stop, entry.step) if isinstance(entry, slice) else entry


def _as_index(entry: Any) -> Any:
    return slice(*entry[1:]) if isinstance(entry, Sequence) and entry[:1] == ("slice",) else entry
