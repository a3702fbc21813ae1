"""Operators of SciPy and PyLops from ours, and ours from theirs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import (
    Conj,
    Identity,
    Reshape,
    VStack,
    as_dense,
    as_pylops,
    as_scipy,
    dot_test,
    from_pylops,
    from_scipy,
)

X4 = normal(4, seed=3)


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


def test_an_operator_of_scipy_works_in_jax():
    M = scipy.sparse.random(5, 4, 0.6, random_state=0)
    A, x = from_scipy(M), X4
    np.testing.assert_allclose(jax.jit(lambda x: A @ x)(x), M @ np.asarray(x))
    np.testing.assert_allclose(jax.grad(lambda x: jnp.sum((A @ x) ** 2))(x), 2 * M.T @ (M @ np.asarray(x)))
    np.testing.assert_allclose(jax.vmap(lambda x: A @ x)(jnp.stack([x, 2 * x]))[1], 2 * (M @ np.asarray(x)))
    shaped = from_scipy(M, in_structure=jnp.zeros((2, 2)), out_structure=jnp.zeros((5, 1)))
    np.testing.assert_allclose(shaped @ x.reshape(2, 2), (M @ np.asarray(x))[:, None])


def test_an_operator_of_scipy_that_does_not_fit_is_named():
    message = r"in_structure of from_scipy: expected one array of 4 entries, got shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        from_scipy(scipy.sparse.eye(4), in_structure=jnp.zeros(3))


def test_there_and_back_again():
    back = from_scipy(as_scipy(matrix(3, 4, dtype=complex)))
    np.testing.assert_allclose(as_dense(back), matrix(3, 4, dtype=complex).array)


def test_pylops_takes_our_operators_and_we_take_theirs():
    pylops = pytest.importorskip("pylops")
    theirs = pylops.FirstDerivative((4, 3), axis=0, dtype=float)
    ours = from_pylops(theirs)
    x = normal(4, 3)
    np.testing.assert_allclose(ours @ x, theirs @ np.asarray(x))
    assert dot_test(ours)
    adapter = as_pylops(matrix(3, 4, dtype=complex))
    assert pylops.utils.dottest(adapter, 3, 4, complexflag=3)
    assert (adapter @ np.ones(4)).shape == (3,)
    natural = as_pylops(Reshape((2, 6), x))
    assert (natural @ np.asarray(x)).shape == (2, 6)
    solution = pylops.optimization.basic.lsqr(as_pylops(A), np.ones(3))[0]
    np.testing.assert_allclose(solution, np.linalg.lstsq(A.array, np.ones(3))[0], rtol=1e-6)


A = matrix(3, 4)


def test_scipy_gets_real_and_imaginary_parts_of_what_is_linear_over_the_real_numbers_only():
    host = as_scipy(Conj(1j * X4))
    np.testing.assert_array_equal(host @ np.arange(8.0), [0, 1, 2, 3, -4, -5, -6, -7])
    np.testing.assert_array_equal(host.H @ np.arange(8.0), [0, 1, 2, 3, -4, -5, -6, -7])


def test_double_precision_of_scipy_is_taken_down_silently():
    with jax.enable_x64(False):
        assert (from_scipy(scipy.sparse.eye(4, format="csr")) @ jnp.ones(4)).dtype == np.float32
