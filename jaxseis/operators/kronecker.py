"""The Kronecker product of two operators on arrays of natural shape.

    ((A x B) X)[i, j] = sum_kl A[i, k] B[j, l] X[k, l]

with i, k the axes of A and j, l those of B: ``numpy.kron`` of their matrices on raveled arrays.
"""

from math import prod

import jax

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe


class Kronecker(LinearOperator):
    """``X -> (A x B) X``: A along the leading axes of X, B along the trailing ones.

    Arguments:
        left: A, from one array to one array.
        right: B, the same. The numbers that B gives must be of the type that A takes.

    Raises ValueError if an operator acts on several arrays, or the types do not fit.

    ```python
    Kronecker(D, F) @ d  # D along the first axes of d, F along the last
    ```
    """

    left: LinearOperator
    right: LinearOperator

    def __init__(self, left: LinearOperator, right: LinearOperator):
        self.left, self.right = left, right
        for side, a in (("left", left), ("right", right)):
            _checks.kind_is(f"{side} of Kronecker", a, LinearOperator, "an operator between single arrays")
            for structure in (a.in_structure(), a.out_structure()):
                if not isinstance(structure, jax.ShapeDtypeStruct):
                    raise _checks.fail(f"{side} of Kronecker", "an operator between single arrays", describe(structure))
        given, wanted = right.out_structure().dtype, left.in_structure().dtype
        if given != wanted:
            remedy = "Put a Cast between them."
            raise _checks.fail("right of Kronecker", f"an operator that gives {wanted}, for {left.name}", given, remedy)

    def mv(self, x: Array) -> Array:
        # B on the trailing axes, the leading ones in one; then A on the leading axes, the trailing ones in one
        rows, columns = self.left.in_structure().shape, self.right.out_structure().shape
        x = jax.vmap(self.right.mv)(x.reshape(prod(rows), *self.right.in_structure().shape))
        x = jax.vmap(self.left.mv, -1, -1)(x.reshape(*rows, prod(columns)))
        return x.reshape(self.left.out_structure().shape + columns)

    def in_structure(self) -> PyTree:
        shape = self.left.in_structure().shape + self.right.in_structure().shape
        return jax.ShapeDtypeStruct(shape, self.right.in_structure().dtype)

    def out_structure(self) -> PyTree:
        shape = self.left.out_structure().shape + self.right.out_structure().shape
        return jax.ShapeDtypeStruct(shape, self.left.out_structure().dtype)

    def transpose_mv(self, y: Array) -> Array:
        rows, columns = self.left.in_structure().shape, self.right.out_structure().shape
        y = jax.vmap(self.left.T.mv, -1, -1)(y.reshape(*self.left.out_structure().shape, prod(columns)))
        y = jax.vmap(self.right.T.mv)(y.reshape(prod(rows), *columns))
        return y.reshape(rows + self.right.in_structure().shape)

    def is_complex_linear(self) -> bool:
        return self.left.is_complex_linear() and self.right.is_complex_linear()

    @property
    def name(self) -> str:
        return f"Kronecker({self.left.name}, {self.right.name})"
