"""Proximal gradients, basis pursuit and the lasso, linearized Bregman."""

import jax
import jax.numpy as jnp

from jaxseis.functionals import L1, GroupL1, NonNegative
from jaxseis.operators.matrix import Matrix
from jaxseis.solvers.composite import Composite
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.linearized_bregman import LinearizedBregman, SketchedSystem, SparseSystem, Uniform
from jaxseis.solvers.pareto import BasisPursuit, Lasso
from jaxseis.solvers.proximal_gradient import FISTA, ISTA, FixedStep
from jaxseis.solvers.spgl1 import SPGL1


def normal(*shape: int, seed: int = 0, dtype=float) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape, dtype)


ROTATION = jnp.linalg.qr(normal(6, 6, dtype=complex))[0]
DATA = ROTATION @ jnp.array([3.0, 0, -2j, 0, 0.5, 0.1])
THRESHOLDED = jnp.array([2.0, 0, -1j, 0, 0, 0])  # every method but one finds this
SPIKES = jnp.zeros(10).at[jnp.array([2, 7])].set(jnp.array([1.0, -2.0]))
WIDE = normal(6, 10)


def denoising() -> Composite:
    return Composite(LeastSquares(Matrix(ROTATION), DATA), 1.0 * L1())


def nonnegative() -> Composite:
    target = jnp.array([1.0, -2.0, 0.5])
    return Composite(lambda x: jnp.sum(jnp.cosh(x - target)), NonNegative())


def pursuit() -> BasisPursuit:
    sigma = jnp.linalg.norm(ROTATION.conj().T @ DATA - THRESHOLDED)
    return BasisPursuit(Matrix(ROTATION), DATA, sigma)


def lasso() -> Lasso:
    return Lasso(Matrix(ROTATION), DATA, 3.0)


def groups() -> BasisPursuit:
    return BasisPursuit(Matrix(WIDE), WIDE @ SPIKES, norm=GroupL1(()))


def sparse_system() -> SparseSystem:
    return SparseSystem(Matrix(WIDE), WIDE @ SPIKES)


class Rows:
    """Three random equations of a system."""

    def __call__(self, key, step):
        rows = jax.random.choice(key, 12, (3,), replace=False)
        return Matrix(normal(12, 5)[rows]), (normal(12, 5) @ SPIKES[:5])[rows]


ROWS = Rows()


def sketched() -> SketchedSystem:
    return SketchedSystem(ROWS, jax.random.key(3))


SOLVERS = {
    "ista": (denoising, ISTA(FixedStep(0.9), rtol=1e-12), None, THRESHOLDED, 100),
    "fista": (denoising, FISTA(rtol=1e-12), jnp.ones(6, complex), THRESHOLDED, 100),
    "fista on a function": (nonnegative, FISTA(rtol=1e-9), -jnp.ones(3), jnp.array([1.0, 0.0, 0.5]), 100),
    "spgl1": (pursuit, SPGL1(rtol=1e-9), None, THRESHOLDED, 100),
    "spgl1 from a start": (groups, SPGL1(rtol=1e-6), 3 * jnp.ones(10), SPIKES, 500),
    "lasso": (lasso, SPGL1(rtol=1e-9), None, THRESHOLDED, 100),
    "linearized bregman": (sparse_system, LinearizedBregman(5.0, weights=Uniform()), None, SPIKES, 3000),
    "linearized bregman, sketched": (sketched, LinearizedBregman(1.0, rtol=1e-7), None, SPIKES[:5], 3000),
}
BACKWARDS = ("ista", "spgl1", "linearized bregman")
