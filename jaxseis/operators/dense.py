"""An operator as a matrix, or as a function of vectors: for tests, small problems and other libraries."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import is_complex


def as_dense(operator: LinearOperator) -> Array:
    """The operator as a matrix (range, domain) over raveled arrays, for tests and small problems.

    If real and complex arrays occur together, the matrix is real: each complex array counts as its
    real parts followed by its imaginary parts. Then always ``as_dense(A.H) = as_dense(A).conj().T``.

    ```python
    as_dense(Diagonal(jnp.array([1.0, 2.0])))  # [[1, 0], [0, 2]]
    ```
    """
    zero, apply = vector_form(operator)
    return jax.vmap(apply, out_axes=1)(jnp.eye(zero.size, dtype=zero.dtype))


def vector_form(operator: LinearOperator) -> tuple[Array, Callable]:
    """A zero vector of the domain, and the operator as a function of such vectors."""
    leaves = jax.tree.leaves((operator.in_structure(), operator.out_structure()))
    mixed = len({is_complex(s) for s in leaves}) > 1
    split, join = (_split, _join) if mixed else (lambda x: x, lambda x, structure: x)
    domain = operator.in_structure()
    zero, unravel = ravel_pytree(split(jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), domain)))
    return zero, lambda v: ravel_pytree(split(operator.mv(join(unravel(v), domain))))[0]


def _split(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: (v.real, v.imag) if is_complex(v) else v, x)


def _join(parts: PyTree, structure: PyTree) -> PyTree:
    return jax.tree.map(lambda s, p: jax.lax.complex(*p) if is_complex(s) else p, structure, parts)
