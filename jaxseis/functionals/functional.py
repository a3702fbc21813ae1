"""Convex functions of a vector, and their proximal map.

    prox(x, t) = argmin over u of  f(u) + |u - x|^2 / (2 t),    |v|^2 = Re sum conj(v) v

It is defined where f is not differentiable, even where f is infinite. Reference: Parikh and Boyd, Foundations and
Trends in Optimization 1 (2014).
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import wraps
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import as_inexact


def _of_numbers(method: Callable) -> Callable:
    """A method of a vector that is given real or complex arrays, whatever numbers come."""

    @wraps(method)
    def converted(self: Any, x: PyTree, *arguments: Any, **named: Any) -> Any:
        return method(self, jax.tree.map(as_inexact, x), *arguments, **named)

    return converted


class Functional(eqx.Module):
    """A convex function f of a vector, real or infinite. A subclass writes ``f(x)`` and ``f.prox(x, step)``.

    Vectors are arrays or pytrees of arrays, real or complex, of any shape; integers become floats, for subclasses
    too. ``c * f`` is f times a number c > 0.

    ```python
    class Squares(Functional):
        def __call__(self, x):
            return 0.5 * inner(x, x)

        def prox(self, x, step):
            return jax.tree.map(lambda v: v / (1 + step), x)
    ```
    """

    # numpy scalars on the left then leave `c * f` to us
    __array_ufunc__ = None

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        for name in _OF_VECTORS & set(vars(cls)):
            setattr(cls, name, _of_numbers(getattr(cls, name)))

    @abstractmethod
    def __call__(self, x: PyTree) -> Array:
        """The value at ``x``, one real number."""

    @abstractmethod
    def prox(self, x: PyTree, step: Any) -> PyTree:
        """``argmin over u of f(u) + |u - x|^2 / (2 step)``, of the structure of ``x``; ``step > 0``."""

    def __mul__(self, factor: Any) -> "Functional":
        return Scaled(self, factor)

    def __rmul__(self, factor: Any) -> "Functional":
        return Scaled(self, factor)


_OF_VECTORS = {"__call__", "prox", "dual", "project"}


class Scaled(Functional):
    """``x -> factor f(x)``, with ``factor > 0``; what ``factor * f`` makes.

    Raises ValueError for a factor that is not a positive number.

    ```python
    (0.5 * L1())(jnp.array([1.0, -3.0]))  # 2.0
    ```
    """

    functional: Functional
    factor: Array

    def __init__(self, functional: Functional, factor: Any):
        self.functional = functional
        self.factor = positive_numbers("factor", factor)
        if self.factor.shape != ():
            remedy = "For a weight for each entry, give weights to the functional."
            raise _checks.fail("factor", "one number", f"shape {self.factor.shape}", remedy)

    def __call__(self, x: PyTree) -> Array:
        value = self.functional(x)
        return self.factor.astype(value.dtype) * value

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return self.functional.prox(x, self.factor * step)


def positive_numbers(name: str, values: Any, remedy: str = "") -> Array:
    """``values`` as a real array; ValueError if they are known and not all positive and finite."""
    try:
        array = as_inexact(values)
    except (TypeError, ValueError):
        raise _checks.fail(name, "real numbers", repr(values)) from None
    if jnp.iscomplexobj(array):
        raise _checks.fail(name, "real numbers", array.dtype)
    _checks.when_concrete(lambda v: _check_positive(name, v, remedy), array)
    return array


def _check_positive(name: str, values: Array, remedy: str) -> None:
    bad = ~((np.asarray(values) > 0) & np.isfinite(values))
    if np.any(bad):
        raise _checks.fail(name, "finite positive numbers", np.asarray(values)[bad].flat[0], remedy)
