"""Longer arrays."""

import numpy as np
import pytest
from helpers.operators.basic import normal

from jaxseis.operators import (
    Pad,
    dot_test,
)


@pytest.mark.parametrize(
    ("extension", "mode"), [("zero", "constant"), ("edge", "edge"), ("mirror", "symmetric"), ("periodic", "wrap")]
)
@pytest.mark.parametrize("widths", [((1, 2), (0, 3)), ((0, 7), (5, 0))], ids=["short", "longer than the array"])
def test_it_pads_as_numpy_does(extension, mode, widths):
    x = normal(3, 4)
    A = Pad(widths, x, extension)
    np.testing.assert_array_equal(A @ x, np.pad(x, widths, mode))
    assert dot_test(A)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="widths of Pad: expected 2 pairs of whole numbers of samples"):
        Pad([(1, 2)], normal(3, 4))
    with pytest.raises(ValueError, match="widths of Pad"):
        Pad([(1, -2)], normal(3))
    with pytest.raises(ValueError, match=r"whole numbers of samples \(before, after\), got \[\(1.5, 0\)\]"):
        Pad([(1.5, 0)], normal(3))
    with pytest.raises(ValueError, match="extension of Pad: expected one of zero, edge, mirror, periodic, got wrap"):
        Pad([(1, 2)], normal(3), "wrap")
