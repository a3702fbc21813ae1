"""Operators of low rank, ``U V^H``."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import as_inexact


class LowRank(LinearOperator):
    """``x -> U (V^H x)``.

    Arguments:
        left: U, shape (\\*range, rank).
        right: V, shape (\\*domain, rank).

    ``x`` has the type of V, the result that of a product of both. Raises ValueError if the ranks differ.

    ```python
    LowRank(jnp.ones((3, 1)), jnp.ones((2, 1))) @ jnp.array([1.0, 2.0])  # [3, 3, 3]
    ```
    """

    left: Array
    right: Array

    def __init__(self, left: Any, right: Any):
        self.left, self.right = as_inexact(left), as_inexact(right)
        if self.left.ndim == 0 or self.right.ndim == 0 or self.left.shape[-1] != self.right.shape[-1]:
            got = f"shapes {self.left.shape} and {self.right.shape}"
            raise _checks.fail("left and right of LowRank", "two arrays with a last axis (rank) of one length", got)

    def mv(self, x: Array) -> Array:
        return _combined(self.left, _coefficients(self.right, x))

    def in_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.right.shape[:-1], self.right.dtype)

    def out_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.left.shape[:-1], jnp.result_type(self.left, self.right))


def Outer(left: Any, right: Any) -> LowRank:  # noqa: N802 (it makes an operator)
    """``x -> u <v, x>`` with ``<v, x> = sum conj(v) x``: the outer product ``u v^H``, an operator of rank 1.

    Arguments:
        left: u, of the shape of the range.
        right: v, of the shape of the domain.

    ```python
    Outer(jnp.array([1.0, 2.0]), jnp.ones(3)) @ jnp.ones(3)  # [3, 6]
    ```
    """
    return LowRank(as_inexact(left)[..., None], as_inexact(right)[..., None])


def _coefficients(basis: Array, x: Array) -> Array:
    return jnp.tensordot(x, basis.conj(), x.ndim, precision=jax.lax.Precision.HIGHEST)


def _combined(basis: Array, coefficients: Array) -> Array:
    return jnp.tensordot(basis, coefficients, 1, precision=jax.lax.Precision.HIGHEST)
