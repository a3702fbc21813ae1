"""Mixing of channels by a matrix in triangular factors (Kingma and Dhariwal, Glow, NeurIPS 2018).

    y = x W,    W = P L U,    log |det| = pixels * sum log s,

with L lower triangular and ones on its diagonal, U upper triangular with s on its own, and a fixed permutation P. In
Glow, P and the signs of s come out of the decomposition of a random orthogonal matrix. Here P reverses the channels,
which takes those that a coupling kept to where the next one moves them, and s is positive, so that all layers of a
chain have the same structure. The random orthogonal matrix is one that has such factors: a Cayley transform

    P^T W = Q = (I - A)(I + A)^{-1},    A^T = -A,    |A|_2 < 1,

turns planes by less than a right angle, hence ``x Q x > 0`` for all x: every leading minor of Q is positive, and
elimination without pivoting is stable (Golub and Van Loan, Unsymmetric positive definite linear systems, 1979).
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.scipy.linalg import solve_triangular

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class LU(Bijection):
    """``y = x P L U`` along channels, P their reversal; a random orthogonal matrix to start with.

    Arguments:
        channels: how many channels the state has.
        param_dtype: of the parameters.
        rngs: random numbers, for the matrix.

    Unlike `Householder` it also learns to stretch and shear.

    ```python
    layer = LU(12, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(self, channels: int, *, param_dtype=jnp.float32, rngs: nnx.Rngs):
        _checks.whole("channels", channels, 1)
        factors = _eliminated(_rotation(rngs.params(), channels, param_dtype))
        log_scale = jnp.log(jnp.diag(factors))
        # Below the diagonal is L, above it U, and on it log s.
        self.factors = nnx.Param(jnp.fill_diagonal(factors, log_scale, inplace=False))

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return x @ self.matrix(), self._log_det(x)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return y @ self.inverse_matrix(), -self._log_det(y)

    def matrix(self) -> Array:
        """W."""
        lower, upper = self._triangular()
        return (lower @ upper)[::-1]

    def inverse_matrix(self) -> Array:
        """``W^{-1} = U^{-1} L^{-1} P^T``, by substitution: once for all pixels."""
        lower, upper = self._triangular()
        identity = jnp.eye(len(lower), dtype=lower.dtype)
        half = solve_triangular(lower, identity, lower=True, unit_diagonal=True)
        return solve_triangular(upper, half)[:, ::-1]

    def _triangular(self) -> tuple[Array, Array]:
        factors = self.factors[...]
        identity = jnp.eye(len(factors), dtype=factors.dtype)
        return jnp.tril(factors, -1) + identity, jnp.triu(factors, 1) + identity * jnp.exp(jnp.diag(factors))

    def _log_det(self, x: Array) -> Array:
        return _states.no_log_det(x) + _states.pixels(x) * jnp.trace(self.factors[...])


def _rotation(key: Array, size: int, dtype) -> Array:
    """A random orthogonal matrix that turns every plane by less than a right angle."""
    free = jax.random.normal(key, (size, size), dtype)
    skew = free - free.T
    skew *= _LARGEST / jnp.maximum(jnp.linalg.norm(skew, 2), 1e-6)
    identity = jnp.eye(size, dtype=dtype)
    return jnp.linalg.solve(identity + skew, identity - skew)


def _eliminated(matrix: Array) -> Array:
    """Gaussian elimination without pivoting: L below the diagonal, U on and above it."""
    index = jnp.arange(len(matrix))

    def column(k, m):
        below = jnp.where(index > k, m[:, k] / m[k, k], 0)
        return (m - jnp.outer(below, jnp.where(index >= k, m[k], 0))).at[:, k].add(below)

    return jax.lax.fori_loop(0, len(matrix), column, matrix)


_LARGEST = 0.8  # |A|_2: turns by up to 2 arctan 0.8 = 77 degrees
