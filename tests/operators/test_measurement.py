"""Random measurements: orthogonal where they claim it, equal stored and not, of the stated statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators import measurement
from jaxseis.operators.checks import dot_test
from jaxseis.operators.dense import as_dense
from jaxseis.operators.measurement import Gaussian, GaussianMatrix, RandomPhase

KEY = jax.random.key(3)


@pytest.mark.parametrize("shape", [(8,), (7,), (4, 3), (3, 4)])
def test_random_phase_is_orthogonal(shape):
    matrix = as_dense(RandomPhase(KEY, np.zeros(shape)))
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(np.prod(shape)), atol=1e-14)


def test_random_phase_is_a_circular_convolution_but_for_signs():
    A = RandomPhase(KEY, np.zeros(9))
    matrix = np.asarray(A.signs)[:, None] * as_dense(A)
    rolled = np.stack([np.roll(matrix[:, 0], k) for k in range(9)], 1)
    np.testing.assert_allclose(matrix, rolled, atol=1e-14)
    assert set(np.unique(A.signs)) == {-1.0, 1.0}


def test_random_phase_of_complex_signals_keeps_real_ones_real():
    x = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_allclose((RandomPhase(KEY, x + 0j) @ x).imag, 0, atol=1e-14)


def test_a_spike_is_spread_evenly():
    y = RandomPhase(KEY, np.zeros(1024)) @ np.eye(1, 1024)[0]
    assert np.max(np.abs(y)) < 5 / np.sqrt(1024)


@pytest.mark.parametrize("kind", ["plain", "normalized"])
@pytest.mark.parametrize("dtype", [float, np.complex64])
def test_stored_and_not_stored_are_the_same_matrix(kind, dtype, monkeypatch):
    monkeypatch.setattr(measurement, "_BLOCK", 24)  # blocks of four rows
    x = jax.ShapeDtypeStruct((2, 3), dtype)
    stored, made = (make(KEY, 11, x, kind=kind) for make in (GaussianMatrix, Gaussian))
    np.testing.assert_allclose(as_dense(made), as_dense(stored), rtol=1e-5)
    assert dot_test(made)
    assert dot_test(stored)


def test_columns_have_unit_length_when_normalized():
    matrix = as_dense(Gaussian(KEY, 11, np.zeros(6), kind="normalized"))
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=0), 1, rtol=1e-13)


def test_rows_are_orthonormal_when_asked():
    A = GaussianMatrix(KEY, 4, np.zeros((2, 3)) + 0j, kind="orthonormal")
    np.testing.assert_allclose(A @ (A.H @ np.arange(4.0)), np.arange(4.0), atol=1e-14)


def test_lengths_are_kept_on_average():
    x = np.random.default_rng(0).normal(size=(10, 5))
    y = GaussianMatrix(KEY, 4000, x) @ x
    np.testing.assert_allclose(jnp.vdot(y, y), np.vdot(x, x), rtol=0.1)


def test_rows_differ_between_blocks(monkeypatch):
    monkeypatch.setattr(measurement, "_BLOCK", 6)
    matrix = np.asarray(as_dense(Gaussian(KEY, 5, np.zeros(6))))
    assert len(np.unique(matrix)) == 30


def test_a_gradient_does_not_store_the_matrix(monkeypatch):
    monkeypatch.setattr(measurement, "_BLOCK", 400)
    A = Gaussian(KEY, 1000, np.zeros(100))

    def f(x):
        return jnp.sum((A @ x) ** 2)

    memory = jax.jit(jax.grad(f)).lower(jnp.ones(100)).compile().memory_analysis()
    assert memory.temp_size_in_bytes < 1000 * 100 * 8 / 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gaussian(KEY, 0, np.zeros(4)), "rows of Gaussian: expected a whole number of at least 1"),
        (lambda: Gaussian(KEY, 2, np.zeros(4), kind="orthonormal"), "kind of Gaussian: .*use GaussianMatrix"),
        (lambda: GaussianMatrix(KEY, 2, np.zeros(4), kind="sparse"), "kind of GaussianMatrix: expected one of plain"),
        (lambda: GaussianMatrix(KEY, 5, np.zeros(4), kind="orthonormal"), "rows of GaussianMatrix: expected at most 4"),
        (lambda: RandomPhase(KEY, (np.zeros(4),)), "in_structure of RandomPhase: expected one array"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_empty_arrays():
    A = Gaussian(KEY, 2, np.zeros((0, 3)))
    np.testing.assert_array_equal(A @ jnp.zeros((0, 3)), jnp.zeros(2))
    assert (A.T @ jnp.ones(2)).shape == (0, 3)
