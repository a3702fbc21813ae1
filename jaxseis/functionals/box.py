"""Bounds on real entries, as functionals: zero within them, infinite elsewhere."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.operators._structure import as_inexact, is_complex


class Box(Functional):
    """``f(x) = 0`` where ``lower <= x <= upper`` in every entry, else infinite. Its proximal map is the projection.

    Arguments:
        lower, upper: numbers that broadcast to every array of x, in its units; infinite by default.

    Raises ValueError if a lower bound is above the upper one, and for complex x, which has no order.

    ```python
    Box(-1.0, 1.0).project(jnp.array([3.0, 0.5]))  # [1, 0.5]
    ```
    """

    lower: Array
    upper: Array

    def __init__(self, lower: Any = -jnp.inf, upper: Any = jnp.inf):
        self.lower, self.upper = as_inexact(lower), as_inexact(upper)
        _checks.when_concrete(_check_order, self.lower, self.upper)

    def __call__(self, x: PyTree) -> Array:
        outside = jax.tree.map(lambda v, u: jnp.any(v != u), x, self.project(x))
        return jnp.where(jnp.any(jnp.stack(jax.tree.leaves(outside))), jnp.inf, 0.0)

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return self.project(x)

    def project(self, x: PyTree) -> PyTree:
        """The nearest point within the bounds."""
        if any(map(is_complex, jax.tree.leaves(x))):
            remedy = "Bound x.real and x.imag."
            raise _checks.fail("x, to be kept within bounds", "real numbers", "complex ones", remedy)
        return jax.tree.map(lambda v: jnp.clip(v, self.lower.astype(v.dtype), self.upper.astype(v.dtype)), x)


class NonNegative(Box):
    """``f(x) = 0`` where every entry is at least zero, else infinite.

    ```python
    NonNegative().project(jnp.array([3.0, -0.5]))  # [3, 0]
    ```
    """

    def __init__(self):
        super().__init__(lower=0.0)


def _check_order(lower: Array, upper: Array) -> None:
    if jnp.any(lower > upper):
        raise _checks.fail("lower", "bounds that are nowhere above the upper ones", f"{lower} and {upper}")
