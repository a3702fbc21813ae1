"""The algebra, the checks of operands, and fusing. Contracts are elsewhere."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import (
    FunctionOperator,
    Identity,
    LinearOperator,
    Matrix,
    VStack,
    inner,
    structure_of,
)
from jaxseis.operators._algebra import Composition, Scaled
from jaxseis.operators._base import Transposed
from jaxseis.operators.checks import dot_test

A34, B34, C23 = matrix(3, 4), matrix(3, 4, seed=1), matrix(2, 3, seed=2)
X4 = normal(4, seed=3)


class Shift(LinearOperator):
    """As little as a subclass must write."""

    size: int = eqx.field(static=True)

    def mv(self, x):
        return jnp.roll(x, 1) * jnp.arange(1.0, self.size + 1)

    def in_structure(self):
        return jax.ShapeDtypeStruct((self.size,), float)


class Repeated(Shift):
    """Takes one number for all entries, and names its axis."""

    def broadcast_input(self, x):
        return jnp.broadcast_to(jnp.asarray(x), (self.size,)) if np.ndim(x) == 0 else x

    def in_axes(self):
        return ("time",)


# Algebra: against the same algebra of matrices.


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (A34 + B34, lambda a, b, c: a + b),
        (A34 - B34, lambda a, b, c: a - b),
        (-A34, lambda a, b, c: -a),
        (2 * A34, lambda a, b, c: 2 * a),
        (A34 * 2, lambda a, b, c: 2 * a),
        (A34 / 4, lambda a, b, c: a / 4),
        (np.float64(2) * A34, lambda a, b, c: 2 * a),
        (jnp.asarray(2.0) * A34, lambda a, b, c: 2 * a),
        (C23 @ A34, lambda a, b, c: c @ a),
        (C23 @ (A34 + B34), lambda a, b, c: c @ (a + b)),
        (A34.T, lambda a, b, c: a.T),
        ((C23 @ A34).T, lambda a, b, c: a.T @ c.T),
        ((A34 - 3 * B34).T, lambda a, b, c: a.T - 3 * b.T),
        (-(C23 @ A34), lambda a, b, c: -(c @ a)),
        (C23 @ A34 - C23 @ B34, lambda a, b, c: c @ a - c @ b),
        (-1 * (-A34), lambda a, b, c: a),
        (A34 - (A34 - B34), lambda a, b, c: b),
        (-A34.T @ -C23.T, lambda a, b, c: a.T @ c.T),
        (1j * A34, lambda a, b, c: 1j * a),
        (A34 + 1j * B34, lambda a, b, c: a + 1j * b),
    ],
)
def test_algebra_is_that_of_matrices(operator, expected):
    dense = expected(*(np.asarray(m.array) for m in (A34, B34, C23)))
    np.testing.assert_allclose(operator.as_matrix(), dense, rtol=1e-12, atol=1e-14)


def test_a_subclass_writes_two_methods():
    A = Shift(4)
    assert A.out_structure() == A.in_structure()
    assert dot_test(A)
    np.testing.assert_array_equal(A.T @ jnp.ones(4), [2.0, 3.0, 4.0, 1.0])


def test_transposing_twice_returns_the_original():
    A = Shift(4)
    assert isinstance(A.T, Transposed)
    assert A.T.T is A


def test_scalars_may_be_traced():
    value, slope = jax.jit(jax.value_and_grad(lambda c: jnp.sum((c * A34) @ X4)))(3.0)
    np.testing.assert_allclose(value, 3 * jnp.sum(A34 @ X4))
    np.testing.assert_allclose(slope, jnp.sum(A34 @ X4))
    np.testing.assert_allclose(jax.jit(lambda c: (A34 / c) @ X4)(4), A34 @ X4 / 4)


def test_a_real_scalar_keeps_the_precision():
    A = matrix(3, 4, dtype=jnp.float32)
    for c in (2, 2.0, np.float64(2), jnp.asarray(2.0), np.int32(2)):
        assert (c * A).out_structure().dtype == jnp.float32
        assert ((c * A) @ X4.astype(jnp.float32)).dtype == jnp.float32


def test_a_complex_scalar_makes_the_range_complex_and_nothing_else():
    A = (1 + 2j) * A34
    assert (A.in_structure().dtype, A.out_structure().dtype) == (float, complex)
    np.testing.assert_allclose(A @ X4, (1 + 2j) * (A34 @ X4))
    assert (2j * matrix(3, 4, dtype=jnp.float32)).out_structure().dtype == jnp.complex64


def test_the_adjoint_of_a_real_domain_and_complex_range_is_real():
    F, y = fourier(), normal(4, seed=5, dtype=complex)
    assert (F.H @ y).dtype == float
    np.testing.assert_allclose(F.H @ y, np.real(np.conj(np.fft.fft(np.eye(4))).T @ y), atol=1e-14)
    np.testing.assert_allclose(F.T @ y, np.real(np.fft.fft(np.eye(4)).T @ y), atol=1e-14)


def test_the_transpose_of_a_complex_multiple_multiplies_first():
    A = (1 + 2j) * fourier()  # A.T y = Re F^T (c y), not c Re F^T y
    y = normal(4, seed=5, dtype=complex)
    np.testing.assert_allclose(A.T @ y, np.real(np.fft.fft(np.eye(4)).T @ ((1 + 2j) * y)), atol=1e-13)


def test_the_adjoint_of_a_complex_matrix_conjugates():
    A, y = matrix(3, 4, dtype=complex), normal(3, seed=5, dtype=complex)
    np.testing.assert_allclose(A.H @ y, A.array.conj().T @ y)
    np.testing.assert_allclose(A.T @ y, A.array.T @ y)


def test_gradient_with_respect_to_an_operator():
    def energy(A):
        return jnp.sum((C23 @ A @ X4) ** 2)

    slope = jax.grad(energy)(A34)
    expected = jax.grad(lambda m: jnp.sum((C23.array @ m @ X4) ** 2))(A34.array)
    assert isinstance(slope, Matrix)
    np.testing.assert_allclose(slope.array, expected)


def test_inner_is_real_and_conjugates_the_left():
    x, y = {"a": normal(3, dtype=complex), "b": normal(2)}, {"a": normal(3, seed=1, dtype=complex), "b": normal(2)}
    assert inner(x, y).dtype == float
    np.testing.assert_allclose(inner(x, y), np.vdot(x["a"], y["a"]).real + np.vdot(x["b"], y["b"]))


# Operands.


def test_lists_and_numpy_arrays_are_converted():
    for x in ([1.0, 2.0, 3.0, 4.0], [1, 2, 3, 4], np.arange(1, 5), np.arange(1.0, 5.0), np.arange(1, 5, dtype="f4")):
        y = A34 @ x
        assert isinstance(y, jax.Array)
        np.testing.assert_allclose(y, A34 @ jnp.arange(1.0, 5.0), rtol=1e-12)
    single = matrix(3, 4, dtype=jnp.float32)
    assert (single @ [1.0, 2.0, 3.0, 4.0]).dtype == jnp.float32
    assert (single @ jnp.full(4, 1.0 * jnp.asarray(2.0, jnp.float32))).dtype == jnp.float32
    assert (matrix(3, 4, dtype=complex) @ X4).dtype == complex


def test_float64_is_rounded_only_where_jax_rounds_it():
    single = matrix(3, 4, dtype=jnp.float32)
    with pytest.raises(ValueError, match=r"operand of Matrix: expected float32, got float64. Round it with x.astype"):
        single @ np.arange(4.0)
    with jax.enable_x64(False):
        assert (single @ np.arange(4.0)).dtype == jnp.float32


@pytest.mark.parametrize(
    ("operator", "x", "message"),
    [
        (A34, jnp.zeros(5), "operand of Matrix: expected shape (4,) of float64, got shape (5,) of float64."),
        (A34, 3.0, "operand of Matrix: expected shape (4,) of float64, got shape () of float64."),
        (A34, "four", "operand of Matrix: expected shape (4,) of float64, got 'four'."),
        (A34, None, "operand of Matrix: expected shape (4,) of float64, got None."),
        (A34, [[1.0], [2.0, 3.0]], "operand of Matrix: expected shape (4,) of float64, got [[1.0], [2.0, 3.0]]."),
        (
            A34, 1j * X4,
            "operand of Matrix: expected real numbers, float64, got complex128. "
            "Take the real part, x.real, if the imaginary part is not meant.",
        ),
        (A34.T, X4, "operand of Matrix: expected shape (3,) of float64, got shape (4,) of float64."),
        (Shift(4).T, X4[:3], "operand of Shift.T: expected shape (4,) of float64, got shape (3,) of float64."),
        (2 * A34, X4[:3], "operand of c * Matrix: expected shape (4,) of float64, got shape (3,) of float64."),
        (C23 @ A34, X4[:3], "operand of Matrix @ Matrix: expected shape (4,) of float64, got shape (3,) of float64."),
        (A34 + B34, X4[:3], "operand of (Matrix + Matrix): expected shape (4,) of float64, got shape (3,) of float64."),
        (Repeated(4), X4[:3], "operand of Repeated: expected shape (4,) (time) of float64, got shape (3,) of float64."),
        (
            -Repeated(4) @ Identity(X4), X4[:3],
            "operand of c * Repeated: expected shape (4,) (time) of float64, got shape (3,) of float64.",
        ),
        (VStack([A34, B34]).T, X4[:3], "operand of HStack(Matrix, Matrix): expected (f64[3], f64[3]), got f64[3]."),
        (
            VStack([A34, B34]).T, (X4, X4[:3]),
            "operand of HStack(Matrix, Matrix): expected (f64[3], f64[3]), got (f64[4], f64[3]).",
        ),
    ],
)  # fmt: skip
def test_a_wrong_operand_is_named(operator, x, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        operator @ x
    assert str(error.value) == message


def test_a_wrong_operand_is_named_under_jit():
    with pytest.raises(ValueError, match="operand of Matrix: expected shape"):
        jax.jit(lambda x: A34 @ x)(jnp.zeros(5))


@pytest.mark.parametrize(
    ("combine", "message"),
    [
        (
            lambda: A34 @ Shift(5),
            "Matrix @ Shift: expected Shift to give what Matrix acts on, shape (4,) of float64, "
            "got shape (5,) of float64.",
        ),
        (
            lambda: A34 @ Identity(jnp.zeros(5)),
            "Matrix @ Identity: expected Identity to give what Matrix acts on, shape (4,) of float64, "
            "got shape (5,) of float64.",
        ),
        (
            lambda: Identity(jnp.zeros(5)) @ A34,
            "Identity @ Matrix: expected Matrix to give what Identity acts on, shape (5,) of float64, "
            "got shape (3,) of float64.",
        ),
        (
            lambda: (2 * A34) @ Shift(5),
            "Matrix @ Shift: expected Shift to give what Matrix acts on, shape (4,) of float64, "
            "got shape (5,) of float64.",
        ),
        (
            lambda: A34 @ (2 * Shift(5)),
            "Matrix @ Shift: expected Shift to give what Matrix acts on, shape (4,) of float64, "
            "got shape (5,) of float64.",
        ),
        (
            lambda: fourier(complex) @ Shift(4),
            "FunctionOperator @ Shift: expected Shift to give what FunctionOperator acts on, shape (4,) of complex128, "
            "got shape (4,) of float64.",
        ),
        (
            lambda: A34 + Shift(5),
            "Matrix + Shift: expected two operators on shape (4,) of float64, got Shift on shape (5,) of float64.",
        ),
        (
            lambda: A34 + Shift(4),
            "Matrix + Shift: expected two operators that give shape (3,) of float64, "
            "got Shift that gives shape (4,) of float64.",
        ),
        (
            lambda: A34 + 1.0,
            "operand added to Matrix: expected an operator, got 1.0. "
            "For a number c, write A + c * Identity(A.in_structure()).",
        ),
        (
            lambda: A34 * X4,
            "scalar factor of Matrix: expected one number, got f64[4]. "
            "Write A @ x to apply and A @ B to compose; Diagonal(weights) multiplies elementwise.",
        ),
        (
            lambda: A34 * B34,
            "scalar factor of Matrix: expected one number, got the operator Matrix. "
            "Write A @ x to apply and A @ B to compose; Diagonal(weights) multiplies elementwise.",
        ),
    ],
)
def test_operators_that_do_not_fit_are_named(combine, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        combine()
    assert str(error.value) == message


def test_an_array_on_the_left_is_not_understood():
    for left in (np.ones(3), jnp.ones(3)):
        with pytest.raises(TypeError):
            left @ A34


def test_broadcasting_hook_reaches_the_operator_that_has_it():
    A, full = Repeated(4), jnp.full(4, 2.0)
    for operator in (A, -A, A @ A, A34 @ A, A + Shift(4), A.T.T, A.T @ A):
        np.testing.assert_allclose(operator @ 2.0, operator @ full)
    np.testing.assert_allclose((2j * A) @ 2.0, 2j * (A @ full))
    with pytest.raises(ValueError, match="operand of Repeated.T"):
        A.T @ 2.0


def test_broadcasting_hook_of_the_range_serves_the_transpose():
    class Both(Repeated):
        def broadcast_output(self, y):
            return self.broadcast_input(y)

    np.testing.assert_allclose((Both(4).T @ Identity(X4)) @ 2.0, Both(4).T @ jnp.full(4, 2.0))
    np.testing.assert_allclose((3 * Both(4)).T @ 2.0, (3 * Both(4)).T @ jnp.full(4, 2.0))


# Fusing.


class Word(LinearOperator):
    """The identity under the name of some letters; certain neighbours become one word."""

    letters: str = eqx.field(static=True)
    right: str = eqx.field(static=True, default="")
    left: str = eqx.field(static=True, default="")

    def mv(self, x):
        return x

    def in_structure(self):
        return structure_of(X4)

    def _absorb_right(self, other):
        return self._joined(self, other) if getattr(other, "letters", "?") in self.right else NotImplemented

    def _absorb_left(self, other):
        return self._joined(other, self) if getattr(other, "letters", "?") in self.left else NotImplemented

    def _joined(self, a, b):
        return Word(a.letters + b.letters, right=self.right, left=self.left)


def words(operator):
    return [getattr(f, "letters", f.name) for f in getattr(operator, "factors", (operator,))]


def test_compositions_are_flat_and_in_order():
    a, b, c, d = map(Word, "abcd")
    assert words((a @ b) @ (c @ d)) == ["a", "b", "c", "d"]
    assert words(a @ (b @ (c @ d))) == ["a", "b", "c", "d"]
    assert isinstance(a @ b, Composition)


def test_the_left_factor_is_asked_before_the_right():
    assert words(Word("a", right="b") @ Word("b")) == ["ab"]
    assert words(Word("a") @ Word("b", left="a")) == ["ab"]
    fused = Word("a", right="b") @ Word("b", left="a")
    assert (fused.right, fused.left) == ("b", "")


def test_fusing_does_not_depend_on_the_brackets():
    pr, inverse, ps = Word("R"), Word("A", left="R", right="S"), Word("S")
    assert words((pr @ inverse) @ ps) == words(pr @ (inverse @ ps)) == ["RAS"]
    x, y = Word("x"), Word("y")
    for operator in ((x @ pr) @ (inverse @ ps) @ y, x @ (pr @ ((inverse @ ps) @ y)), (x @ pr @ inverse) @ (ps @ y)):
        assert words(operator) == ["x", "RAS", "y"]


def test_scalars_do_not_stand_in_the_way_of_fusing():
    pr, inverse, ps = Word("R"), Word("A", left="R", right="S"), Word("S")
    for operator in (pr @ (2.0 * inverse) @ ps, pr @ inverse @ (2.0 * ps), (2.0 * pr) @ inverse @ ps):
        assert isinstance(operator, Scaled)
        assert words(operator.operator) == ["RAS"]
        np.testing.assert_allclose(operator @ X4, 2 * X4)


def test_a_complex_scalar_stays_behind_what_may_be_real_linear_only():
    real_part = FunctionOperator(jnp.real, structure_of(1j * X4))
    np.testing.assert_allclose((real_part @ (1j * Identity(X4))) @ X4, jnp.zeros(4))


def test_the_identity_disappears():
    assert C23 @ Identity(jnp.zeros(3)) is C23
    assert Identity(jnp.zeros(2)) @ C23 is C23


@pytest.mark.parametrize("factor", [None, "2", [1.0, 2.0], object], ids=str)
def test_factors_that_are_no_number_are_refused(factor):
    with pytest.raises(ValueError, match="scalar factor of Matrix: expected one number, got"):
        factor * A34


def test_a_shape_is_no_structure():
    with pytest.raises(ValueError, match=r"got \(50, 40\). For an array of shape .*Struct\(\(50, 40\), jnp.float32\)"):
        structure_of((50, 40))
    with pytest.raises(ValueError, match=r"structure: expected arrays, or jax.ShapeDtypeStruct, got 50"):
        Identity(50)
    assert structure_of(np.float64(1.0)) == structure_of(jnp.asarray(1.0))
