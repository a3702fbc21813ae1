"""Norms, their dual norms and the projection onto their balls.

    dual(y) = max of <x, y> over norm(x) <= 1,        project(x, r) = argmin of |u - x| over norm(u) <= r

The two maps of a norm are two views of one: ``prox(x, t) = x - P(x)`` with P the projection onto the ball of radius t
of the dual norm (Moreau 1965).
"""

from abc import abstractmethod
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional


class Norm(Functional):
    """A functional that is a norm; it has a dual norm and balls to project onto as well.

    ```python
    norm = L1()
    norm(norm.project(jnp.array([3.0, -2.0, 1.0]), 4.5))  # 4.5
    ```
    """

    @abstractmethod
    def dual(self, y: PyTree) -> Array:
        """The dual norm of ``y``."""

    @abstractmethod
    def project(self, x: PyTree, radius: Any) -> PyTree:
        """The point nearest to ``x`` of the ball ``norm(u) <= radius``, which is ``x`` itself inside it.

        Raises ValueError for a negative radius.
        """


def as_radius(radius: Any) -> Array:
    """A radius as an array; ValueError if it is known and not a number from 0 on."""

    def check(value: Any) -> None:
        _checks.number("radius", value, "a number >= 0", lambda r: 0 <= r <= np.inf)

    _checks.when_concrete(check, radius)
    return jnp.asarray(radius)
