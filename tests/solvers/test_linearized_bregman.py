"""Linearized Bregman: optimality, sketches, step weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.counted import Counter

from jaxseis.operators.function import FunctionOperator
from jaxseis.operators.matrix import Matrix
from jaxseis.solvers import Host, Status, solve
from jaxseis.solvers.linearized_bregman import (
    AntiChatter,
    LinearizedBregman,
    SketchedSystem,
    SparseSystem,
    Uniform,
    linearized_bregman,
)

RNG = np.random.default_rng(2)
WIDE = RNG.standard_normal((8, 16))
SPARSE = np.zeros(16)
SPARSE[[2, 9]] = [1.0, -2.0]
DATA = WIDE @ SPARSE


def soft(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)


def by_hand(A, b, steps, sigma=0.0, threshold=None, quantile=0.95, chatter=True):
    """The method written out, one array after the other."""
    x, z, signs = np.zeros(A.shape[1]), np.zeros(A.shape[1]), np.zeros(A.shape[1])
    cut = 0.0 if threshold is None else threshold
    for k in range(1, steps + 1):
        r = A @ x - b
        w = r * max(1 - sigma / np.linalg.norm(r), 0)
        g = A.T @ w
        change = -np.sum(w**2) / np.sum(g**2) * g
        signs += np.sign(change)
        weights = np.where(np.abs(z) > cut, np.abs(signs) / k, 1) if chatter else 1
        z = z + weights * change
        if k == 1 and threshold is None:
            cut = np.quantile(np.abs(z), quantile)
        x = soft(z, cut)
    return x, z, cut


@pytest.mark.parametrize("chatter", [True, False])
@pytest.mark.parametrize("threshold", [None, 1.5])
def test_the_steps_are_those_of_the_method(chatter, threshold):
    weights = AntiChatter() if chatter else Uniform()
    options = dict(threshold=threshold, quantile=0.7, weights=weights)
    found = linearized_bregman(Matrix(WIDE), DATA, 0.1, max_steps=12, **options)
    x, z, cut = by_hand(WIDE, DATA, 12, 0.1, threshold, 0.7, chatter)
    np.testing.assert_allclose(found.value, x, atol=1e-12)
    np.testing.assert_allclose(found.state.z, z, atol=1e-12)
    np.testing.assert_allclose(found.curves()["threshold"][-1], cut)


@pytest.mark.parametrize("matrix", [WIDE, WIDE + 1j * RNG.standard_normal((8, 16))])
def test_the_solution_satisfies_the_optimality_conditions(matrix):
    """x = soft(z), z in the range of A.H, and A x = b."""
    b, options = matrix @ SPARSE, dict(threshold=0.4, weights=Uniform(), rtol=1e-9, max_steps=20000)
    found = linearized_bregman(Matrix(matrix), b, **options).required()
    z = np.asarray(found.state.z)
    y = np.linalg.lstsq(matrix.conj().T, z, rcond=None)[0]
    np.testing.assert_allclose(matrix.conj().T @ y, z, atol=1e-9)
    np.testing.assert_allclose(matrix @ found.value, b, atol=1e-7)
    assert not np.allclose(found.value, SPARSE, atol=1e-3)  # the threshold is too small for the sparsest


def test_a_noise_level_is_kept():
    found = linearized_bregman(Matrix(WIDE), DATA, 0.5, threshold=2.0, weights=Uniform(), rtol=1e-4, max_steps=5000)
    np.testing.assert_allclose(np.linalg.norm(WIDE @ found.required().value - DATA), 0.5, rtol=1e-2)


def test_a_tight_frame_as_transform():
    """C.H C = I with twice as many coefficients; x is sparse in one half of them."""
    dft = np.fft.fft(np.eye(16), norm="ortho")
    C = FunctionOperator(lambda x: jnp.concatenate([x, dft @ x]) / np.sqrt(2), np.zeros(16, complex))
    A = Matrix(WIDE.astype(complex))
    options = dict(transform=C, threshold=3.0, weights=Uniform(), rtol=1e-7, max_steps=10000)
    found = linearized_bregman(A, DATA.astype(complex), **options).required()
    np.testing.assert_allclose(found.value, SPARSE, atol=1e-4)
    assert found.state.z.shape == (32,)


def test_zero_costs_nothing():
    A = Counter(WIDE)
    solution = linearized_bregman(A.operator, DATA, threshold=1e3, max_steps=4)
    assert not np.any(solution.value)
    assert (A.forward, A.adjoint) == (0, 4)
    A = Counter(WIDE)
    linearized_bregman(A.operator, DATA, max_steps=4)
    assert (A.forward, A.adjoint) == (3, 4)


TALL = RNG.standard_normal((40, 16))


class Rows(eqx.Module):
    """Four equations in turn, or at random."""

    matrix: jax.Array
    b: jax.Array
    traced: list = eqx.field(static=True)

    def __call__(self, key, step):
        self.traced.append(step)
        rows = jax.random.choice(key, 40, (4,), replace=False)
        return Matrix(self.matrix[rows]), self.b[rows]


def test_sketches_are_compiled_once_and_are_the_same_from_the_host():
    # a list that is shared is equal to itself, so that programs are found again
    rows = Rows(jnp.asarray(TALL), jnp.asarray(TALL @ SPARSE), Trace())
    problem, solver = SketchedSystem(rows, jax.random.key(0)), LinearizedBregman(threshold=0.5, rtol=0.0)
    compiled = solve(problem, solver, max_steps=30)
    traces = len(rows.traced)
    part = solve(problem, solver, max_steps=13, driver=Host())
    rest = solve(problem, solver, max_steps=17, driver=Host(), state=part.state)
    assert len(rows.traced) <= traces + 4  # two starts, one step, one look
    np.testing.assert_allclose(rest.value, compiled.value, atol=1e-10)
    eager = solve(problem, solver, max_steps=30, driver=Host(compiled=False))
    np.testing.assert_allclose(eager.value, compiled.value, atol=1e-10)
    assert compiled.status == Status.max_steps
    assert np.linalg.norm(compiled.value - SPARSE) < 0.3 * np.linalg.norm(SPARSE)


class Trace(list):
    """A list that is hashed and compared by identity."""

    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


def test_sketches_may_come_from_outside_jax():
    def choose(key, step):
        rows = slice(4 * (int(step) % 10), 4 * (int(step) % 10) + 4)  # fails where the step is traced
        return Matrix(TALL[rows]), TALL[rows] @ SPARSE

    problem = SketchedSystem(choose, jax.random.key(0))
    found = solve(problem, LinearizedBregman(threshold=0.5), max_steps=100, driver=Host(compiled=False))
    np.testing.assert_allclose(found.value, SPARSE, atol=0.1)


def test_weights_of_entries_that_chatter():
    z, threshold = jnp.array([3.0, 3.0, 0.1]), jnp.asarray(1.0)
    rule, memory = AntiChatter(), jnp.zeros(3)
    for k, change in enumerate([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], start=1):
        weighted, memory = rule.weighted(jnp.array(change), z, threshold, memory, jnp.asarray(k))
    np.testing.assert_allclose(weighted, [1.0, 1 / 3, 1.0])
    turned, _ = rule.weighted(jnp.array([1j]), jnp.array([5.0 + 0j]), threshold, jnp.array([1.0 + 0j]), jnp.asarray(2))
    np.testing.assert_allclose(turned, [1j * np.sqrt(2) / 2])


@pytest.mark.parametrize("threshold", [None, 0.4])
def test_a_start_is_kept(threshold):
    A, start = Counter(WIDE), 0.9 * SPARSE
    found = linearized_bregman(A.operator, DATA, start=start, threshold=threshold, max_steps=1)
    np.testing.assert_allclose(found.curves()["residual"][0], 0.1 * np.linalg.norm(DATA))
    assert (A.forward, A.adjoint) == (2, 1)
    near = found.value[np.array([2, 9])]
    np.testing.assert_allclose(near, [1.0, -2.0], atol=0.2)  # its entries have not been shrunk by the threshold
    solved = linearized_bregman(Matrix(WIDE), DATA, start=SPARSE, threshold=threshold)
    assert solved.converged
    assert int(solved.steps) == 0
    np.testing.assert_array_equal(solved.value, SPARSE)


def test_what_is_said_to_be_converged_is_so():
    far = linearized_bregman(Matrix(WIDE), DATA, 2 * np.linalg.norm(DATA), start=100 * np.ones(16))
    for found, sigma in ((far, 2 * np.linalg.norm(DATA)), (linearized_bregman(Matrix(WIDE), DATA, 0.5), 0.5)):
        assert found.converged
        residual = np.linalg.norm(WIDE @ found.value - DATA)
        assert residual <= sigma + 1e-6 * np.linalg.norm(DATA)
        np.testing.assert_allclose(found.curves()["residual"][-1], residual, rtol=1e-9)


def test_single_precision():
    found = linearized_bregman(Matrix(WIDE.astype(np.float32)), DATA.astype(np.float32), max_steps=20)
    assert found.value.dtype == found.state.z.dtype == np.float32
    np.testing.assert_allclose(found.value, by_hand(WIDE, DATA, 20)[0], atol=1e-4)


def test_wrong_arguments_are_named():
    A = Matrix(WIDE)
    with pytest.raises(ValueError, match="sigma: expected a finite number >= 0, got -1"):
        linearized_bregman(A, DATA, -1)
    with pytest.raises(ValueError, match="threshold: expected finite positive numbers"):
        LinearizedBregman(threshold=0.0)
    with pytest.raises(ValueError, match=r"quantile: expected a number in \[0, 1\), got 95"):
        LinearizedBregman(quantile=95)
    with pytest.raises(ValueError, match=r"relaxation: expected a number in \(0, 2\), got 2"):
        LinearizedBregman(relaxation=2)
    with pytest.raises(ValueError, match="rtol: expected a finite number >= 0, got -1"):
        LinearizedBregman(rtol=-1)
    with pytest.raises(ValueError, match=r"weights: expected AntiChatter\(\) or Uniform\(\), got 'uniform'"):
        LinearizedBregman(weights="uniform")
    assert jax.jit(lambda q: LinearizedBregman(quantile=q, relaxation=q).quantile)(0.5) == 0.5
    with pytest.raises(ValueError, match=r"b, the data of Matrix: expected shape \(8,\)"):
        SparseSystem(A, np.ones(3))
    with pytest.raises(ValueError, match="transform, Matrix: expected an operator on the domain of Matrix, shape"):
        SparseSystem(A, DATA, transform=Matrix(np.eye(3)))
    with pytest.raises(ValueError, match=r"choose: expected a function \(key, step\)"):
        SketchedSystem(A, jax.random.key(0))
