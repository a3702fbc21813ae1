"""Real and imaginary parts, conjugates and precision. All but Cast are linear over the real numbers only."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import freeze, is_complex, thaw, tree_conj


class _Elementwise(LinearOperator):
    """Acts on every number by itself."""

    _structure: tuple = eqx.field(static=True)

    def __init__(self, in_structure: PyTree):
        self._structure = freeze(in_structure)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)


class Real(_Elementwise):
    """``x -> Re x``; the transpose takes real numbers for complex ones.

    Arguments:
        in_structure: structure of ``x``.

    ```python
    Real(jnp.zeros(1, complex)) @ jnp.array([1 + 2j])  # [1]
    ```
    """

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(jnp.real, x)


class Imag(_Elementwise):
    """``x -> Im x``. Arguments as for ``Real``.

    ```python
    Imag(jnp.zeros(1, complex)) @ jnp.array([1 + 2j])  # [2]
    ```
    """

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(jnp.imag, x)


class Conj(_Elementwise):
    """``x -> conj(x)``, elementwise. (``A.conj()`` is the conjugate of an operator.) Arguments as for ``Real``.

    ```python
    Conj(jnp.zeros(1, complex)) @ jnp.array([1 + 2j])  # [1 - 2j]
    ```
    """

    def mv(self, x: PyTree) -> PyTree:
        return tree_conj(x)

    def transpose(self) -> LinearOperator:
        return self


class Cast(_Elementwise):
    """``x -> x`` in another precision, or real numbers as complex ones; the transpose goes back.

    Arguments:
        dtype: of the result.
        in_structure: structure of ``x``.

    Raises ValueError if complex numbers are to become real.

    ```python
    Cast("float32", jnp.zeros(2)) @ jnp.ones(2)
    ```
    """

    dtype: Any = eqx.field(static=True)

    def __init__(self, dtype: Any, in_structure: PyTree):
        super().__init__(in_structure)
        self.dtype = jnp.dtype(dtype)
        loses = any(is_complex(s) for s in jax.tree.leaves(self.in_structure()))
        if not jnp.issubdtype(self.dtype, jnp.inexact) or (
            loses and not jnp.issubdtype(self.dtype, jnp.complexfloating)
        ):
            remedy = "Real(in_structure) takes real parts."
            raise _checks.fail("dtype of Cast", "a floating type that loses no imaginary part", self.dtype, remedy)

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(lambda v: v.astype(self.dtype), x)
