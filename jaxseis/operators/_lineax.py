"""What lineax asks of an operator through single dispatch, answered once for every operator; and theirs as ours."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import is_complex, structure_of

_TAGS = {
    lx.is_symmetric: lx.symmetric_tag,
    lx.is_diagonal: lx.diagonal_tag,
    lx.is_tridiagonal: lx.tridiagonal_tag,
    lx.has_unit_diagonal: lx.unit_diagonal_tag,
    lx.is_lower_triangular: lx.lower_triangular_tag,
    lx.is_upper_triangular: lx.upper_triangular_tag,
    lx.is_positive_semidefinite: lx.positive_semidefinite_tag,
    lx.is_negative_semidefinite: lx.negative_semidefinite_tag,
}
for _question, _tag in _TAGS.items():
    _question.register(LinearOperator)(lambda operator, tag=_tag: tag in operator.tags())


lx.linearise.register(LinearOperator)(lambda operator: operator)
lx.conj.register(LinearOperator)(lambda operator: operator.conj())


@lx.materialise.register(LinearOperator)
def _(operator):
    is_real = not any(map(is_complex, jax.tree.leaves(operator.in_structure())))
    if not (is_real or operator.is_complex_linear()):
        got = "one that may be linear over the real numbers only"
        remedy = "as_dense(A) is its matrix on real and imaginary parts; iterative solvers of jaxseis take it as it is."
        expected = "an operator that is linear over the complex numbers"
        raise _checks.fail(f"matrix of {operator.name}", expected, got, remedy)
    function = lx.FunctionLinearOperator(operator.mv, operator.in_structure(), operator.tags())
    return lx.materialise(function)


@lx.diagonal.register(LinearOperator)
def _(operator):
    return jnp.diagonal(operator.as_matrix())


@lx.tridiagonal.register(LinearOperator)
def _(operator):
    matrix = operator.as_matrix()
    return jnp.diagonal(matrix), jnp.diagonal(matrix, -1), jnp.diagonal(matrix, 1)


class _FromLineax(LinearOperator):
    """An operator of lineax; its arrays are leaves, and the rest of it is static."""

    arrays: PyTree
    rest: Any = eqx.field(static=True)

    def __init__(self, operator: lx.AbstractLinearOperator):
        arrays, self.rest = eqx.partition(operator, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray)))
        self.arrays = jax.tree.map(jnp.asarray, arrays)

    @property
    def operator(self) -> lx.AbstractLinearOperator:
        return eqx.combine(self.arrays, self.rest)

    def mv(self, x: PyTree) -> PyTree:
        return self.operator.mv(x)

    def transpose(self) -> LinearOperator:
        return _FromLineax(self.operator.transpose())

    def in_structure(self) -> PyTree:
        return structure_of(self.operator.in_structure())

    def out_structure(self) -> PyTree:
        return structure_of(self.operator.out_structure())

    def tags(self) -> frozenset:
        return frozenset(tag for question, tag in _TAGS.items() if question(self.operator))

    @property
    def name(self) -> str:
        return type(self.rest).__name__


def from_lineax(operator: lx.AbstractLinearOperator) -> LinearOperator:
    """An operator of lineax as one of ours, differentiable in its arrays; ours as they are.

    ``A @ theirs`` and ``A + theirs`` do this by themselves.

    Raises ValueError for anything else.

    ```python
    from_lineax(lineax.MatrixLinearOperator(jnp.eye(3))).H @ jnp.ones(3)
    ```
    """
    _checks.kind_is("operator of from_lineax", operator, lx.AbstractLinearOperator, "an operator of lineax")
    return operator if isinstance(operator, LinearOperator) else _FromLineax(operator)
