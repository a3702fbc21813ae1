"""Operators as matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import fourier, normal

from jaxseis.operators import (
    DCT,
    BlockDiag,
    Conj,
    Diagonal,
    FunctionOperator,
    Kronecker,
    LinearOperator,
    Real,
    as_dense,
)
from jaxseis.operators.checks import random_like


def test_dense_form_of_a_real_domain_and_complex_range_is_real():
    dft = np.fft.fft(np.eye(4))
    np.testing.assert_allclose(as_dense(fourier()), np.vstack([dft.real, dft.imag]), atol=1e-15)
    np.testing.assert_allclose(as_dense(fourier(complex)), dft, atol=1e-15)


Z = jax.ShapeDtypeStruct((2,), complex)
REAL_LINEAR = {
    "conjugates": lambda: Conj(Z),
    "a function": lambda: FunctionOperator(lambda x: jax.jit(jnp.conj)(x[::-1]), Z),
    "through real numbers": lambda: fourier() @ fourier().H,
    "a sum": lambda: Diagonal(normal(2, dtype=complex)) + Conj(Z),
    "blocks": lambda: BlockDiag([Conj(Z), Diagonal(normal(2, dtype=complex))]),
    "kronecker": lambda: Kronecker(Conj(Z), Diagonal(normal(2, dtype=complex))),
}


@pytest.mark.parametrize("make", REAL_LINEAR.values(), ids=REAL_LINEAR)
def test_what_is_linear_over_the_real_numbers_only_has_a_real_matrix(make):
    A = make()
    x, dense = random_like(A.in_structure(), jax.random.key(1)), as_dense(A)
    np.testing.assert_allclose(dense @ parts(x), parts(A @ x), rtol=1e-12)
    np.testing.assert_allclose(as_dense(A.H), dense.T, atol=1e-14)
    with pytest.raises(ValueError, match="matrix of .*: expected an operator that is linear over the complex numbers"):
        A.as_matrix()


def parts(x):
    return np.concatenate([np.r_[np.real(v).ravel(), np.imag(v).ravel()] for v in jax.tree.leaves(x)])


def test_complex_linear_operators_keep_a_complex_matrix():
    F, D = fourier(complex), Diagonal(normal(4, dtype=complex), 1j * jnp.ones(4))
    for A in (F.H @ D @ F, 2j * D - F.conj(), DCT(1j * jnp.ones(4))):
        assert A.is_complex_linear()
        assert as_dense(A).dtype == complex


def test_a_part_taken_of_what_does_not_depend_on_x_changes_nothing():
    class Weighted(LinearOperator):
        w: jax.Array

        def mv(self, x):
            return self.w.real * x + jnp.vdot(self.w, x)

        def in_structure(self):
            return Z

    A = Weighted(normal(2, dtype=complex))
    assert A.is_complex_linear()
    assert not (A @ Conj(Z)).is_complex_linear()
    assert not Real(Z).is_complex_linear()
