"""The linear least-squares problem.

    minimise over x    |A x - b|^2 + damping^2 |x|^2,    |v|^2 = Re sum conj(v) v

LSQR, LSMR and CGLS solve it with one application of ``A`` and one of ``A.H`` a step.
"""

from typing import Any

import equinox as eqx
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import as_inexact, as_operand, describe, same_structure
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_tolerance


class LeastSquares(eqx.Module):
    """``min |A x - b|^2 + damping^2 |x|^2``, a pytree.

    Arguments:
        A: linear operator; real, complex, or linear over the real numbers only.
        b: data, of the structure of the range of ``A``.
        damping: a real number >= 0, in units of ``A``.
        preconditioner: linear operator R to the domain of ``A``. Solvers then look for y with x = R y.
            It changes the way to the solution, not what is solved; the damping stays on x.

    Where the problem has many solutions (no damping, A without full column rank), solvers find the one for
    which |y| is smallest, or |y - y0| if they start at x0 = R y0: without R and start the solution of least norm.
    For weights W write ``LeastSquares(W @ A, W @ b)``.

    Raises ValueError if ``b`` or the preconditioner does not fit ``A``, or for a negative damping.

    ```python
    problem = LeastSquares(A, b, damping=0.1)
    solution = solve(problem, LSQR(), max_steps=50)
    ```
    """

    A: LinearOperator
    b: PyTree
    damping: Array
    preconditioner: LinearOperator | None

    def __init__(self, A: LinearOperator, b: PyTree, damping: Any = 0.0, preconditioner: LinearOperator | None = None):
        check_operator("A", A)
        self.A = A
        self.b = as_operand(f"b, the data of {A.name}", A.broadcast_output(b), A.out_structure(), A.out_axes())
        self.damping = _damping(damping)
        self.preconditioner = preconditioner
        if preconditioner is not None:
            _check_preconditioner(A, preconditioner)

    @property
    def dtype(self) -> Any:
        """The dtype of norms: the finest real one of the arrays of domain and range."""
        return vec.real_dtype((self.A.in_structure(), self.b))

    def precondition(self, y: PyTree) -> PyTree:
        """``x = R y``."""
        return y if self.preconditioner is None else self.preconditioner.mv(y)

    def precondition_adjoint(self, x: PyTree) -> PyTree:
        """``R.H x``."""
        return x if self.preconditioner is None else self.preconditioner.H.mv(x)

    def unknown_structure(self) -> PyTree:
        """The structure of y."""
        return (self.preconditioner or self.A).in_structure()

    def residual(self, x: PyTree) -> PyTree:
        """``b - A x``."""
        return vec.add(self.b, self.A.mv(x), -1.0)

    def gradient(self, x: PyTree) -> PyTree:
        """``A.H (b - A x) - damping^2 x``: zero at the solution, minus half the gradient elsewhere."""
        return vec.add(self.A.H.mv(self.residual(x)), x, -(self.damping**2))

    def as_start(self, start: PyTree) -> PyTree:
        """A start in the domain of ``A``; ValueError if it does not fit."""
        return as_operand(f"start, in the domain of {self.A.name}", start, self.A.in_structure(), self.A.in_axes())


def _damping(value: Any) -> Array:
    if np.shape(value) != ():
        raise _checks.fail("damping", "one number", f"shape {np.shape(value)}", "For weights, stack operators.")
    check_tolerance("damping", value)
    return as_inexact(value)


def _check_preconditioner(A: LinearOperator, preconditioner: Any) -> None:
    _checks.kind_is("preconditioner", preconditioner, LinearOperator, "a linear operator, or None")
    wanted, given = A.in_structure(), preconditioner.out_structure()
    if not same_structure(given, wanted):
        expected = f"a range that {A.name} acts on, {describe(wanted, A.in_axes())}"
        raise _checks.fail("preconditioner", expected, describe(given, preconditioner.out_axes()))
