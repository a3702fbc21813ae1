"""The nonlinear least-squares problem: minimise ``1/2 |r(x)|^2`` for a vector of residuals."""

from collections.abc import Callable

import equinox as eqx
import jax

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import inner, structure_of, tree_conj
from jaxseis.operators.function import FunctionOperator
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.least_squares import LeastSquares


class NonlinearLeastSquares(eqx.Module):
    """``min 1/2 |r(x)|^2``, with ``|r|^2 = Re sum conj(r) r``.

    Arguments:
        residual: x -> r, a vector.
        jacobian: x -> J, the derivative of the residual as a linear operator. By default that of JAX, which needs the
            forward mode; functions with a ``custom_vjp``, and those that JAX cannot trace, need it given.

    Methods for general objectives take it too. Raises ValueError for arguments that are not functions.

    ```python
    problem = NonlinearLeastSquares(lambda m: F(m) @ q - d, lambda m: F.jacobian(m, q))
    solution = solve(problem, GaussNewton(), m0, max_steps=10)
    ```
    """

    residual: Callable[[PyTree], PyTree]
    jacobian: Callable[[PyTree], LinearOperator]

    def __init__(
        self,
        residual: Callable[[PyTree], PyTree],
        jacobian: Callable[[PyTree], LinearOperator] | None = None,
    ):
        _checks.kind_is("residual", residual, Callable, "a function x -> r")
        self.residual = residual
        self.jacobian = _Derivative(residual) if jacobian is None else jacobian
        _checks.kind_is("jacobian", self.jacobian, Callable, "a function x -> linear operator, or None")

    def value_and_grad(self, x: PyTree) -> tuple[Array, PyTree]:
        """Value and gradient, the latter as ``jax.grad`` returns it."""
        r = self.residual(x)
        return 0.5 * inner(r, r), tree_conj(self.jacobian(x).H.mv(r))

    def linearized(self, x: PyTree, r: PyTree, damping: Array) -> LeastSquares:
        """``min over d of |r + J d|^2 + damping^2 |d|^2``, r being the residual at x."""
        return LeastSquares(self.jacobian(x), vec.scale(-1.0, r), damping)


class _Derivative(eqx.Module):
    """The derivative of a function, by the forward mode and its transpose."""

    function: Callable[[PyTree], PyTree]

    def __call__(self, x: PyTree) -> LinearOperator:
        return FunctionOperator(jax.linearize(self.function, x)[1], structure_of(x))
