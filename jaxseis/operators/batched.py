"""One operator on every slice of a batch, or a batch of operators, one for each slice."""

from typing import Any

import equinox as eqx
import jax

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import freeze, thaw


class Batched(LinearOperator):
    """``x -> (A_0 x[0], A_1 x[1], ...)`` along a first axis that all arrays have, by ``jax.vmap``.

    Arguments:
        operator: A, one for all; or, made under ``jax.vmap``, a batch of operators whose array leaves all have the
            axis too.
        size: length of the axis.
        axis: None if one operator serves all, 0 if each slice has its own.

    ```python
    Batched(D, 3)                                                           # D on each of three traces
    Batched(jax.vmap(Diagonal)(weights), len(weights), axis=0)              # weights of its own for each
    ```
    """

    operator: LinearOperator
    size: int = eqx.field(static=True)
    axis: int | None = eqx.field(static=True)
    _domain: tuple = eqx.field(static=True)
    _range: tuple = eqx.field(static=True)

    def __init__(self, operator: LinearOperator, size: int, axis: int | None = None):
        _checks.kind_is("operator of Batched", operator, LinearOperator, "an operator")
        if axis not in (None, 0):
            raise _checks.fail("axis of Batched", "None or 0", axis)
        self.operator, self.size, self.axis = operator, _checks.whole("size of Batched", size, 1), axis
        lengths = {leaf.shape[:1] for leaf in jax.tree.leaves(operator)}
        if axis == 0 and lengths != {(self.size,)}:
            raise _checks.fail("operator of Batched", f"array leaves with a first axis of {size}", lengths)
        self._domain, self._range = self._structures()

    def _structures(self) -> tuple[tuple, tuple]:
        """Domain and range of one slice."""
        one = self._one()
        return freeze(one.in_structure()), freeze(one.out_structure())

    def _one(self) -> LinearOperator:
        return self.operator if self.axis is None else jax.tree.map(lambda leaf: leaf[0], self.operator)

    def is_complex_linear(self) -> bool:
        return self._one().is_complex_linear()

    def mv(self, x: PyTree) -> PyTree:
        return self._mapped(lambda A, x: A.mv(x), x)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return self._mapped(lambda A, y: A.T.mv(y), y)

    def _mapped(self, function: Any, x: PyTree) -> PyTree:
        return jax.vmap(function, (self.axis, 0))(self.operator, x)

    def in_structure(self) -> PyTree:
        return self._with_batch(thaw(self._domain))

    def out_structure(self) -> PyTree:
        return self._with_batch(thaw(self._range))

    def _with_batch(self, structure: PyTree) -> PyTree:
        return jax.tree.map(lambda s: jax.ShapeDtypeStruct((self.size, *s.shape), s.dtype), structure)

    @property
    def name(self) -> str:
        return f"Batched({self.operator.name}, {self.size})"
