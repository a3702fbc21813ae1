"""Cosine transforms against SciPy, and their orthogonality."""

import numpy as np
import pytest
import scipy.fft
from helpers.operators.transforms import normal, struct

from jaxseis.operators.cosine import DCT
from jaxseis.operators.dense import as_dense


@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize(("shape", "axes"), [((5, 4), None), ((2, 7, 6), (2, 1))])
def test_it_is_that_of_scipy(type, shape, axes):
    x = normal(*shape)
    A = DCT(x, axes=axes, type=type)
    np.testing.assert_allclose(A @ x, scipy.fft.dctn(x, type, axes=axes, norm="ortho"), atol=1e-14)
    np.testing.assert_allclose(A.inverse() @ (A @ x), x, atol=1e-14)


@pytest.mark.parametrize("type", [2, 3])
def test_three_axes_and_single_samples(type):
    x = normal(4, 1, 3)
    np.testing.assert_allclose(DCT(x, type=type) @ x, scipy.fft.dctn(x, type, norm="ortho"), atol=1e-14)


@pytest.mark.parametrize("type", [1, 2, 4])
def test_it_is_orthogonal(type):
    C = as_dense(DCT(struct(5), type=type))
    np.testing.assert_allclose(C @ C.T, np.eye(5), atol=1e-14)


def test_a_constant_has_one_coefficient():
    y = DCT(struct(3, 4)) @ np.ones((3, 4))
    np.testing.assert_allclose(y.ravel(), np.sqrt(12) * np.eye(12)[0], atol=1e-14)


def test_it_refuses_an_unknown_type():
    with pytest.raises(ValueError, match="type of DCT: expected 1, 2, 3 or 4, got 5"):
        DCT(struct(4), type=5)


def test_it_refuses_an_axis_without_samples():
    with pytest.raises(ValueError, match="axes of DCT: expected one or more, with samples"):
        DCT(struct(4, 0))


def test_type_1_refuses_a_single_sample():
    with pytest.raises(ValueError, match=r"in_structure of DCT: expected two or more samples.*, got \(1,\)"):
        DCT(struct(1), type=1)
