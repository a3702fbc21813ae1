"""What proximal gradient methods minimise: a smooth function plus one that is known by its proximal map.

    minimise f(x) + g(x)

For least squares, ``f(x) = 1/2 |A x - b|^2 + 1/2 damping^2 |x|^2``, vectors go with their images ``A x``: sums of
vectors then cost no application of A, and neither do values of f.
"""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.operators._structure import as_inexact, inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.objective import value_and_grad


class Imaged(eqx.Module):
    """A vector and its image, None where there is no operator."""

    x: PyTree
    image: PyTree

    def ahead_of(self, last: "Imaged", factor: Array) -> "Imaged":
        """``self + factor (self - last)``, without an operator."""
        both, before = (self.x, self.image), (last.x, last.image)
        return Imaged(*vec.add(both, vec.add(both, before, -1.0), factor))


class Composite(eqx.Module):
    """``min f(x) + g(x)``, a pytree.

    Arguments:
        smooth: f, ``LeastSquares(A, b)``, a function of x that JAX can differentiate, or an object with
            ``value_and_grad(x)``, see ``value_and_grad``. Of least squares one half is taken:
            ``f(x) = 1/2 |A x - b|^2 + 1/2 damping^2 |x|^2``.
        functional: g, for instance ``0.1 * L1()``.

    For ``g(C x)`` see ``Composed``.
    Raises ValueError for another functional, and for least squares with a preconditioner: g would not be of x any more.

    ```python
    problem = Composite(LeastSquares(A, b), 0.1 * L1())
    solution = solve(problem, FISTA(), max_steps=100)
    ```
    """

    smooth: "Smooth"
    functional: Functional

    def __init__(self, smooth: Any, functional: Functional):
        _checks.kind_is("functional", functional, Functional, "a functional, for instance 0.1 * L1()")
        self.smooth = _Quadratic(smooth) if isinstance(smooth, LeastSquares) else _Function(smooth)
        self.functional = functional


class Smooth(eqx.Module):
    """A smooth function of a vector and its image."""

    @abstractmethod
    def start(self, start: PyTree) -> PyTree:
        """A start as arrays; zero for None where the function knows its zero."""

    @abstractmethod
    def imaged(self, x: PyTree) -> Imaged:
        """x with its image."""

    @abstractmethod
    def value(self, at: Imaged) -> Array:
        """f."""

    @abstractmethod
    def value_and_grad(self, at: Imaged) -> tuple[Array, PyTree]:
        """f and its gradient for ``<x, y> = Re sum conj(x) y``."""

    @abstractmethod
    def second_derivative(self, x: PyTree, d: PyTree) -> Array:
        """``<d, f''(x) d>``."""


class _Quadratic(Smooth):
    problem: LeastSquares

    def __init__(self, problem: LeastSquares):
        if problem.preconditioner is not None:
            remedy = "Write A @ R for A; the functional is then one of y, with x = R y."
            raise _checks.fail("smooth", "least squares without a preconditioner", problem.preconditioner.name, remedy)
        self.problem = problem

    def start(self, start: PyTree) -> PyTree:
        return vec.zeros(self.problem.A.in_structure()) if start is None else self.problem.as_start(start)

    def imaged(self, x: PyTree) -> Imaged:
        return Imaged(x, self.problem.A.mv(x))

    def value(self, at: Imaged) -> Array:
        r = self._residual(at)
        return 0.5 * (inner(r, r) + self._damping(at.x) * inner(at.x, at.x))

    def value_and_grad(self, at: Imaged) -> tuple[Array, PyTree]:
        gradient = self.problem.A.H.mv(self._residual(at))
        return self.value(at), vec.add(gradient, at.x, self._damping(at.x))

    def second_derivative(self, x: PyTree, d: PyTree) -> Array:
        image = self.problem.A.mv(d)
        return inner(image, image) + self._damping(x) * inner(d, d)

    def _residual(self, at: Imaged) -> PyTree:
        return vec.add(at.image, self.problem.b, -1.0)

    def _damping(self, x: PyTree) -> Array:
        return self.problem.damping.astype(vec.real_dtype(x)) ** 2


class _Function(Smooth):
    function: Any

    def start(self, start: PyTree) -> PyTree:
        if start is None:
            raise _checks.fail("start", "a vector to begin at, since f is a function", None)
        return jax.tree.map(as_inexact, start)

    def imaged(self, x: PyTree) -> Imaged:
        return Imaged(x, None)

    def value(self, at: Imaged) -> Array:
        return jnp.asarray(self.function(at.x) if callable(self.function) else self.function.value_and_grad(at.x)[0])

    def value_and_grad(self, at: Imaged) -> tuple[Array, PyTree]:
        return value_and_grad(self.function, at.x)

    def second_derivative(self, x: PyTree, d: PyTree) -> Array:
        return inner(d, jax.jvp(lambda v: value_and_grad(self.function, v)[1], (x,), (d,))[1])
