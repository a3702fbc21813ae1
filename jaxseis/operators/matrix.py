"""A matrix as an operator."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_inexact


class Matrix(LinearOperator):
    """``x -> M x`` for vectors.

    Arguments:
        array: M, shape (range, domain); its dtype is that of domain and range.

    ```python
    Matrix(jnp.eye(3)) @ [1.0, 2.0, 3.0]
    ```
    """

    array: Array

    def __init__(self, array: Any):
        self.array = as_inexact(array)
        if self.array.ndim != 2:
            raise _checks.fail("array of Matrix", "two axes (range, domain)", f"shape {self.array.shape}")

    def mv(self, x: Array) -> Array:
        return jnp.matmul(self.array, x, precision=jax.lax.Precision.HIGHEST)

    def in_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.array.shape[1:], self.array.dtype)

    def out_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.array.shape[:1], self.array.dtype)

    def transpose(self) -> LinearOperator:
        return Matrix(self.array.T)

    def conj(self) -> LinearOperator:
        return Matrix(self.array.conj())

    def as_matrix(self) -> Array:
        return self.array
