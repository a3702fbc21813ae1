"""Linear operators as pytrees: the algebra, the two transposes and the structure checks.

Notation: ``A`` maps arrays (or pytrees of arrays) of natural shape, ``x`` in its domain, ``y`` in its
range. The real inner product is ``<x, y> = Re sum conj(x) y`` and the real pairing ``Re sum x y``:

    Re sum (A x) y = Re sum x (A.T y)         the transpose, what ``jax.linear_transpose`` gives
    <A x, y> = <x, A.H y>                     the adjoint, A.H y = conj(A.T conj(y))

Both hold for operators that are linear over the real numbers only, such as the Fourier transform of
a real signal: its transpose and its adjoint give real arrays.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import lineax as lx
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import (
    as_inexact,
    as_operand,
    cast,
    complexified,
    describe,
    is_complex,
    promoted,
    same_structure,
    shown,
    structure_of,
    tree_conj,
    tree_sum,
)
from jaxseis.operators._structure import inner as inner


class LinearOperator(lx.AbstractLinearOperator):
    """A linear map ``A`` between arrays of natural shape; a frozen pytree with array leaves.

    A subclass writes ``mv(x)`` and ``in_structure()``. It may write ``out_structure()`` (else found by
    tracing), ``transpose_mv(y)`` (``A.T y``; else derived by JAX) or ``transpose()``, and the hooks below.

    ``A @ x`` applies, ``A @ B`` composes, ``A + B``, ``A - B``, ``-A``, ``c * A``, ``A / c`` combine,
    ``A.T`` is the transpose and ``A.H`` the adjoint. A real ``c`` keeps the precision of the operator;
    a complex one makes a real range complex. Solvers of lineax take any operator as it is.

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
        return Transpose(self)

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
        """The matrix (out_size, in_size) of raveled arrays, one column for each basis vector."""
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

    # Algebra.

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, LinearOperator):
            return _compose(self, other)
        if isinstance(other, lx.AbstractLinearOperator):
            return super().__matmul__(other)
        x = self.broadcast_input(other)
        return self.mv(as_operand(f"operand of {self.name}", x, self.in_structure(), self.in_axes()))

    def __add__(self, other: Any) -> lx.AbstractLinearOperator:
        if isinstance(other, LinearOperator):
            return _add(self, other)
        if isinstance(other, lx.AbstractLinearOperator):
            return super().__add__(other)
        remedy = "For a number c, write A + c * Identity(A.in_structure())."
        raise _checks.fail(f"operand added to {self.name}", "an operator", shown(other), remedy)

    def __sub__(self, other: Any) -> lx.AbstractLinearOperator:
        return self + (-other)

    def __neg__(self) -> "LinearOperator":
        return Scaled(self, -1.0)

    def __mul__(self, other: Any) -> "LinearOperator":
        return Scaled(self, other)

    def __rmul__(self, other: Any) -> "LinearOperator":
        return Scaled(self, other)

    def __truediv__(self, scalar: Any) -> "LinearOperator":
        return Scaled(self, 1 / _scalar(self.name, scalar))


class _Wrapper(LinearOperator):
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

    def broadcast_input(self, x: PyTree) -> PyTree:
        return self._first.broadcast_input(x)

    def broadcast_output(self, y: PyTree) -> PyTree:
        return self._last.broadcast_output(y)


class Transpose(LinearOperator):
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


class Conjugate(_Wrapper):
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


class Scaled(_Wrapper):
    """``x -> c (A x)``. A complex ``c`` makes the range complex and leaves the domain as it is."""

    operator: LinearOperator
    scalar: Array

    def __init__(self, operator: LinearOperator, scalar: Any):
        self.operator = operator
        self.scalar = _scalar(operator.name, scalar)

    def mv(self, x: PyTree) -> PyTree:
        return self._times(cast(self.operator.mv(x), self.out_structure()))

    def transpose_mv(self, y: PyTree) -> PyTree:
        return self.operator.T.mv(cast(self._times(y), self.operator.out_structure()))

    def transpose(self) -> LinearOperator:
        # (c A).T y = A.T (c y); a complex c stays inside, since A.T need not be complex linear.
        return Transpose(self) if is_complex(self.scalar) else Scaled(self.operator.T, self.scalar)

    def out_structure(self) -> PyTree:
        inside = self.operator.out_structure()
        return jax.tree.map(complexified, inside) if is_complex(self.scalar) else inside

    def _times(self, y: PyTree) -> PyTree:
        return jax.tree.map(lambda v: self.scalar.astype(v.dtype) * v, y)

    # Scalars move outwards, so that what they scale can still be fused. Through an operator on the
    # left only real ones may: it need not be linear over the complex numbers.

    def _absorb_right(self, other: LinearOperator) -> LinearOperator:
        return Scaled(self.operator @ other, self.scalar)

    def _absorb_left(self, other: LinearOperator) -> LinearOperator:
        return NotImplemented if is_complex(self.scalar) else Scaled(other @ self.operator, self.scalar)

    @property
    def name(self) -> str:
        return f"c * {self.operator.name}"


class Sum(_Wrapper):
    """``x -> A x + B x + ...``; the range is complex if that of any term is."""

    terms: tuple[LinearOperator, ...]

    def mv(self, x: PyTree) -> PyTree:
        return tree_sum(cast(a.mv(x), self.out_structure()) for a in self.terms)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return tree_sum(a.T.mv(cast(y, a.out_structure())) for a in self.terms)

    def transpose(self) -> LinearOperator:
        unchanged = all(same_structure(self.out_structure(), a.out_structure()) for a in self.terms)
        return Sum(tuple(a.T for a in self.terms)) if unchanged else Transpose(self)

    def out_structure(self) -> PyTree:
        return jax.tree.map(promoted, *(a.out_structure() for a in self.terms))

    @property
    def _first(self) -> LinearOperator:
        return self.terms[0]

    _last = _first

    @property
    def name(self) -> str:
        return f"({' + '.join(a.name for a in self.terms)})"


class Composition(_Wrapper):
    """``x -> A (B (... x))``, a flat tuple of two or more factors, the first applied last."""

    factors: tuple[LinearOperator, ...]

    def mv(self, x: PyTree) -> PyTree:
        return reduce(lambda v, factor: factor.mv(v), reversed(self.factors), x)

    def transpose(self) -> LinearOperator:
        return _product(tuple(factor.T for factor in reversed(self.factors)))

    @property
    def _first(self) -> LinearOperator:
        return self.factors[-1]

    @property
    def _last(self) -> LinearOperator:
        return self.factors[0]

    @property
    def name(self) -> str:
        return " @ ".join(factor.name for factor in self.factors)


def _compose(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    factors, others = _factors(left), _factors(right)
    # operators that fuse check each other: an end of a propagation may fit any number of shots
    if _fused(factors[-1], others[0]) is NotImplemented:
        _check_fit(left, right)
    return _product(factors + others)


def _check_fit(left: LinearOperator, right: LinearOperator) -> None:
    given, wanted = right.out_structure(), left.in_structure()
    if not same_structure(given, wanted):
        raise _checks.fail(
            f"{left.name} @ {right.name}",
            f"{right.name} to give what {left.name} acts on, {describe(wanted, left.in_axes())}",
            describe(given, right.out_axes()),
        )


def _factors(operator: LinearOperator) -> tuple[LinearOperator, ...]:
    return operator.factors if isinstance(operator, Composition) else (operator,)


def _product(factors: Sequence[LinearOperator]) -> LinearOperator:
    """The composition of the factors, neighbours that can be one operator fused, from the left."""
    done: list[LinearOperator] = []
    for factor in factors:
        done.append(factor)
        while len(done) > 1 and (fused := _fused(*done[-2:])) is not NotImplemented:
            done[-2:] = [fused]
    return done[0] if len(done) == 1 else Composition(tuple(done))


def _fused(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    fused = left._absorb_right(right)
    return right._absorb_left(left) if fused is NotImplemented else fused


def _add(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    name = f"{left.name} + {right.name}"
    if not same_structure(left.in_structure(), right.in_structure()):
        wanted, given = describe(left.in_structure()), describe(right.in_structure())
        raise _checks.fail(name, f"two operators on {wanted}", f"{right.name} on {given}")
    ranges = [jax.tree.map(complexified, a.out_structure()) for a in (left, right)]
    if not same_structure(*ranges):
        wanted, given = describe(left.out_structure()), describe(right.out_structure())
        raise _checks.fail(name, f"two operators that give {wanted}", f"{right.name} that gives {given}")
    return Sum(_terms(left) + _terms(right))


def _terms(operator: LinearOperator) -> tuple[LinearOperator, ...]:
    return operator.terms if isinstance(operator, Sum) else (operator,)


def _scalar(name: str, value: Any) -> Array:
    """``value`` as a JAX number, or an error if it is anything else."""
    if isinstance(value, lx.AbstractLinearOperator) or np.shape(value) != ():
        remedy = "Write A @ x to apply and A @ B to compose; Diagonal(weights) multiplies elementwise."
        raise _checks.fail(f"scalar factor of {name}", "one number", shown(value), remedy)
    return as_inexact(value)
