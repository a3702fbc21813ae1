"""The l1 norm, and the l1 norm of groups: what makes solutions sparse, entry by entry or group by group."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals._magnitudes import MagnitudeNorm, as_weights, kept, lengths


class L1(MagnitudeNorm):
    """``f(x) = sum_i w_i |x_i|``, with the modulus of complex entries.

    Its proximal map is the soft threshold ``x max(1 - step w / |x|, 0)``, its dual norm ``max |y_i| / w_i``. The
    projection onto a ball is exact, without sorting.

    Arguments:
        weights: positive numbers that broadcast to x, or a pytree of them with the structure of x; one by default.

    Raises ValueError for weights that are not positive or do not broadcast.

    ```python
    L1().prox(jnp.array([3.0, -1.0]), 2.0)     # [1, 0]
    L1().project(jnp.array([3.0, -1.0]), 2.0)  # [2, 0]
    ```
    """

    weights: PyTree

    def __init__(self, weights: PyTree = None):
        self.weights = as_weights(weights)

    def _magnitudes(self, x: PyTree) -> PyTree:
        return jax.tree.map(jnp.abs, x)

    def _shrunk(self, x: PyTree, by: PyTree) -> PyTree:
        return jax.tree.map(lambda v, t: v * kept(jnp.abs(v), t), x, by)


class GroupL1(MagnitudeNorm):
    """``f(x) = sum_g w_g |x_g|_2``: the entries along ``axes`` form one group for each index of the other axes.

    Groups vanish together: the time samples of a trace, the components of a vector field, the same coefficient of
    several data sets. The dual norm is ``max |y_g|_2 / w_g``. Where the entries of a group lie in several arrays, as
    those of a gradient do, use ``JointL1``.

    Arguments:
        axes: axes along which the entries of a group lie, one or several, of every array of x.
        weights: positive numbers that broadcast to the array of groups, x without these axes, or a pytree of them.

    Raises ValueError for weights that are not positive or do not broadcast.

    ```python
    GroupL1(axes=0)(jnp.array([[3.0, 0.0], [4.0, 1.0]]))  # 5 + 1
    ```
    """

    axes: tuple[int, ...] = eqx.field(static=True)
    weights: PyTree

    def __init__(self, axes: int | Sequence[int], weights: PyTree = None):
        self.axes = tuple(_axis(a) for a in np.atleast_1d(axes).tolist())
        self.weights = as_weights(weights)

    def _magnitudes(self, x: PyTree) -> PyTree:
        return jax.tree.map(self._lengths, x)

    def _shrunk(self, x: PyTree, by: PyTree) -> PyTree:
        return jax.tree.map(lambda v, t: v * jnp.expand_dims(kept(self._lengths(v), t), self.axes), x, by)

    def _lengths(self, array: Array) -> Array:
        return lengths(jnp.sum((array.conj() * array).real, self.axes))


def _axis(axis: float) -> int:
    if axis % 1 != 0:
        raise _checks.fail("axes of GroupL1", "whole numbers", axis)
    return int(axis)
