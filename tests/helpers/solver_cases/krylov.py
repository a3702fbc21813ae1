"""Least squares and linear systems, and what optimistix and optax bring."""

import jax
import jax.numpy as jnp
import lineax as lx
import optax
import optimistix as optx

from jaxseis.operators import Matrix
from jaxseis.solvers.cgls import CGLS
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.linear_system import LinearSystem
from jaxseis.solvers.lineax_solver import LineaxSolver
from jaxseis.solvers.lsmr import LSMR
from jaxseis.solvers.lsqr import LSQR
from jaxseis.solvers.optax_solver import OptaxSolver
from jaxseis.solvers.optimistix_solver import OptimistixSolver

TARGET = jnp.array([1.0, -2.0, 0.5])


def normal(*shape: int, seed: int = 0, dtype=float) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape, dtype)


def least_squares() -> LeastSquares:
    return LeastSquares(Matrix(normal(7, 5, dtype=complex)), normal(7, seed=1, dtype=complex), damping=0.3)


def least_squares_solution() -> jax.Array:
    a, b = normal(7, 5, dtype=complex), normal(7, seed=1, dtype=complex)
    return jnp.linalg.solve(a.conj().T @ a + 0.3**2 * jnp.eye(5), a.conj().T @ b)


def system() -> LinearSystem:
    return LinearSystem(Matrix(normal(5, 5) + 5 * jnp.eye(5)), normal(5, seed=1))


def system_solution() -> jax.Array:
    return jnp.linalg.solve(normal(5, 5) + 5 * jnp.eye(5), normal(5, seed=1))


def residual(x: jax.Array) -> jax.Array:
    return jnp.sinh(x - TARGET) + jnp.array([0.0, 1.0, -1.0]) * (x[1] + 2.0)


def bowl(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.cosh(x - TARGET))


SOLVERS = {
    "lsqr": (least_squares, LSQR(1e-12, 1e-12), None, least_squares_solution(), 50),
    "lsmr": (least_squares, LSMR(1e-12, 1e-12), None, least_squares_solution(), 50),
    "cgls": (least_squares, CGLS(1e-12), jnp.ones(5, complex), least_squares_solution(), 50),
    "gmres of lineax": (system, LineaxSolver(lx.GMRES(rtol=1e-10, atol=1e-10)), None, system_solution(), 5),
    "levenberg-marquardt of optimistix": (
        lambda: residual,
        OptimistixSolver(optx.LevenbergMarquardt(rtol=1e-8, atol=1e-8)),
        jnp.zeros(3),
        TARGET,
        50,
    ),
    "line search of optax": (
        lambda: bowl,
        OptaxSolver(optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(15)), rtol=1e-7),
        jnp.zeros(3),
        TARGET,
        50,
    ),
}
BACKWARDS = ("lsqr", "lsmr", "cgls", "gmres of lineax")
