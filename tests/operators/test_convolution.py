"""Convolutions against NumPy, SciPy and PyLops; the two methods against each other; the kernel's derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
from helpers.operators.transforms import normal, struct

from jaxseis.operators.convolution import ByFFT, CircularConvolve, Convolve, Direct

METHODS = pytest.mark.parametrize("method", [Direct(), ByFFT()], ids=["direct", "fft"])


@METHODS
@pytest.mark.parametrize(("taps", "offset"), [(4, 0), (3, 1), (4, 3), (9, 4)])
def test_along_one_axis_it_is_that_of_numpy(method, taps, offset):
    h, x = normal(taps), normal(2, 6, seed=1)
    whole = np.stack([np.convolve(row, h) for row in x])
    y = Convolve(h, x, offset=offset, method=method) @ x
    np.testing.assert_allclose(y, whole[:, offset : offset + 6], atol=1e-14)


@METHODS
def test_over_several_axes_it_is_that_of_scipy(method):
    h, x = normal(2, 3, dtype=complex), normal(4, 5, 3, seed=1)
    whole = scipy.signal.convolve(x, h[:, None], method="direct")
    y = Convolve(h, x, axes=(0, 2), offset=(1, 2), method=method) @ x
    np.testing.assert_allclose(y, whole[1:5, :, 2:5], atol=1e-14)


@METHODS
def test_each_trace_may_have_its_kernel(method):
    h, x = normal(2, 1, 3), normal(2, 3, 5, seed=1)
    y = Convolve(h, x, axes=2, method=method) @ x
    np.testing.assert_allclose(y[1, 2], np.convolve(x[1, 2], h[1, 0])[:5], atol=1e-14)


@METHODS
def test_circular_it_is_a_sum_of_rolled_copies(method):
    h, x = normal(3), normal(5, 4, seed=1)
    expected = sum(h[j] * np.roll(x, j - 2, axis=0) for j in range(3))
    np.testing.assert_allclose(CircularConvolve(h, x, axes=0, offset=2, method=method) @ x, expected, atol=1e-14)


@METHODS
@pytest.mark.parametrize("kind", [Convolve, CircularConvolve])
def test_the_gradient_in_the_kernel_correlates(kind, method):
    h, x, y = normal(3), normal(6, seed=1), normal(6, seed=2)
    slope = jax.grad(lambda h: jnp.vdot(y, kind(h, x, offset=1, method=method) @ x))(h)
    taps = np.eye(3)
    np.testing.assert_allclose(slope, [jnp.vdot(y, kind(t, x, offset=1) @ x) for t in taps], atol=1e-14)


def test_pylops_agrees():
    pylops = pytest.importorskip("pylops")
    h, x = np.asarray(normal(4)), np.asarray(normal(3, 7, seed=1))
    theirs, ours = pylops.signalprocessing.Convolve1D(x.shape, h, offset=1, axis=1), Convolve(h, x, offset=1)
    np.testing.assert_allclose(ours @ x, theirs @ x, atol=1e-14)
    np.testing.assert_allclose(ours.H @ x, theirs.H @ x, atol=1e-14)


def test_long_kernels_go_by_fft():
    assert Convolve(np.ones(32), struct(8)).method == Direct()
    assert Convolve(np.ones(33), struct(8)).method == ByFFT()
    assert Convolve(np.ones((7, 9)), struct(8, 8)).method == Direct()


def test_the_kernel_takes_the_precision_of_the_operand():
    x = normal(5, dtype=jnp.float32)
    assert (Convolve(normal(3), x) @ x).dtype == jnp.float32
    assert (Convolve(normal(3, dtype=complex), x) @ x).dtype == jnp.complex64


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Convolve(np.ones((3, 4)), struct(2, 5), axes=1),
            r"kernel of Convolve: expected taps along axes \(1,\), .*each trace of shape \(2, 5\), got shape \(3, 4\)",
        ),
        (lambda: Convolve(np.ones(3), struct(5), method="fft"), r"method of Convolve: expected Direct\(\) .*got 'fft'"),
        (lambda: Convolve(1.0, struct(5)), r"kernel of Convolve: .*got shape \(\)"),
        (lambda: Convolve(np.ones(3), struct(5), offset=3), r"offset of Convolve: .*below its length in \(3,\), got 3"),
        (lambda: Convolve(np.ones((3, 3)), struct(5, 5), offset=(0, 0, 0)), "offset of Convolve: .*each of 2 axes"),
        (lambda: Convolve(np.ones((3, 3)), struct(5)), r"kernel of Convolve: .*got shape \(3, 3\)"),
        (lambda: CircularConvolve(np.ones(6), struct(5)), r"kernel of CircularConvolve: expected at most \(5,\) taps"),
    ],
)
def test_it_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
