"""Samples in another order or shape."""

import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    Flip,
    Permutation,
    Reshape,
    Roll,
    Transpose,
)

X = normal(2, 3, 4)
CASES = {
    "permutation": (Permutation([2, 0, 1], 1, X), lambda x: x[:, [2, 0, 1]]),
    "roll": (Roll(-2, -1, X), lambda x: np.roll(x, -2, -1)),
    "roll of two axes": (Roll((1, 2), (0, 2), X), lambda x: np.roll(x, (1, 2), (0, 2))),
    "flip": (Flip((0, -1), X), lambda x: x[::-1, :, ::-1]),
    "reshape": (Reshape((4, -1), X), lambda x: x.reshape(4, 6)),
    "transpose": (Transpose((2, 0, 1), X), lambda x: x.transpose(2, 0, 1)),
}


@pytest.mark.parametrize(("A", "expected"), CASES.values(), ids=CASES)
def test_it_is_what_numpy_does_and_orthogonal(A, expected):
    np.testing.assert_array_equal(A @ X, expected(np.asarray(X)))
    np.testing.assert_array_equal(A.T @ (A @ X), X)
    assert type(A.T) is type(A)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Permutation([0, 0, 1], 1, X), "order of Permutation: expected the numbers 0 to 2, each once, got"),
        (lambda: Permutation([0], 3, X), r"axis of Permutation: expected different axes of shape \(2, 3, 4\)"),
        (lambda: Roll((1, 2), 0, X), "shift of Roll: expected one whole number for each axis"),
        (lambda: Roll(1.5, 0, X), r"shift of Roll: .*got 1.5. Shift takes fractions"),
        (lambda: Roll(1, 0.7, X), "axis of Roll: expected different axes of .*got 0.7"),
        (lambda: Flip((0, 0), X), "axis of Flip: expected different axes"),
        (lambda: Reshape((5, 5), X), "shape of Reshape: expected as many samples as shape"),
        (lambda: Transpose((0, 1), X), "axes of Transpose: expected every axis of shape"),
        (lambda: Flip(0, (X, X)), "in_structure of Flip: expected one array"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
