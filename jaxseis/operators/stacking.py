"""Sums along an axis; the transpose spreads."""

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, axis_of, one_array
from jaxseis.operators._structure import freeze


class SumAxis(RealOperator):
    """``x -> sum_i x[..., i, ...]``; the transpose repeats an array along a new axis.

    Arguments:
        axis: the axis that is summed.
        in_structure: structure of x, one array.

    Returns an operator to arrays without that axis. Raises ValueError if there is no such axis.

    ```python
    SumAxis(0, jnp.zeros((3, 2))).T @ jnp.array([1.0, 2.0])  # three rows [1, 2]
    ```
    """

    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, axis: int, in_structure: PyTree):
        structure = one_array("SumAxis", in_structure)
        self.axis, self._structure = axis_of("SumAxis", axis, structure), freeze(structure)

    def mv(self, x: Array) -> Array:
        return jnp.sum(x, self.axis)
