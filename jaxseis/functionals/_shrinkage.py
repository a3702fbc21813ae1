"""The number by which magnitudes shrink on the way to the ball of a weighted sum.

The point nearest to m >= 0 with ``sum w u <= r`` is ``u = max(m - theta w, 0)``, where theta is zero inside the ball
and otherwise the root of

    sum over the active set {m > theta w} of  w (m - theta w) = r

Newton's method on this convex, piecewise linear function starts with every entry active, loses some at each step and
never takes one back, so it ends, at the root itself, after a few passes over m and without sorting it. Michelot (1986),
Journal of Optimization Theory and Applications 50; Condat (2016), Mathematical Programming 158.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree


@jax.jit  # a loop outside jit would be compiled again at every call
def shrinkage(magnitudes: PyTree, weights: PyTree, radius: Any) -> Array:
    """theta for magnitudes and weights of one structure; differentiable in all three arguments."""
    now = jax.lax.stop_gradient((magnitudes, weights, radius))
    # Exact as it is; one more step of Newton's method, with the last active set, has the derivative of the root.
    last = _last_active(*now)
    total, squares, _ = _sums(magnitudes, weights, last)
    return jnp.maximum((total - radius) / jnp.maximum(squares, jnp.finfo(squares.dtype).tiny), 0)


def _last_active(m: PyTree, w: PyTree, radius: Any) -> Array:
    """A theta whose active set is that of the root."""

    def newton(carry: Any) -> Any:
        last, theta, count, _ = carry
        total, squares, active = _sums(m, w, theta)
        fewer = (0 < active) & (active < count)  # rounding may empty the set, at radius zero
        root = (total - radius) / jnp.where(squares > 0, squares, 1)
        return jnp.where(fewer, theta, last), jnp.where(fewer, root, theta), active, fewer

    everything = jnp.full((), -jnp.inf, _sums(m, w, 0.0)[0].dtype)
    count = sum(v.size for v in jax.tree.leaves(m)) + 1
    start = everything, everything, jnp.asarray(count), jnp.asarray(True)
    return jax.lax.while_loop(lambda carry: carry[-1], newton, start)[0]


def _sums(m: PyTree, w: PyTree, theta: Any) -> tuple[Array, Array, Array]:
    """``sum w m``, ``sum w^2`` and the number of entries over the active set."""
    pairs = list(zip(jax.tree.leaves(m), jax.tree.leaves(w), strict=True))
    sets = [a > theta * b for a, b in pairs]
    total = sum(jnp.sum(jnp.where(s, a * b, 0)) for s, (a, b) in zip(sets, pairs, strict=True))
    squares = sum(jnp.sum(jnp.where(s, b * b, 0)) for s, (_, b) in zip(sets, pairs, strict=True))
    return total, squares, sum(jnp.sum(s) for s in sets)  # type: ignore[return-value]
