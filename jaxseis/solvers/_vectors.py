"""Arithmetic of vectors: pytrees of real and complex arrays, as operators take them.

Every result has the dtypes of the vector it is made from: scalars are real and are cast to the precision of each array.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner


def norm(x: PyTree) -> Array:
    """``|x|``, the square root of ``Re sum conj(x) x``; its derivative at zero is taken as zero."""
    square = inner(x, x)
    vanishes = square == 0
    return jnp.where(vanishes, 0, jnp.sqrt(jnp.where(vanishes, 1, square)))


def add(x: PyTree, y: PyTree, scale: Any = 1.0) -> PyTree:
    """``x + scale y``."""
    return jax.tree.map(lambda a, b: a + _like(a, scale) * b, x, y)


def scale(c: Any, x: PyTree) -> PyTree:
    """``c x``."""
    return jax.tree.map(lambda v: _like(v, c) * v, x)


def zeros(structure: PyTree) -> PyTree:
    """The zero vector of a structure, or of the structure of a vector."""
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), structure)


def where(test: Any, x: PyTree, y: PyTree) -> PyTree:
    """``x`` if the test holds, else ``y``."""
    return jax.tree.map(lambda a, b: jnp.where(test, a, b), x, y)


def real_dtype(structure: PyTree) -> Any:
    """The dtype of the norm of a vector: the finest real one among its arrays."""
    return jnp.result_type(*(jnp.finfo(s.dtype).dtype for s in jax.tree.leaves(structure)))


def _like(v: Array, c: Any) -> Array:
    return jnp.asarray(c, jnp.finfo(v.dtype).dtype)
