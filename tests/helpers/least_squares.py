"""Least-squares problems with which LSQR and LSMR are compared with SciPy, step by step, in the same words."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse.linalg as scipy_linalg

from jaxseis.operators import FunctionOperator, HostOperator, LinearOperator, Matrix, as_dense
from jaxseis.solvers import Host, Solution, Status, solve
from jaxseis.solvers.least_squares import LeastSquares
from jaxseis.solvers.solver import Solver

STATUSES = {
    0: Status.converged,
    1: Status.converged,
    2: Status.converged,
    3: Status.ill_conditioned,
    4: Status.stagnated,
    5: Status.stagnated,
    6: Status.ill_conditioned,
    7: Status.max_steps,
}


def normal(*shape: int, seed: int = 0, dtype=float) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape, dtype)


def tall() -> LinearOperator:
    return Matrix(normal(9, 6))


def fourier() -> LinearOperator:
    """Complex spectra of a real signal, weighted: linear over the real numbers only."""
    weights = normal(6, seed=3, dtype=complex)
    return FunctionOperator(lambda x: weights * jnp.fft.fft(x), jax.ShapeDtypeStruct((6,), float))


PROBLEMS: dict[str, Callable[[], LeastSquares]] = {
    "tall, inconsistent": lambda: LeastSquares(tall(), normal(9, seed=1)),
    "tall, consistent": lambda: LeastSquares(tall(), tall() @ normal(6, seed=1)),
    "tall, damped": lambda: LeastSquares(tall(), normal(9, seed=1), damping=0.7),
    "wide, damped": lambda: LeastSquares(tall().T, normal(6, seed=1), damping=0.7),
    "wide": lambda: LeastSquares(tall().T, normal(6, seed=1)),
    "square, complex, damped": lambda: LeastSquares(
        Matrix(normal(6, 6, dtype=complex)), normal(6, seed=1, dtype=complex), damping=0.3
    ),
    "fourier of real": lambda: LeastSquares(fourier(), normal(6, seed=1, dtype=complex)),
}


def parts(x: jax.Array, real: bool) -> np.ndarray:
    """What SciPy sees of a vector: real and imaginary parts one after the other where the matrix is real."""
    x = np.asarray(x)
    return np.concatenate([x.real, x.imag]) if real and np.iscomplexobj(x) else x


def arrays_for_scipy(problem: LeastSquares) -> tuple[np.ndarray, np.ndarray, float]:
    a = np.asarray(as_dense(problem.A))
    return a, parts(problem.b, not np.iscomplexobj(a)), float(problem.damping)


def run(problem: LeastSquares, solver: Solver, max_steps: int) -> tuple[Solution, list[np.ndarray]]:
    """The solution, and the iterates."""
    iterates = []
    driver = Host(lambda k, x, measures: iterates.append(np.asarray(x)))
    return solve(problem, solver, max_steps=max_steps, driver=driver), iterates


def counted(problem: LeastSquares) -> tuple[LeastSquares, list[str]]:
    """The problem with an operator on the host that writes down each of its applications."""
    a, calls = np.asarray(as_dense(problem.A)), []
    forward = lambda x: calls.append("A") or a @ x  # noqa: E731
    adjoint = lambda y: calls.append("A.H") or a.conj().T @ y  # noqa: E731
    A = HostOperator(forward, adjoint, problem.A.in_structure(), problem.A.out_structure())
    return LeastSquares(A, problem.b, problem.damping), calls


def scipy_calls(method: Callable, problem: LeastSquares, **options) -> list[str]:
    """The applications that SciPy makes for the same problem."""
    (a, b, damping), calls = arrays_for_scipy(problem), []
    A = scipy_linalg.LinearOperator(
        a.shape,
        matvec=lambda x: calls.append("A") or a @ x,
        rmatvec=lambda y: calls.append("A.H") or a.conj().T @ y,
        dtype=a.dtype,
    )
    method(A, b, damp=damping, **options)
    return calls
