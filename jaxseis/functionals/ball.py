"""The ball of a norm, as a functional: zero inside, infinite outside."""

from typing import Any

import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.functionals.norm import Norm, as_radius


class Ball(Functional):
    """``f(x) = 0`` where ``norm(x) <= radius``, else infinite. Its proximal map is the projection.

    A point outside by rounding, by less than the root of the precision, counts as inside.

    Arguments:
        norm: a norm, for instance ``L1()``.
        radius: a number >= 0.

    Raises ValueError for a negative radius and a functional that is no norm.

    ```python
    Ball(L1(), 2.0).project(jnp.array([3.0, -1.0]))  # [2, 0]
    ```
    """

    norm: Norm
    radius: Array

    def __init__(self, norm: Norm, radius: Any):
        _checks.kind_is("norm of Ball", norm, Norm, "a norm, for instance L1()")
        self.norm, self.radius = norm, as_radius(radius)

    def __call__(self, x: PyTree) -> Array:
        value = self.norm(x)
        largest = self.radius.astype(value.dtype) * (1 + jnp.finfo(value.dtype).eps ** 0.5)
        return jnp.where(value <= largest, 0, jnp.inf).astype(value.dtype)

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return self.project(x)

    def project(self, x: PyTree) -> PyTree:
        """The nearest point of the ball."""
        return self.norm.project(x, self.radius)
