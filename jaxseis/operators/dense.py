"""An operator as a matrix, or as a function of vectors: for tests, small problems and other libraries."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jaxseis._types import Array
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import from_real_parts, is_complex, real_parts


def as_dense(operator: LinearOperator) -> Array:
    """The operator as a matrix (range, domain) over raveled arrays, for tests and small problems.

    If real and complex arrays occur together, or the operator is linear over the real numbers only, as ``Conj`` is,
    the matrix is real: each complex array counts as its real parts followed by its imaginary parts. Then always
    ``as_dense(A.H) = as_dense(A).conj().T``.

    ```python
    as_dense(Diagonal(jnp.array([1.0, 2.0])))  # [[1, 0], [0, 2]]
    ```
    """
    zero, apply = vector_form(operator, is_over_one_field(operator))
    return jax.vmap(apply, out_axes=1)(jnp.eye(zero.size, dtype=zero.dtype))


def is_over_one_field(operator: LinearOperator) -> bool:
    """Whether a matrix over raveled arrays stands for the operator: all is real, or linear over complex numbers."""
    leaves = jax.tree.leaves((operator.in_structure(), operator.out_structure()))
    return not any(map(is_complex, leaves)) or operator.is_complex_linear()


def vector_form(operator: LinearOperator, is_whole: bool) -> tuple[Array, Callable]:
    """A zero vector of the domain, and the operator as a function of such vectors; of real parts unless whole."""
    split, join = (lambda x: x, lambda x, structure: x) if is_whole else (real_parts, from_real_parts)
    domain = operator.in_structure()
    zero, unravel = ravel_pytree(split(jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), domain)))
    return zero, lambda v: ravel_pytree(split(operator.mv(join(unravel(v), domain))))[0]
