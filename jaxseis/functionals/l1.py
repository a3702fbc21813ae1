"""The l1 norm, and the l1 norm of groups: what makes solutions sparse, entry by entry or group by group."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals._magnitudes import MagnitudeNorm, as_weights


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

    def _magnitudes(self, array: Array) -> Array:
        return jnp.abs(array)

    def _shrunk(self, array: Array, by: Array) -> Array:
        return array * _kept(jnp.abs(array), by)


class GroupL1(MagnitudeNorm):
    """``f(x) = sum_g w_g |x_g|_2``: the entries along ``axes`` form one group for each index of the other axes.

    Groups vanish together: the time samples of a trace, the components of a vector field, the same coefficient of
    several data sets. The dual norm is ``max |y_g|_2 / w_g``.

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
        self.axes = (axes,) if isinstance(axes, int) else tuple(axes)
        self.weights = as_weights(weights)

    def _magnitudes(self, array: Array) -> Array:
        squares = jnp.sum((array.conj() * array).real, self.axes)
        # The derivative of the root at zero is infinite; a group of zeros has derivative zero.
        return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)

    def _shrunk(self, array: Array, by: Array) -> Array:
        return array * jnp.expand_dims(_kept(self._magnitudes(array), by), self.axes)


def _kept(magnitudes: Array, by: Array) -> Array:
    """``max(m - by, 0) / m``, and zero at m = 0."""
    active = magnitudes > by
    return jnp.where(active, 1 - by / jnp.where(active, magnitudes, 1), 0)
