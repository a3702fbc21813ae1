"""The elementary operators, blocks of operators, and two plain forms of any operator.

The names are those of PyLops. Block vectors are tuples.
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.sparse.linalg import LinearOperator as ScipyOperator

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import (
    as_inexact,
    complexified,
    describe,
    freeze,
    is_complex,
    same_structure,
    structure_of,
    thaw,
    tree_conj,
    tree_sum,
)

_DIAGONAL_TAGS = frozenset(
    {lx.symmetric_tag, lx.diagonal_tag, lx.tridiagonal_tag, lx.lower_triangular_tag, lx.upper_triangular_tag}
)


class Identity(LinearOperator):
    """``x -> x``; composed with another operator it disappears.

    Arguments:
        structure: the structure of ``x``, or any pytree of arrays that has it.

    ```python
    A = A.H @ A + 0.1 * Identity(A.in_structure())
    ```
    """

    _structure: tuple = eqx.field(static=True)

    def __init__(self, structure: PyTree):
        self._structure = freeze(structure)

    def mv(self, x: PyTree) -> PyTree:
        return x

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def transpose(self) -> LinearOperator:
        return self

    def conj(self) -> LinearOperator:
        return self

    def tags(self) -> frozenset:
        return _DIAGONAL_TAGS | {lx.unit_diagonal_tag, lx.positive_semidefinite_tag}

    def _absorb_right(self, other: LinearOperator) -> LinearOperator:
        return other if same_structure(other.out_structure(), self.in_structure()) else NotImplemented

    def _absorb_left(self, other: LinearOperator) -> LinearOperator:
        return other if same_structure(other.in_structure(), self.in_structure()) else NotImplemented


class Diagonal(LinearOperator):
    """``x -> w x``, elementwise; differentiable in the weights.

    Arguments:
        weights: array (or pytree of arrays) w.
        in_structure: structure of ``x`` if it is not that of the weights; the weights then broadcast
            to its shapes. Real weights act on complex ``x``, complex ones make a real ``x`` complex,
            and the precision stays that of ``x``.

    Raises ValueError if the weights do not broadcast.

    ```python
    taper = Diagonal(weights, in_structure=structure_of(d))  # weights (1, time, 1), d (shot, time, receiver)
    ```
    """

    weights: PyTree
    _structure: tuple = eqx.field(static=True)

    def __init__(self, weights: PyTree, in_structure: PyTree = None):
        self.weights = jax.tree.map(as_inexact, weights)
        self._structure = freeze(self.weights if in_structure is None else in_structure)
        _check_weights(self.weights, self.in_structure())

    def mv(self, x: PyTree) -> PyTree:
        return jax.tree.map(
            lambda w, v, s: w.astype(s.dtype) * v.astype(s.dtype), self.weights, x, self.out_structure()
        )

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return jax.tree.map(lambda w, s: complexified(s) if is_complex(w) else s, self.weights, self.in_structure())

    def transpose(self) -> LinearOperator:
        return self if self._is_square() else super().transpose()

    def conj(self) -> LinearOperator:
        is_real = not any(map(is_complex, jax.tree.leaves(self.weights)))
        return self if is_real else Diagonal(tree_conj(self.weights), self.in_structure())

    def tags(self) -> frozenset:
        return _DIAGONAL_TAGS if self._is_square() else frozenset()

    def _is_square(self) -> bool:
        return same_structure(self.in_structure(), self.out_structure())


def _check_weights(weights: PyTree, structure: PyTree) -> None:
    expected = f"weights that broadcast to {describe(structure)}"
    given = describe(structure_of(weights))
    if jax.tree.structure(weights) != jax.tree.structure(structure):
        raise _checks.fail("weights of Diagonal", expected, given)
    for w, s in zip(jax.tree.leaves(weights), jax.tree.leaves(structure), strict=True):
        if w.ndim > len(s.shape) or any(n not in (1, m) for n, m in zip(w.shape[::-1], s.shape[::-1], strict=False)):
            raise _checks.fail("weights of Diagonal", expected, given)


@lx.diagonal.register(Diagonal)
def _(operator):
    full = jax.tree.map(
        lambda w, s: jnp.broadcast_to(w, s.shape).astype(s.dtype), operator.weights, operator.out_structure()
    )
    return ravel_pytree(full)[0]


class Matrix(LinearOperator):
    """``x -> M x`` for vectors.

    Arguments:
        array: M, shape (range, domain); its dtype is that of domain and range.

    ```python
    Matrix(jnp.eye(3)) @ [1.0, 2.0, 3.0]
    ```
    """

    array: Array

    def __init__(self, array: Any):
        self.array = as_inexact(array)
        if self.array.ndim != 2:
            raise _checks.fail("array of Matrix", "two axes (range, domain)", f"shape {self.array.shape}")

    def mv(self, x: Array) -> Array:
        return jnp.matmul(self.array, x, precision=jax.lax.Precision.HIGHEST)

    def in_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.array.shape[1:], self.array.dtype)

    def out_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct(self.array.shape[:1], self.array.dtype)

    def transpose(self) -> LinearOperator:
        return Matrix(self.array.T)

    def conj(self) -> LinearOperator:
        return Matrix(self.array.conj())

    def as_matrix(self) -> Array:
        return self.array


class FunctionOperator(LinearOperator):
    """A linear function as an operator; arrays that it closes over become leaves with derivatives.

    Arguments:
        function: x -> A x, in JAX, linear in x.
        in_structure: structure of ``x``, or any pytree of arrays that has it.
        transpose: y -> A.T y, for the pairing ``Re sum x y``; derived from the function if None.
            Only ``A.T`` uses it: ``jax.grad`` and ``jax.linear_transpose`` see the function itself.

    Raises ValueError if ``transpose`` does not return the structure of ``x``. Linearity is for
    ``linearity_test`` to check, and a transpose for ``dot_test``.

    ```python
    D = FunctionOperator(jnp.diff, structure_of(jnp.zeros(5)))
    D.T @ jnp.ones(4)  # [-1, 0, 0, 0, 1]
    ```
    """

    function: "_Function"
    reverse: "_Function | None"
    _structure: tuple = eqx.field(static=True)
    _range: tuple = eqx.field(static=True)

    def __init__(self, function: Callable, in_structure: PyTree, transpose: Callable | None = None):
        domain = structure_of(in_structure)
        self.function = _Function(function, domain)
        self._structure, self._range = freeze(domain), freeze(jax.eval_shape(self.function, domain))
        self.reverse = None if transpose is None else _Function(transpose, self.out_structure())
        if self.reverse is not None:
            back = jax.eval_shape(self.reverse, self.out_structure())
            if not same_structure(back, domain):
                raise _checks.fail("transpose of FunctionOperator", f"a result of {describe(domain)}", describe(back))

    def mv(self, x: PyTree) -> PyTree:
        return self.function(x)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return super().transpose_mv(y) if self.reverse is None else self.reverse(y)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return thaw(self._range)


class _Function(eqx.Module):
    """A function whose closed-over arrays are leaves, so that they pass through jit, grad and vmap."""

    arrays: PyTree
    code: Callable = eqx.field(static=True)

    def __init__(self, function: Callable, structure: PyTree):
        converted = eqx.filter_closure_convert(function, structure)
        arrays, self.code = eqx.partition(converted, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray)))
        self.arrays = jax.tree.map(jnp.asarray, arrays)

    def __call__(self, x: PyTree) -> PyTree:
        return eqx.combine(self.arrays, self.code)(x)


class Restriction(LinearOperator):
    """``x -> x[..., indices, ...]``, samples picked along one axis.

    The transpose puts the samples back; where an index is repeated they add up.

    Arguments:
        indices: integers, one axis, from 0 to the length of the axis less one, in any order.
        axis: the axis of ``x`` along which to pick.
        in_structure: structure of ``x``, one array.

    Raises ValueError if an index lies outside; traced indices are clipped instead.

    ```python
    R = Restriction([0, 2, 2], axis=0, in_structure=structure_of(jnp.zeros(4)))
    R.T @ jnp.ones(3)  # [1, 0, 2, 0]
    ```
    """

    indices: Array
    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, indices: Any, axis: int, in_structure: PyTree):
        structure = structure_of(in_structure)
        if not isinstance(structure, jax.ShapeDtypeStruct) or not -len(structure.shape) <= axis < len(structure.shape):
            raise _checks.fail("in_structure of Restriction", f"one array with an axis {axis}", describe(structure))
        self.indices, self.axis = jnp.asarray(indices), axis % len(structure.shape)
        self._structure = freeze(structure)
        if self.indices.ndim != 1 or not jnp.issubdtype(self.indices.dtype, jnp.integer):
            remedy = "For a mask, write np.flatnonzero(mask)."
            got = f"{self.indices.dtype} of shape {self.indices.shape}"
            raise _checks.fail("indices of Restriction", "integers along one axis", got, remedy)
        _checks.when_concrete(self._check_range, self.indices)

    def _check_range(self, indices: Array) -> None:
        length = self.in_structure().shape[self.axis]
        outside = [int(i) for i in np.asarray(indices) if not 0 <= i < length]
        if outside:
            raise _checks.fail("indices of Restriction", f"0 to {length - 1} along axis {self.axis}", outside[:5])

    def mv(self, x: Array) -> Array:
        return jnp.take(x, self.indices, axis=self.axis, mode="clip")

    def in_structure(self) -> PyTree:
        return thaw(self._structure)


class _Blocks(LinearOperator):
    """A row, a column or a diagonal of operators."""

    operators: tuple[LinearOperator, ...]

    def __init__(self, operators: Sequence[LinearOperator]):
        self.operators = tuple(operators)
        wrong = [type(a).__name__ for a in self.operators if not isinstance(a, LinearOperator)]
        if wrong or not self.operators:
            raise _checks.fail(f"operators of {type(self).__name__}", "one or more operators", wrong or "none")

    @property
    def name(self) -> str:
        return f"{type(self).__name__}({', '.join(a.name for a in self.operators)})"

    def _check_equal(self, what: str, structures: list[PyTree]) -> None:
        for operator, structure in zip(self.operators, structures, strict=True):
            if not same_structure(structure, structures[0]):
                expected = f"operators with the {what} of the first, {describe(structures[0])}"
                got = f"{operator.name} with {describe(structure)}"
                raise _checks.fail(f"operators of {type(self).__name__}", expected, got)


class VStack(_Blocks):
    """``x -> (A x, B x, ...)``: operators on one domain, results in a tuple.

    Raises ValueError if the domains differ.

    ```python
    data, roughness = VStack([F, 0.1 * D]) @ m
    ```
    """

    def __init__(self, operators: Sequence[LinearOperator]):
        super().__init__(operators)
        self._check_equal("domain", [a.in_structure() for a in self.operators])

    def mv(self, x: PyTree) -> tuple:
        return tuple(a.mv(x) for a in self.operators)

    def in_structure(self) -> PyTree:
        return self.operators[0].in_structure()

    def out_structure(self) -> tuple:
        return tuple(a.out_structure() for a in self.operators)

    def transpose(self) -> LinearOperator:
        return HStack([a.T for a in self.operators])


class HStack(_Blocks):
    """``(x1, x2, ...) -> A x1 + B x2 + ...``: operators on the parts of a tuple, results summed.

    Raises ValueError if the ranges differ.

    ```python
    HStack([F, G]) @ (m, q)
    ```
    """

    def __init__(self, operators: Sequence[LinearOperator]):
        super().__init__(operators)
        self._check_equal("range", [a.out_structure() for a in self.operators])

    def mv(self, x: tuple) -> PyTree:
        return tree_sum(a.mv(part) for a, part in zip(self.operators, x, strict=True))

    def in_structure(self) -> tuple:
        return tuple(a.in_structure() for a in self.operators)

    def out_structure(self) -> PyTree:
        return self.operators[0].out_structure()

    def transpose(self) -> LinearOperator:
        return VStack([a.T for a in self.operators])


class BlockDiag(_Blocks):
    """``(x1, x2, ...) -> (A x1, B x2, ...)``: one operator for each part of a tuple.

    ```python
    BlockDiag([F, 2.0 * F]) @ (m1, m2)
    ```
    """

    def mv(self, x: tuple) -> tuple:
        return tuple(a.mv(part) for a, part in zip(self.operators, x, strict=True))

    def in_structure(self) -> tuple:
        return tuple(a.in_structure() for a in self.operators)

    def out_structure(self) -> tuple:
        return tuple(a.out_structure() for a in self.operators)

    def transpose(self) -> LinearOperator:
        return BlockDiag(tuple(a.T for a in self.operators))


# Plain forms: a matrix, and an operator of SciPy, over raveled arrays.


def as_dense(operator: LinearOperator) -> Array:
    """The operator as a matrix (range, domain) over raveled arrays, for tests and small problems.

    If real and complex arrays occur together, the matrix is real: each complex array counts as its
    real parts followed by its imaginary parts. Then always ``as_dense(A.H) = as_dense(A).conj().T``.

    ```python
    as_dense(Diagonal(jnp.array([1.0, 2.0])))  # [[1, 0], [0, 2]]
    ```
    """
    zero, apply = _vector_form(operator)
    return jax.vmap(apply, out_axes=1)(jnp.eye(zero.size, dtype=zero.dtype))


def as_scipy(operator: LinearOperator) -> ScipyOperator:
    """A ``scipy.sparse.linalg.LinearOperator`` over raveled arrays, for use outside JAX.

    ``matvec`` is A and ``rmatvec`` is A.H. Real and complex together become real, as in ``as_dense``.
    Raises ValueError for a complex vector where a real one is meant.

    ```python
    scipy.sparse.linalg.lsqr(as_scipy(A), np.ravel(d))
    ```
    """
    x, y = _vector_form(operator)[0], _vector_form(operator.H)[0]

    def on_host(A: LinearOperator, vector: np.ndarray, dtype: np.dtype) -> np.ndarray:
        if np.iscomplexobj(vector) and not np.issubdtype(dtype, np.complexfloating):
            raise _checks.fail(f"operand of {A.name}", f"a real vector, {dtype}", vector.dtype)
        return np.asarray(_apply(A, np.ravel(vector).astype(dtype)))

    return ScipyOperator(
        shape=(y.size, x.size),
        dtype=np.result_type(x.dtype, y.dtype),
        matvec=lambda v: on_host(operator, v, x.dtype),  # pyright: ignore[reportCallIssue]
        rmatvec=lambda v: on_host(operator.H, v, y.dtype),  # pyright: ignore[reportCallIssue]
    )


@jax.jit
def _apply(operator: LinearOperator, vector: Array) -> Array:
    return _vector_form(operator)[1](vector)


def _vector_form(operator: LinearOperator) -> tuple[Array, Callable]:
    """A zero vector of the domain, and the operator as a function of such vectors."""
    leaves = jax.tree.leaves((operator.in_structure(), operator.out_structure()))
    mixed = len({is_complex(s) for s in leaves}) > 1
    split, join = (_split, _join) if mixed else (lambda x: x, lambda x, structure: x)
    domain = operator.in_structure()
    zero, unravel = ravel_pytree(split(jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), domain)))
    return zero, lambda v: ravel_pytree(split(operator.mv(join(unravel(v), domain))))[0]


def _split(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: (v.real, v.imag) if is_complex(v) else v, x)


def _join(parts: PyTree, structure: PyTree) -> PyTree:
    return jax.tree.map(lambda s, p: jax.lax.complex(*p) if is_complex(s) else p, structure, parts)
