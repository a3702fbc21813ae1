"""The linear system ``A x = b``."""

import equinox as eqx

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import as_operand, describe, same_structure
from jaxseis.solvers import _vectors as vec


class LinearSystem(eqx.Module):
    """``A x = b``, a pytree.

    Arguments:
        A: linear operator.
        b: vector of the structure of its range.
        preconditioner: linear operator close to the inverse of ``A``, positive definite.

    Raises ValueError if ``b`` or the preconditioner does not fit ``A``.

    ```python
    solution = solve(LinearSystem(A, b), LineaxSolver(lx.GMRES(rtol=1e-8, atol=1e-8)), max_steps=1)
    ```
    """

    A: LinearOperator
    b: PyTree
    preconditioner: LinearOperator | None

    def __init__(self, A: LinearOperator, b: PyTree, preconditioner: LinearOperator | None = None):
        check_operator("A", A)
        self.A = A
        self.b = as_operand(f"b, the result of {A.name}", A.broadcast_output(b), A.out_structure(), A.out_axes())
        self.preconditioner = preconditioner
        if preconditioner is not None:
            _check_preconditioner(A, preconditioner)

    @property
    def is_square(self) -> bool:
        """Whether domain and range have one structure."""
        return same_structure(self.A.in_structure(), self.A.out_structure())

    def residual(self, x: PyTree) -> PyTree:
        """``b - A x``."""
        return vec.add(self.b, self.A.mv(x), -1.0)


def _check_preconditioner(A: LinearOperator, preconditioner: LinearOperator) -> None:
    _checks.kind_is("preconditioner", preconditioner, LinearOperator, "a linear operator, or None")
    wanted = A.out_structure(), A.in_structure()
    given = preconditioner.in_structure(), preconditioner.out_structure()
    if not same_structure(given, wanted):
        expected = (
            f"an operator from the range of {A.name}, {describe(wanted[0])}, to its domain, {describe(wanted[1])}"
        )
        raise _checks.fail("preconditioner", expected, f"from {describe(given[0])} to {describe(given[1])}")
