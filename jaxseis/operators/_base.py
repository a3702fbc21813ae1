"""Linear operators as pytrees: the algebra, the two transposes and the structure checks.

Notation: ``A`` maps arrays (or pytrees of arrays) of natural shape, ``x`` in its domain, ``y`` in its
range. The real inner product is ``<x, y> = Re sum conj(x) y`` and the real pairing ``Re sum x y``:

    Re sum (A x) y = Re sum x (A.T y)         the transpose, what ``jax.linear_transpose`` gives
    <A x, y> = <x, A.H y>                     the adjoint, A.H y = conj(A.T conj(y))

Both hold for operators that are linear over the real numbers only, such as the Fourier transform of
a real signal: its transpose and its adjoint give real arrays.
"""

from typing import Any

import jax
import lineax as lx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators import _generic
from jaxseis.operators._field import is_plainly_complex_linear
from jaxseis.operators._structure import as_operand, is_complex, structure_of, tree_conj
from jaxseis.operators._structure import inner as inner


class LinearOperator(lx.AbstractLinearOperator):
    """A linear map ``A`` between arrays of natural shape; a frozen pytree with array leaves.

    A subclass writes ``mv(x)`` and ``in_structure()``. It may write ``out_structure()`` (else found by
    tracing), ``transpose_mv(y)`` (``A.T y``; else derived by JAX) or ``transpose()``, and the hooks below.

    ``A @ x`` applies, ``A @ B`` composes, ``A + B``, ``A - B``, ``-A``, ``c * A``, ``A / c``, ``A**n`` combine,
    ``A.T`` is the transpose and ``A.H`` the adjoint. A real ``c`` keeps the precision of the operator;
    a complex one makes a real range complex. ``A[i]`` gives the part ``(A x)[i]``, ``A[i, j]`` that part as an
    operator on ``x[j]`` (see ``Selection``). Solvers of lineax take operators: ``lineax.CG`` wants them tagged,
    ``lineax.TaggedLinearOperator(A.H @ A, lineax.positive_semidefinite_tag)``, and those that form a matrix want
    operators of real numbers or linear over the complex ones.

    Raises ValueError if an operand or another operator does not fit, naming both.

    ```python
    class Shift(LinearOperator):
        structure: jax.ShapeDtypeStruct = eqx.field(static=True)

        def mv(self, x):
            return jnp.roll(x, 1)

        def in_structure(self):
            return self.structure

    A = Shift(structure_of(jnp.zeros(4)))
    (A.T @ A) @ jnp.arange(4.0)  # [0, 1, 2, 3]
    ```
    """

    # numpy scalars and arrays on the left then leave `c * A` to us
    __array_ufunc__ = None

    def out_structure(self) -> PyTree:
        """The structure of ``A @ x``, a pytree of ``jax.ShapeDtypeStruct``."""
        return structure_of(jax.eval_shape(self.mv, self.in_structure()))

    def transpose_mv(self, y: PyTree) -> PyTree:
        """``A.T y`` for an exact ``y``; derived from ``mv`` unless a subclass writes it."""
        (x,) = jax.linear_transpose(self.mv, self.in_structure())(y)
        return x

    def transpose(self) -> "LinearOperator":
        """The transpose for the pairing ``Re sum x y``; the same as ``A.T``."""
        return Transposed(self)

    def conj(self) -> "LinearOperator":
        """``x -> conj(A conj(x))``; the operator itself if its domain and range are real."""
        leaves = jax.tree.leaves((self.in_structure(), self.out_structure()))
        return Conjugate(self) if any(map(is_complex, leaves)) else self

    @property
    def T(self) -> "LinearOperator":
        """The transpose."""
        return self.transpose()

    @property
    def H(self) -> "LinearOperator":
        """The adjoint for the inner product ``<x, y> = Re sum conj(x) y``."""
        return self.T.conj()

    def as_matrix(self) -> Array:
        """The matrix (out_size, in_size) of raveled arrays, one column for each basis vector.

        Raises ValueError for complex x if A is linear over the real numbers only: see ``as_dense``.
        """
        return lx.materialise(self).as_matrix()

    # Hooks: what a subclass may say about itself.

    @property
    def name(self) -> str:
        """What error messages call the operator."""
        return type(self).__name__

    def tags(self) -> frozenset:
        """Lineax tags that hold, for instance ``lineax.positive_semidefinite_tag``."""
        return frozenset()

    def in_axes(self) -> tuple[str, ...]:
        """Names of the axes of the domain, for error messages."""
        return ()

    def out_axes(self) -> tuple[str, ...]:
        """Names of the axes of the range, for error messages."""
        return ()

    def is_complex_linear(self) -> bool:
        """Whether domain and range are complex and ``A (i x) = i A x``; if not known for certain, no."""
        leaves = jax.tree.leaves((self.in_structure(), self.out_structure()))
        return all(map(is_complex, leaves)) and is_plainly_complex_linear(self.mv, self.in_structure())

    def broadcast_input(self, x: PyTree) -> PyTree:
        """Called by ``A @ x`` on what the user gave, before it is checked."""
        return x

    def broadcast_output(self, y: PyTree) -> PyTree:
        """The same for ``A.T @ y``."""
        return y

    def _absorb_right(self, other: "LinearOperator") -> "LinearOperator":
        """One operator equal to ``self @ other``, or NotImplemented."""
        return NotImplemented

    def _absorb_left(self, other: "LinearOperator") -> "LinearOperator":
        """One operator equal to ``other @ self``, or NotImplemented."""
        return NotImplemented

    # Algebra. What it returns is made of operators, so the generic functions are defined in ``_algebra``.

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, lx.AbstractLinearOperator):
            return _generic.compose(self, other)
        x = self.broadcast_input(other)
        return self.mv(as_operand(f"operand of {self.name}", x, self.in_structure(), self.in_axes()))

    def __add__(self, other: Any) -> "LinearOperator":
        return _generic.add(self, other)

    def __sub__(self, other: Any) -> "LinearOperator":
        return self + (-other)

    def __neg__(self) -> "LinearOperator":
        return _generic.scale(self, -1.0)

    def __mul__(self, other: Any) -> "LinearOperator":
        return _generic.scale(self, other)

    def __rmul__(self, other: Any) -> "LinearOperator":
        return _generic.scale(self, other)

    def __truediv__(self, scalar: Any) -> "LinearOperator":
        return _generic.divide(self, scalar)

    def __pow__(self, exponent: int) -> "LinearOperator":
        return _generic.power(self, exponent)

    def __getitem__(self, index: Any) -> "LinearOperator":
        return _generic.select(self, index)


def check_operator(name: str, value: Any) -> None:
    """An error that says how to make one if ``value`` is no linear operator."""
    expected = "a linear operator, for instance Matrix(a); from_scipy, from_pylops and from_lineax take those of others"
    _checks.kind_is(name, value, LinearOperator, expected)


class Wrapper(LinearOperator):
    """An operator made of others: its domain is that of one of them, its range that of one of them."""

    @property
    def _first(self) -> LinearOperator:
        """The operator that is given ``x``."""
        return self.operator  # type: ignore[attr-defined]

    @property
    def _last(self) -> LinearOperator:
        """The operator that gives ``y``."""
        return self.operator  # type: ignore[attr-defined]

    def in_structure(self) -> PyTree:
        return self._first.in_structure()

    def out_structure(self) -> PyTree:
        return self._last.out_structure()

    def in_axes(self) -> tuple[str, ...]:
        return self._first.in_axes()

    def out_axes(self) -> tuple[str, ...]:
        return self._last.out_axes()

    def is_complex_linear(self) -> bool:
        return self._first.is_complex_linear()

    def broadcast_input(self, x: PyTree) -> PyTree:
        return self._first.broadcast_input(x)

    def broadcast_output(self, y: PyTree) -> PyTree:
        return self._last.broadcast_output(y)


class Transposed(LinearOperator):
    """``y -> A.T y`` through ``A.transpose_mv``; its own transpose is ``A`` again."""

    operator: LinearOperator

    def mv(self, y: PyTree) -> PyTree:
        return self.operator.transpose_mv(y)

    def transpose_mv(self, x: PyTree) -> PyTree:
        return self.operator.mv(x)

    def transpose(self) -> LinearOperator:
        return self.operator

    def in_structure(self) -> PyTree:
        return self.operator.out_structure()

    def out_structure(self) -> PyTree:
        return self.operator.in_structure()

    def in_axes(self) -> tuple[str, ...]:
        return self.operator.out_axes()

    def out_axes(self) -> tuple[str, ...]:
        return self.operator.in_axes()

    def broadcast_input(self, y: PyTree) -> PyTree:
        return self.operator.broadcast_output(y)

    def broadcast_output(self, x: PyTree) -> PyTree:
        return self.operator.broadcast_input(x)

    @property
    def name(self) -> str:
        return f"{self.operator.name}.T"

    def tags(self) -> frozenset:
        return lx.transpose_tags(self.operator.tags())

    def is_complex_linear(self) -> bool:
        return self.operator.is_complex_linear()


class Conjugate(Wrapper):
    """``x -> conj(A conj(x))``."""

    operator: LinearOperator

    def mv(self, x: PyTree) -> PyTree:
        return tree_conj(self.operator.mv(tree_conj(x)))

    def transpose(self) -> LinearOperator:
        return self.operator.T.conj()

    def conj(self) -> LinearOperator:
        return self.operator

    @property
    def name(self) -> str:
        return f"conj({self.operator.name})"
