"""Sums along an axis and their transpose."""

import numpy as np
import pytest

from jaxseis.operators.stacking import SumAxis

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_it_sums_and_its_transpose_repeats(axis):
    A = SumAxis(axis, X)
    np.testing.assert_array_equal(A @ X, X.sum(axis))
    y = X.sum(axis)
    np.testing.assert_array_equal(A.T @ y, np.broadcast_to(np.expand_dims(y, axis), X.shape))


def test_no_such_axis():
    with pytest.raises(ValueError, match="axis of SumAxis: expected different axes of shape"):
        SumAxis(3, X)
