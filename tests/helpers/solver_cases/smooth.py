"""Descent methods with and without constraints, Gauss-Newton, and splitting methods."""

import jax.numpy as jnp

from helpers.solver_cases.krylov import TARGET, normal
from jaxseis.functionals import L1, Ball
from jaxseis.operators import Identity, Matrix
from jaxseis.solvers.admm import ADMM
from jaxseis.solvers.gauss_newton import GaussNewton
from jaxseis.solvers.lbfgs import LBFGS
from jaxseis.solvers.line_search import Armijo
from jaxseis.solvers.nonlinear_least_squares import NonlinearLeastSquares
from jaxseis.solvers.objective import Bounded, Constrained
from jaxseis.solvers.pqn import PQN
from jaxseis.solvers.primal_dual import PrimalDual
from jaxseis.solvers.spg import SPG
from jaxseis.solvers.splitting import Splitting


def bowl(x):
    return jnp.sum(jnp.cosh(x["a"] - TARGET)) + 2 * jnp.sum(jnp.abs(x["b"] - 1j) ** 2) + x["a"][0] * x["b"][0].real


def bent(x):
    return jnp.sum(jnp.cosh(x - TARGET)) + 0.5 * (x[0] + x[1]) ** 2


def residual(x):
    return jnp.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


def ball():
    return Constrained(bent, Ball(L1(), 1.5).project)


def lasso():
    return Splitting(Matrix(normal(6, 5)), normal(6, seed=1), [(0.5 * L1(), Identity(jnp.zeros(5)))])


START = {"a": jnp.zeros(3), "b": jnp.zeros(1, complex)}
HARD = jnp.array([-1.2, 1.0, -0.5])

SOLVERS = {
    "l-bfgs": (lambda: bowl, LBFGS(rtol=1e-8), START, None, 50),
    "l-bfgs within bounds": (lambda: Bounded(bent, 0.0, 0.8), LBFGS(memory=3, rtol=1e-8), jnp.zeros(3), None, 50),
    "spg": (ball, SPG(rtol=1e-7, search=Armijo(memory=4)), jnp.zeros(3), None, 100),
    "pqn": (ball, PQN(rtol=1e-7), jnp.zeros(3), None, 50),
    "gauss-newton": (lambda: NonlinearLeastSquares(residual), GaussNewton(rtol=1e-9), HARD, jnp.ones(3), 100),
    "admm": (lasso, ADMM(rtol=1e-7), None, None, 200),
    "primal-dual": (lasso, PrimalDual(rtol=1e-7), None, None, 1000),
}
BACKWARDS = ("primal-dual",)
