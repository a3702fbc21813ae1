"""What each elementary operator computes, what it refuses, and its derivatives in its own arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg
from helpers.registry import fourier, matrix, normal

from jaxseis.operators._base import LinearOperator, structure_of
from jaxseis.operators.basic import (
    BlockDiag,
    Diagonal,
    FunctionOperator,
    HStack,
    Identity,
    Matrix,
    Restriction,
    VStack,
    as_dense,
    as_scipy,
)
from jaxseis.operators.checks import dot_test, linearity_test

X4 = normal(4, seed=3)


def test_identity_returns_what_it_is_given():
    tree = {"m": X4, "q": (jnp.ones((2, 2)),)}
    assert jax.tree.all(jax.tree.map(np.array_equal, Identity(tree) @ tree, tree))
    np.testing.assert_array_equal((2 * Identity(X4) - Identity(X4)) @ X4, X4)


def test_diagonal_multiplies_elementwise():
    w = normal(2, 3)
    np.testing.assert_array_equal(Diagonal(w) @ w, w * w)


def test_diagonal_broadcasts_to_the_structure():
    w, d = normal(5, 1), normal(2, 5, 3, dtype=complex)
    A = Diagonal(w, structure_of(d))
    np.testing.assert_allclose(A @ d, w * d)
    np.testing.assert_allclose(A.H @ d, w * d)


def test_diagonal_keeps_the_precision_of_its_operand():
    A = Diagonal(normal(4), jax.ShapeDtypeStruct((4,), jnp.float32))
    assert (A @ X4.astype(jnp.float32)).dtype == jnp.float32


def test_diagonal_is_differentiable_in_its_weights():
    slope = jax.grad(lambda w: jnp.sum((Diagonal(w) @ X4) ** 2))(jnp.ones(4))
    np.testing.assert_allclose(slope, 2 * X4**2)


@pytest.mark.parametrize(
    ("weights", "structure", "message"),
    [
        (
            jnp.ones(3), jnp.ones(4),
            "weights of Diagonal: expected weights that broadcast to shape (4,) of float64, "
            "got shape (3,) of float64.",
        ),
        (
            jnp.ones((2, 4)), jnp.ones(4),
            "weights of Diagonal: expected weights that broadcast to shape (4,) of float64, "
            "got shape (2, 4) of float64.",
        ),
        (
            {"a": jnp.ones(4)}, jnp.ones(4),
            "weights of Diagonal: expected weights that broadcast to shape (4,) of float64, got {'a': f64[4]}.",
        ),
    ],
)  # fmt: skip
def test_diagonal_refuses_weights_that_do_not_broadcast(weights, structure, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        Diagonal(weights, structure)
    assert str(error.value) == message


def test_matrix_takes_integers_and_lists():
    np.testing.assert_array_equal(Matrix([[1, 2], [3, 4]]) @ [1, 1], [3.0, 7.0])


def test_matrix_refuses_other_than_two_axes():
    with pytest.raises(ValueError, match=r"array of Matrix: expected two axes \(range, domain\), got shape \(3,\)\."):
        Matrix(jnp.ones(3))


def test_function_operator_applies_the_function():
    D = FunctionOperator(jnp.diff, jnp.zeros(5))
    np.testing.assert_array_equal(D @ jnp.arange(5.0) ** 2, [1.0, 3.0, 5.0, 7.0])
    np.testing.assert_array_equal(D.T @ jnp.ones(4), [-1.0, 0.0, 0.0, 0.0, 1.0])


def test_function_operator_uses_the_transpose_it_is_given():
    given = FunctionOperator(jnp.cumsum, X4, transpose=lambda y: 7.0 * y)
    np.testing.assert_allclose(given.T @ X4, 7.0 * X4)
    assert not dot_test(given)
    np.testing.assert_allclose(FunctionOperator(jnp.cumsum, X4).T @ X4, jnp.cumsum(X4[::-1])[::-1])


def test_function_operator_refuses_a_transpose_of_another_structure():
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        FunctionOperator(jnp.diff, jnp.zeros(5), transpose=lambda y: y)
    assert str(error.value) == (
        "transpose of FunctionOperator: expected a result of shape (5,) of float64, got shape (4,) of float64."
    )


def test_arrays_closed_over_have_derivatives():
    def energy(taps):
        A = FunctionOperator(lambda x: jnp.convolve(x, taps), X4)
        return jnp.sum(jax.jit(lambda A, x: A @ x)(A, X4) ** 2)

    taps = normal(3)
    expected = jax.grad(lambda t: jnp.sum(jnp.convolve(X4, t) ** 2))(taps)
    np.testing.assert_allclose(jax.grad(energy)(taps), expected)


def test_numpy_arrays_may_be_closed_over():
    M = np.arange(12.0).reshape(3, 4)
    A = FunctionOperator(lambda x: M @ x, X4)
    np.testing.assert_allclose(jax.jit(lambda A: A @ X4)(A), M @ X4)


def test_restriction_picks_in_the_order_given():
    x = normal(3, 5)
    np.testing.assert_array_equal(Restriction([4, 1], 1, structure_of(x)) @ x, x[:, [4, 1]])
    np.testing.assert_array_equal(Restriction(np.array([2, 0]), -2, structure_of(x)) @ x, x[np.array([2, 0])])


def test_restriction_adds_up_repeated_indices_in_its_transpose():
    R = Restriction([0, 2, 2, 2], axis=0, in_structure=X4)
    np.testing.assert_array_equal(R.T @ jnp.array([1.0, 10.0, 20.0, 30.0]), [1.0, 0.0, 60.0, 0.0])
    np.testing.assert_array_equal(as_dense(R.T @ R), np.diag([1.0, 0.0, 3.0, 0.0]))


def test_restriction_takes_traced_indices():
    picked = jax.jit(lambda i: Restriction(i, 0, X4) @ X4)(jnp.array([3, 9]))
    np.testing.assert_array_equal(picked, X4[jnp.array([3, 3])])


@pytest.mark.parametrize(
    ("indices", "axis", "structure", "message"),
    [
        ([0, 4, 7], 0, X4, "indices of Restriction: expected 0 to 3 along axis 0, got [4, 7]."),
        ([-1], 0, X4, "indices of Restriction: expected 0 to 3 along axis 0, got [-1]."),
        (
            np.array([True, False, True, True]), 0, X4,
            "indices of Restriction: expected integers along one axis, got bool of shape (4,). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            [0.0], 0, X4,
            "indices of Restriction: expected integers along one axis, got float64 of shape (1,). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            2, 0, X4,
            "indices of Restriction: expected integers along one axis, got int64 of shape (). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            [0], 1, X4,
            "in_structure of Restriction: expected one array with an axis 1, got shape (4,) of float64.",
        ),
        (
            [0], 0, (X4, X4),
            "in_structure of Restriction: expected one array with an axis 0, got (f64[4], f64[4]).",
        ),
    ],
)  # fmt: skip
def test_restriction_refuses_what_it_cannot_pick(indices, axis, structure, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        Restriction(indices, axis, structure)
    assert str(error.value) == message


A, B = matrix(3, 4), matrix(3, 4, seed=1)


def test_blocks_are_the_blocks_of_matrices():
    a, b = A.array, B.array
    np.testing.assert_allclose(as_dense(VStack([A, B])), np.vstack([a, b]))
    np.testing.assert_allclose(as_dense(HStack([A, B])), np.hstack([a, b]))
    np.testing.assert_allclose(as_dense(BlockDiag([A, B])), np.block([[a, 0 * a], [0 * b, b]]))
    np.testing.assert_allclose(as_dense(VStack([A, B]).T), np.vstack([a, b]).T)


def test_block_vectors_are_tuples():
    y = VStack([A, B]) @ X4
    assert isinstance(y, tuple)
    np.testing.assert_allclose(y[1], B @ X4)
    np.testing.assert_allclose(HStack([A, B]) @ (X4, 2 * X4), A @ X4 + 2 * (B @ X4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: VStack([A, A.T]),
            "operators of VStack: expected operators with the domain of the first, shape (4,) of float64, "
            "got Matrix with shape (3,) of float64.",
        ),
        (
            lambda: HStack([A, fourier()]),
            "operators of HStack: expected operators with the range of the first, shape (3,) of float64, "
            "got FunctionOperator with shape (4,) of complex128.",
        ),
        (lambda: BlockDiag([]), "operators of BlockDiag: expected one or more operators, got none."),
        (lambda: VStack([A, 3]), "operators of VStack: expected one or more operators, got ['int']."),
    ],
)
def test_blocks_that_do_not_fit_are_named(make, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        make()
    assert str(error.value) == message


def test_dense_form_of_a_real_domain_and_complex_range_is_real():
    dft = np.fft.fft(np.eye(4))
    np.testing.assert_allclose(as_dense(fourier()), np.vstack([dft.real, dft.imag]), atol=1e-15)
    np.testing.assert_allclose(as_dense(fourier(complex)), dft, atol=1e-15)


def test_scipy_solves_with_it():
    F, x = VStack([fourier(), 0.5 * Identity(X4)]), X4
    host = as_scipy(F)
    assert host.dtype == float
    data = jax.tree.map(np.asarray, F @ x)
    rhs = np.concatenate([data[0].real, data[0].imag, data[1]])
    np.testing.assert_allclose(scipy.sparse.linalg.lsmr(host, rhs, atol=1e-13, btol=1e-13)[0], x, rtol=1e-9)


def test_scipy_keeps_the_precision():
    host = as_scipy(matrix(3, 4, dtype=jnp.float32))
    assert host.dtype == np.float32
    assert host.matvec(np.ones(4)).dtype == np.float32


def test_scipy_refuses_complex_vectors_for_real_operators():
    with pytest.raises(ValueError, match="operand of Matrix: expected a real vector, float64, got complex128."):
        as_scipy(A).matvec(1j * np.ones(4))


def test_a_function_that_is_not_linear_is_found_out():
    class Shifted(LinearOperator):
        def mv(self, x):
            return x + 1.0

        def in_structure(self):
            return structure_of(X4)

    assert not linearity_test(Shifted())
