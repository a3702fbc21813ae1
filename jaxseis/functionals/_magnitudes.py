"""Norms that are weighted sums of magnitudes.

    f(x) = sum_i w_i m_i(x)
    prox(x, t):      m_i -> max(m_i - t w_i, 0)
    dual(y):         max_i m_i(y) / w_i
    project(x, r):   m_i -> max(m_i - theta w_i, 0), with theta such that the sum is r

The magnitudes are moduli of entries, lengths of groups of entries, or singular values; both maps change them only, and
leave directions alone.
"""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals._shrinkage import shrinkage
from jaxseis.functionals.functional import positive_numbers
from jaxseis.functionals.norm import Norm, as_radius


class MagnitudeNorm(Norm):
    """A weighted sum of magnitudes. A subclass tells what the magnitudes of an array are, and how they are shrunk."""

    weights: eqx.AbstractVar[PyTree]

    @abstractmethod
    def _magnitudes(self, array: Array) -> Array:
        """The magnitudes of one array of x."""

    @abstractmethod
    def _shrunk(self, array: Array, by: Array) -> Array:
        """The array with magnitudes m replaced by ``max(m - by, 0)``."""

    def __call__(self, x: PyTree) -> Array:
        m, w = self._measured(x)
        return _total(jax.tree.map(lambda a, b: jnp.sum(a * b), m, w))

    def dual(self, y: PyTree) -> Array:
        m, w = self._measured(y)
        largest = jax.tree.leaves(jax.tree.map(lambda a, b: jnp.max(a / b, initial=0), m, w))
        return jnp.max(jnp.stack(largest))

    def prox(self, x: PyTree, step: Any) -> PyTree:
        return self._shrunk_by(x, step, self._measured(x)[1])

    def project(self, x: PyTree, radius: Any) -> PyTree:
        radius, (m, w) = as_radius(radius), self._measured(x)
        theta = shrinkage(m, w, radius.astype(_total(m).dtype))
        # A ball of radius zero is a point: rounding would leave crumbs of the largest entries.
        return jax.tree.map(lambda v: jnp.where(radius > 0, v, 0), self._shrunk_by(x, theta, w))

    def _shrunk_by(self, x: PyTree, step: Any, weights: PyTree) -> PyTree:
        return jax.tree.map(lambda v, w: self._shrunk(v, jnp.asarray(step, w.dtype) * w), x, weights)

    def _measured(self, x: PyTree) -> tuple[PyTree, PyTree]:
        """The magnitudes of x and their weights, of one structure."""
        m = jax.tree.map(self._magnitudes, x)
        return m, _spread(self.weights, m)


def as_weights(weights: PyTree) -> PyTree:
    """Weights as arrays; ValueError if they are known and not all positive."""
    return jax.tree.map(lambda w: positive_numbers("weights", w), weights)


def _spread(weights: PyTree, magnitudes: PyTree) -> PyTree:
    """A weight for each magnitude; one array stands for every array of ``magnitudes``."""
    if weights is None:
        return jax.tree.map(jnp.ones_like, magnitudes)
    if isinstance(weights, jax.Array):
        return jax.tree.map(lambda m: _broadcast(weights, m), magnitudes)
    return jax.tree.map(lambda m, w: _broadcast(w, m), magnitudes, weights)


def _broadcast(weights: Array, magnitudes: Array) -> Array:
    try:
        return jnp.broadcast_to(weights, magnitudes.shape).astype(magnitudes.dtype)
    except ValueError:
        expected = f"a shape that broadcasts to that of the magnitudes, {magnitudes.shape}"
        raise _checks.fail("weights", expected, f"shape {weights.shape}") from None


def _total(parts: PyTree) -> Array:
    return sum(jnp.sum(v) for v in jax.tree.leaves(parts))  # type: ignore[return-value]
