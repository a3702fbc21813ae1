"""Rows, columns, diagonals and tables of operators."""

import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import (
    Block,
    BlockDiag,
    HStack,
    Kronecker,
    Matrix,
    VStack,
    as_dense,
)

X4 = normal(4, seed=3)
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


def test_a_table_is_the_table_of_matrices():
    a, b, c = A.array, B.array, normal(2, 4, seed=2)
    table = Block([[A, B], [None, Matrix(c)]])
    dense = np.block([[a, b], [np.zeros((2, 4)), c]])
    np.testing.assert_allclose(as_dense(table), dense)
    np.testing.assert_allclose(as_dense(table.T), dense.T)
    np.testing.assert_allclose(as_dense(table[1, 1]), c)
    np.testing.assert_allclose(as_dense(table[0]), dense[:3])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[A, B], [A]], r"rows of Block: expected rows of one length, got \[2, 1\]"),
        ([[A, None], [B, None]], "column 1 of Block: expected operators, or None for zero, and one operator at least"),
        ([[A, A.T]], "row 0 of Block: expected operators of one range, shape .3,. of float64, got Matrix with shape"),
        ([[A], [A.T]], "column 0 of Block: expected operators of one domain, shape .4,. of float64, got Matrix with"),
        ([[A, 3.0]], "row 0 of Block: expected operators"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_named(rows, message):
    with pytest.raises(ValueError, match=message):
        Block(rows)


def test_a_difference_of_block_operators_is_not_their_sum():
    """JOLI once gave K1 + K2 for the difference of two Kronecker products."""
    K1, K2 = Kronecker(A, B), Kronecker(B, A)
    np.testing.assert_allclose(as_dense(K1 - K2), np.kron(A.array, B.array) - np.kron(B.array, A.array))
    np.testing.assert_allclose(as_dense(-K1), -np.kron(A.array, B.array))
