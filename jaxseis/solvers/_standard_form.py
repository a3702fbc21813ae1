"""A least-squares problem in the form that the bidiagonalization takes:

    minimise over y    |B y - c|^2 + damping^2 |y|^2,    x = origin + R y

Without start and preconditioner it is the problem itself. Otherwise the damping, which is of x, becomes rows of B:

    B = (A R, damping R),    c = (b - A origin, -damping origin),    damping = 0 in the form
"""

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.least_squares import LeastSquares


class _Itself(eqx.Module):
    problem: LeastSquares

    @property
    def damping(self) -> Array:
        return self.problem.damping.astype(self.problem.dtype)

    def data(self) -> PyTree:
        """The vector c."""
        return self.problem.b

    def forward(self, y: PyTree) -> PyTree:
        """``B y``."""
        return self.problem.A.mv(y)

    def adjoint(self, u: PyTree) -> PyTree:
        """``B.H u``."""
        return self.problem.A.H.mv(u)

    def value(self, y: PyTree) -> PyTree:
        """The x of a y."""
        return y


class _Stacked(_Itself):
    origin: PyTree

    @property
    def damping(self) -> Array:
        return jnp.zeros((), self.problem.dtype)

    def data(self) -> PyTree:
        if self.origin is None:
            return self.problem.b, vec.zeros(self.problem.A.in_structure())
        return self.problem.residual(self.origin), vec.scale(-self.problem.damping, self.origin)

    def forward(self, y: PyTree) -> PyTree:
        x = self.problem.precondition(y)
        return self.problem.A.mv(x), vec.scale(self.problem.damping, x)

    def adjoint(self, u: PyTree) -> PyTree:
        data, damped = u
        x = vec.add(self.problem.A.H.mv(data), damped, self.problem.damping)
        return self.problem.precondition_adjoint(x)

    def value(self, y: PyTree) -> PyTree:
        x = self.problem.precondition(y)
        return x if self.origin is None else vec.add(self.origin, x)


StandardForm = _Itself | _Stacked


def standard_form(problem: LeastSquares, origin: PyTree) -> StandardForm:
    """The form of a problem for a method that starts at ``origin``, None for zero."""
    plain = origin is None and problem.preconditioner is None
    return _Itself(problem) if plain else _Stacked(problem, origin)
