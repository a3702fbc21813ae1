"""What is minimised: a real function of a vector, with or without a set that the vector must lie in.

    minimise f(x)   subject to x in C

The gradient is the one for ``<x, y> = Re sum conj(x) y``, so that ``f(x + dx) = f(x) + <g, dx> + ...`` for complex
``x`` too. It is the conjugate of what ``jax.grad`` returns.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import as_inexact, is_complex


class Point(eqx.Module):
    """A vector with the value and the gradient there. The value is infinite where any of these is not finite.

    ``rest`` is what else was computed on the way and will be needed at this point.
    """

    x: PyTree
    value: Array
    gradient: PyTree
    rest: PyTree = None


def evaluate(problem: Any, x: PyTree) -> Point:
    """Value and gradient of a problem at ``x``: one evaluation of the objective."""
    value, gradient = value_and_grad(problem, x)
    return Point(x, finite_or_high(value, gradient), gradient)


def finite_or_high(value: Array, others: PyTree) -> Array:
    """The value, or infinity where it or any other number is not finite."""
    finite = jnp.stack([jnp.all(jnp.isfinite(v)) for v in jax.tree.leaves((value, others))])
    return jnp.where(jnp.all(finite), value, jnp.inf)


def value_and_grad(problem: Any, x: PyTree) -> tuple[Array, PyTree]:
    """The value of a problem at ``x`` and the gradient for ``<x, y> = Re sum conj(x) y``.

    Arguments:
        problem: a real function of ``x`` that JAX can differentiate, or an object with
            ``value_and_grad(x) -> (value, gradient)``, the gradient as ``jax.grad`` returns it. That one need not
            be traceable: with the driver ``Host(compiled=False)`` it may read files or call another program.
        x: vector.

    Returns the value, one real number, and the gradient with the structure and dtypes of ``x``.
    Raises ValueError for a problem that is neither, for one that JAX would have to trace and cannot, and for a value
    that is not one real number.

    ```python
    value_and_grad(lambda x: jnp.sum(jnp.abs(x) ** 2), jnp.array([1j]))  # 1.0, [2j]
    ```
    """
    given = getattr(problem, "value_and_grad", None)
    if given is None and not callable(problem):
        raise _checks.fail("problem", "a function x -> f(x), or an object with value_and_grad(x)", repr(problem))
    try:
        value, gradient = (jax.value_and_grad(problem) if given is None else given)(x)
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        remedy = "Give it a value_and_grad(x), and write driver=Host(compiled=False)."
        raise _checks.fail("problem", "an objective that JAX can trace", repr(problem), remedy) from error
    value = as_inexact(value)
    if value.shape != () or is_complex(value):
        raise _checks.fail("value of the objective", "one real number", f"shape {value.shape} of {value.dtype}")
    return value, jax.tree.map(lambda v, g: jnp.conj(jnp.asarray(g)).astype(v.dtype), x, gradient)


class Constrained(eqx.Module):
    """``min f(x)`` subject to ``x`` in a convex set, which is known by its projection.

    Arguments:
        objective: f, a function or an object with ``value_and_grad(x)``.
        project: x -> the nearest point of the set.

    ```python
    ball = Constrained(f, lambda x: x / jnp.maximum(1.0, jnp.linalg.norm(x)))
    solution = solve(ball, SPG(), start)
    ```
    """

    objective: Any
    project: Callable[[PyTree], PyTree]

    def value_and_grad(self, x: PyTree) -> tuple[Array, PyTree]:
        """Value and gradient of f, as ``jax.grad`` returns it."""
        return _value_and_jax_gradient(self.objective, x)


class Bounded(eqx.Module):
    """``min f(x)`` subject to ``lower <= x <= upper``, elementwise.

    Arguments:
        objective: f, a function or an object with ``value_and_grad(x)``.
        lower, upper: numbers, arrays, or pytrees of arrays, of the structure of ``x`` or that broadcast to it; None
            where there is no bound.

    Raises ValueError where a lower bound lies above the upper one, for an objective that has constraints already, and
    for complex ``x``, which has no order.

    ```python
    solution = solve(Bounded(f, lower=0.0), LBFGS(), start)
    ```
    """

    objective: Any
    lower: PyTree
    upper: PyTree

    def __init__(self, objective: Any, lower: PyTree = None, upper: PyTree = None):
        self.objective = without_constraints("objective of Bounded", objective)
        self.lower, self.upper = (jax.tree.map(as_inexact, v) for v in (lower, upper))
        if lower is not None and upper is not None:
            _checks.when_concrete(_check_order, self.lower, self.upper)

    @property
    def is_free(self) -> bool:
        """Whether there is no bound at all."""
        return self.lower is None and self.upper is None

    def value_and_grad(self, x: PyTree) -> tuple[Array, PyTree]:
        """Value and gradient of f, as ``jax.grad`` returns it."""
        return _value_and_jax_gradient(self.objective, x)

    def projected_gradient(self, x: PyTree, gradient: PyTree, length: Array) -> PyTree:
        """``(x - P(x - a g)) / a``: the gradient itself where a step of length a stays within the bounds."""
        aim = jax.tree.map(partial(_stepped, length), x, gradient)
        inside = self.project(aim)
        return jax.tree.map(
            lambda x, g, a, p: jnp.where(p == a, g, (x - p) / length.astype(x.dtype)), x, gradient, aim, inside
        )

    def project(self, x: PyTree) -> PyTree:
        """The nearest point within the bounds."""
        above = x if self.lower is None else _over_leaves(jnp.maximum, x, self.lower)
        return above if self.upper is None else _over_leaves(jnp.minimum, above, self.upper)


def constrained(problem: Any) -> Any:
    """The problem itself if it has a projection, else the problem on the whole space."""
    return problem if hasattr(problem, "project") else Constrained(problem, _unchanged)


def without_constraints(name: str, problem: Any, remedy: str = "") -> Any:
    """The problem, or an error if it has constraints, which would be lost."""
    if hasattr(problem, "project"):
        raise _checks.fail(name, "an objective without constraints", f"{type(problem).__name__}(...)", remedy)
    return problem


def _stepped(length: Array, x: Array, g: Array) -> Array:
    """``x - length g``, but never x itself where g is not zero: the shortest step sees a bound at x."""
    aim = x - length.astype(x.dtype) * g
    return jnp.where((aim == x) & (g != 0), jnp.nextafter(x, x - jnp.sign(g) * jnp.inf), aim)


def _unchanged(x: PyTree) -> PyTree:
    return x


def _value_and_jax_gradient(objective: Any, x: PyTree) -> tuple[Array, PyTree]:
    value, gradient = value_and_grad(objective, x)
    return value, jax.tree.map(jnp.conj, gradient)


def _over_leaves(limit: Callable, x: PyTree, bounds: PyTree) -> PyTree:
    if any(map(is_complex, jax.tree.leaves(x))):
        raise _checks.fail("x of a problem with bounds", "real numbers", "complex ones", "Bound x.real and x.imag.")
    return jax.tree.map(lambda v, b: limit(v, b.astype(v.dtype)), x, _spread(bounds, x))


def _spread(bounds: PyTree, x: PyTree) -> PyTree:
    """One array of bounds stands for every array of ``x``; a list of numbers is an array where ``x`` is one."""
    if isinstance(x, jax.Array):
        return _numbers_as_array(bounds)
    return jax.tree.map(lambda _: bounds, x) if isinstance(bounds, jax.Array) else bounds


def _numbers_as_array(bounds: PyTree) -> PyTree:
    is_list = isinstance(bounds, (list, tuple)) and all(v.ndim == 0 for v in jax.tree.leaves(bounds))
    return jnp.asarray(bounds) if is_list else bounds


def _check_order(lower: PyTree, upper: PyTree) -> None:
    lower, upper = _numbers_as_array(lower), _numbers_as_array(upper)
    crossed = jax.tree.map(lambda a, b: jnp.any(a > b), _spread(lower, upper), _spread(upper, lower))
    if any(jax.tree.leaves(crossed)):
        raise _checks.fail("lower", "bounds that are nowhere above the upper ones", f"{lower} and {upper}")
