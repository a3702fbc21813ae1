"""What lineax asks of an operator through single dispatch, answered once for every operator."""

import jax.numpy as jnp
import lineax as lx

from jaxseis.operators._base import LinearOperator

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
    function = lx.FunctionLinearOperator(operator.mv, operator.in_structure(), operator.tags())
    return lx.materialise(function)


@lx.diagonal.register(LinearOperator)
def _(operator):
    return jnp.diagonal(operator.as_matrix())


@lx.tridiagonal.register(LinearOperator)
def _(operator):
    matrix = operator.as_matrix()
    return jnp.diagonal(matrix), jnp.diagonal(matrix, -1), jnp.diagonal(matrix, 1)
