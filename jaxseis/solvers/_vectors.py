"""Arithmetic of vectors: pytrees of real and complex arrays, as operators take them.

Every result has the dtypes of the vector it is made from: scalars are real and are cast to the precision of each array.
"""

from functools import reduce
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner, real_parts


@jax.jit
def norm(x: PyTree) -> Array:
    """``|x|``, the square root of ``Re sum conj(x) x``; its derivative at zero is taken as zero."""
    square = inner(x, x)
    limits = jnp.finfo(square.dtype)
    # Squares that the precision cannot hold, of vectors it can: a second sum in other units, only where needed.
    held = (square > limits.tiny / limits.eps) & (square < limits.max)
    unit, square = jax.lax.cond(held, lambda x: (jnp.ones_like(square), square), _in_units_of_the_largest, x)
    vanishes = square == 0
    return jnp.where(vanishes, 0, unit * jnp.sqrt(jnp.where(vanishes, 1, square)))


def _in_units_of_the_largest(x: PyTree) -> tuple[Array, Array]:
    """The largest number, and the square of the norm of the vector divided by it."""
    sizes = (jnp.max(abs(part), initial=0) for part in jax.tree.leaves(real_parts(x)))
    largest = jax.lax.stop_gradient(reduce(jnp.maximum, sizes))
    unit = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    shrunk = jax.tree.map(lambda v: v / unit, x)
    return unit, inner(shrunk, shrunk)


def over(a: Any, b: Any, otherwise: Any = 0.0) -> Array:
    """``a / b``, and another value where b is zero."""
    vanishes = b == 0
    return jnp.where(vanishes, otherwise, a / jnp.where(vanishes, 1, b))


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


def constant(x: PyTree) -> PyTree:
    """The same without derivatives, be it a vector, a problem or a solver."""
    return jax.tree.map(lambda v: jax.lax.stop_gradient(v) if eqx.is_array(v) else v, x)


def _like(v: Array, c: Any) -> Array:
    return jnp.asarray(c, jnp.finfo(v.dtype).dtype)
