"""The Euclidean norm of a whole vector, and half its square."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.functionals.norm import Norm, as_radius
from jaxseis.operators._structure import inner


class L2(Norm):
    """``f(x) = |x|``, the root of ``Re sum conj(x) x`` over all arrays; it is its own dual norm.

    ```python
    L2().project(jnp.array([3.0, 4.0]), 1.0)  # [0.6, 0.8]
    ```
    """

    def __call__(self, x: PyTree) -> Array:
        squares = inner(x, x)
        # The derivative of the root at zero is infinite; here it is zero, a subgradient.
        return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)

    def dual(self, y: PyTree) -> Array:
        return self(y)

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return self._resized(x, lambda length: jnp.maximum(length - step, 0))

    def project(self, x: PyTree, radius: Any) -> PyTree:
        radius = as_radius(radius)
        return self._resized(x, lambda length: jnp.minimum(length, radius))

    def _resized(self, x: PyTree, size: Any) -> PyTree:
        length = self(x)
        ratio = size(length) / jnp.where(length > 0, length, 1)
        return jax.tree.map(lambda v: v * ratio.astype(v.real.dtype), x)


class SquaredL2(Functional):
    """``f(x) = 1/2 Re sum conj(x) x``; its proximal map is ``x / (1 + step)``.

    ```python
    SquaredL2().prox(jnp.array([2.0]), 1.0)  # [1]
    ```
    """

    def __call__(self, x: PyTree) -> Array:
        return 0.5 * inner(x, x)

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return jax.tree.map(lambda v: v / jnp.asarray(1 + step, v.real.dtype), x)
