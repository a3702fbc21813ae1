"""Norms that are weighted sums of magnitudes.

    f(x) = sum_i w_i m_i(x)
    prox(x, t):      m_i -> max(m_i - t w_i, 0)
    dual(y):         max_i m_i(y) / w_i
    project(x, r):   m_i -> max(m_i - theta w_i, 0), with theta such that the sum is r

The magnitudes are moduli of entries, lengths of groups of entries, or singular values; both maps change them only, and
leave directions alone. They come as arrays, one for each array of x, or one for all of them.
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

_TO_LEAVE_OUT = "To leave an entry out of the sum, take it out of x, or give it a small weight."


class MagnitudeNorm(Norm):
    """A weighted sum of magnitudes. A subclass tells what the magnitudes of a vector are, and how they are shrunk."""

    weights: eqx.AbstractVar[PyTree]

    @abstractmethod
    def _magnitudes(self, x: PyTree) -> PyTree:
        """The magnitudes of x."""

    @abstractmethod
    def _shrunk(self, x: PyTree, by: PyTree) -> PyTree:
        """x with magnitudes m replaced by ``max(m - by, 0)``; ``by`` is of their structure."""

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
        return self._shrunk(x, jax.tree.map(lambda w: jnp.asarray(step, w.dtype) * w, weights))

    def _measured(self, x: PyTree) -> tuple[PyTree, PyTree]:
        """The magnitudes of x and their weights, of one structure."""
        m = self._magnitudes(x)
        return m, _spread(self.weights, m)


def as_weights(weights: PyTree) -> PyTree:
    """Weights as arrays; ValueError if they are known and not all positive."""
    return jax.tree.map(lambda w: positive_numbers("weights", w, _TO_LEAVE_OUT), weights)


def kept(magnitudes: Array, by: Array) -> Array:
    """``max(m - by, 0) / m``, and zero at m = 0."""
    active = magnitudes > by
    return jnp.where(active, 1 - by / jnp.where(active, magnitudes, 1), 0)


def lengths(squares: Array) -> Array:
    """Roots of sums of squares. Their derivative at zero is infinite; a group of zeros has derivative zero."""
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def _spread(weights: PyTree, magnitudes: PyTree) -> PyTree:
    """A weight for each magnitude; one array, or a list of numbers, stands for every array of ``magnitudes``."""
    if weights is None:
        return jax.tree.map(jnp.ones_like, magnitudes)
    if jax.tree.structure(weights) == jax.tree.structure(magnitudes):
        return jax.tree.map(_broadcast, weights, magnitudes)
    for_all = _one_array(weights, magnitudes)
    return jax.tree.map(lambda m: _broadcast(for_all, m), magnitudes)


def _one_array(weights: PyTree, magnitudes: PyTree) -> Array:
    try:
        return jnp.asarray(weights)
    except (TypeError, ValueError):
        expected = f"numbers, or a pytree of them with the structure of x, {jax.tree.structure(magnitudes)}"
        raise _checks.fail("weights", expected, jax.tree.structure(weights)) from None


def _broadcast(weights: Array, magnitudes: Array) -> Array:
    try:
        return jnp.broadcast_to(weights, magnitudes.shape).astype(magnitudes.dtype)
    except ValueError:
        expected = f"a shape that broadcasts to that of the magnitudes, {magnitudes.shape}"
        raise _checks.fail("weights", expected, f"shape {weights.shape}") from None


def _total(parts: PyTree) -> Array:
    return sum(jnp.sum(v) for v in jax.tree.leaves(parts))  # type: ignore[return-value]
