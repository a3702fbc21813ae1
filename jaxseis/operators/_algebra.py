"""Sums, multiples, products, powers and parts of operators, simplified where that is certain.

    (c A) + ...     Scaled, Sum: flat tuples of terms; zeros disappear
    A B C           Composition: a flat tuple of factors, neighbours fused where one operator can do the work of two
    A**n            the composition of n factors; the identity for n = 0
    A[i, j]         R_i A R_j^T with the selections R_i, R_j

Identities, zeros, diagonals, permutations and real multiples fuse, and wave operators do (see ``_absorb_right``).
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import lineax as lx
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators import _generic
from jaxseis.operators._base import LinearOperator, Transposed, Wrapper
from jaxseis.operators._lineax import from_lineax
from jaxseis.operators._structure import (
    as_inexact,
    cast,
    complexified,
    describe,
    is_complex,
    promoted,
    same_structure,
    shown,
    tree_sum,
)
from jaxseis.operators.identity import Identity, Zeros
from jaxseis.operators.selection import Selection


class Scaled(Wrapper):
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
        return Transposed(self) if is_complex(self.scalar) else Scaled(self.operator.T, self.scalar)

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


class Sum(Wrapper):
    """``x -> A x + B x + ...``; the range is complex if that of any term is."""

    terms: tuple[LinearOperator, ...]

    def mv(self, x: PyTree) -> PyTree:
        return tree_sum(cast(a.mv(x), self.out_structure()) for a in self.terms)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return tree_sum(a.T.mv(cast(y, a.out_structure())) for a in self.terms)

    def transpose(self) -> LinearOperator:
        unchanged = all(same_structure(self.out_structure(), a.out_structure()) for a in self.terms)
        return Sum(tuple(a.T for a in self.terms)) if unchanged else Transposed(self)

    def out_structure(self) -> PyTree:
        return jax.tree.map(promoted, *(a.out_structure() for a in self.terms))

    @property
    def _first(self) -> LinearOperator:
        return self.terms[0]

    _last = _first

    def is_complex_linear(self) -> bool:
        return all(a.is_complex_linear() for a in self.terms)

    @property
    def name(self) -> str:
        return f"({' + '.join(a.name for a in self.terms)})"


class Composition(Wrapper):
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

    def is_complex_linear(self) -> bool:
        return all(factor.is_complex_linear() for factor in self.factors)

    @property
    def name(self) -> str:
        return " @ ".join(factor.name for factor in self.factors)


@_generic.compose.register
def _compose(left: LinearOperator, right: lx.AbstractLinearOperator) -> LinearOperator:
    right = from_lineax(right)
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


@_generic.add.register
def _add(left: LinearOperator, right: Any) -> LinearOperator:
    if not isinstance(right, lx.AbstractLinearOperator):
        remedy = "For a number c, write A + c * Identity(A.in_structure())."
        raise _checks.fail(f"operand added to {left.name}", "an operator", shown(right), remedy)
    right = from_lineax(right)
    name = f"{left.name} + {right.name}"
    if not same_structure(left.in_structure(), right.in_structure()):
        wanted, given = describe(left.in_structure()), describe(right.in_structure())
        raise _checks.fail(name, f"two operators on {wanted}", f"{right.name} on {given}")
    ranges = [jax.tree.map(complexified, a.out_structure()) for a in (left, right)]
    if not same_structure(*ranges):
        wanted, given = describe(left.out_structure()), describe(right.out_structure())
        raise _checks.fail(name, f"two operators that give {wanted}", f"{right.name} that gives {given}")
    return _sum(_terms(left) + _terms(right))


def _sum(terms: Sequence[LinearOperator]) -> LinearOperator:
    """The sum without zeros, as long as what is left has the range of the whole."""
    whole = Sum(tuple(terms))
    rest = Sum(tuple(a for a in terms if not isinstance(a, Zeros)))
    if not rest.terms or not same_structure(rest.out_structure(), whole.out_structure()):
        return whole
    return rest.terms[0] if len(rest.terms) == 1 else rest


def _terms(operator: LinearOperator) -> tuple[LinearOperator, ...]:
    return operator.terms if isinstance(operator, Sum) else (operator,)


@_generic.scale.register
def _scale(operator: LinearOperator, scalar: Any) -> LinearOperator:
    factor = _scalar(operator.name, scalar)
    if isinstance(operator, Scaled):
        return Scaled(operator.operator, factor * operator.scalar)
    zero = isinstance(operator, Zeros) and not is_complex(factor)
    return operator if zero else Scaled(operator, factor)


@_generic.divide.register
def _divide(operator: LinearOperator, scalar: Any) -> LinearOperator:
    return _scale(operator, 1 / _scalar(operator.name, scalar))


@_generic.power.register
def _power(operator: LinearOperator, exponent: int) -> LinearOperator:
    exponent = _checks.whole(f"exponent of {operator.name}", exponent, 0)
    if not same_structure(operator.in_structure(), operator.out_structure()):
        domain, range_ = describe(operator.in_structure()), describe(operator.out_structure())
        raise _checks.fail(f"{operator.name} ** {exponent}", f"an operator from {domain} to the same", range_)
    return _product([operator] * exponent) if exponent else Identity(operator.in_structure())


@_generic.select.register
def _select(operator: LinearOperator, index: Any) -> LinearOperator:
    i, j = _pair(operator.name, index) if isinstance(index, tuple) else (index, _ALL)
    part = operator if _is_all(i) else Selection(i, operator.out_structure()) @ operator
    return part if _is_all(j) else part @ Selection(j, operator.in_structure()).T


def _pair(name: str, index: tuple) -> tuple:
    if len(index) != 2:
        remedy = "For several axes of the range, write A[(1, 2, ...), :]; for those of the domain, A[:, (1, 2, ...)]."
        raise _checks.fail(f"index of {name}", "one index, or two: of the range and of the domain", index, remedy)
    return index


_ALL = slice(None)


def _is_all(index: Any) -> bool:
    return isinstance(index, slice) and index == _ALL


def _scalar(name: str, value: Any) -> Array:
    """``value`` as a JAX number, or an error if it is anything else."""
    is_number = isinstance(value, (int, float, complex)) or (hasattr(value, "dtype") and np.shape(value) == ())
    if not is_number:
        remedy = "Write A @ x to apply and A @ B to compose; Diagonal(weights) multiplies elementwise."
        raise _checks.fail(f"scalar factor of {name}", "one number", shown(value), remedy)
    return as_inexact(value)
