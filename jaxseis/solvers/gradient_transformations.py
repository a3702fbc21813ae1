"""Sparsity in any training loop: proximal steps as optax gradient transformations.

    proximal gradient:     x <- prox_g(x - t d, t)
    linearized Bregman:    z <- z - t d,    x <- prox_g(z, 1)

with d the gradient, or what other transformations before it in a chain have made of it, and g a functional. The second
keeps z, so that entries of x grow from zero one after the other. Bungert et al., J. Mach. Learn. Res. 23 (2022).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional, positive_numbers
from jaxseis.functionals.l1 import L1
from jaxseis.solvers import _vectors as vec

Rate = float | Array | Callable[[Array], Any]


class ProximalTransformState(NamedTuple):
    """How many updates there have been."""

    count: Array


class BregmanTransformState(NamedTuple):
    """How many updates there have been, and z."""

    count: Array
    z: PyTree


def proximal(learning_rate: Rate, functional: Functional) -> optax.GradientTransformation:
    """A proximal gradient step: ``x <- prox(x - t d, t)`` with ``t = learning_rate``.

    Arguments:
        learning_rate: t > 0, or an optax schedule.
        functional: g, for instance ``0.1 * L1()``; of all parameters together.

    Last in a chain; ``update`` needs the parameters. For complex ones give it the conjugates of JAX's gradients, as to
    optax's own optimisers.

    ```python
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), proximal(1e-2, 0.1 * L1()))
    ```
    """
    rate = _rate(learning_rate)
    _checks.kind_is("functional", functional, Functional, "a functional, for instance 0.1 * L1()")

    def init(params: PyTree) -> ProximalTransformState:
        return ProximalTransformState(jnp.asarray(0))

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        t = rate(state.count)
        moved = functional.prox(vec.add(_given(params), updates, -t), t)
        return vec.add(moved, params, -1.0), ProximalTransformState(state.count + 1)

    return optax.GradientTransformation(init, update)


def linearized_bregman_transform(
    learning_rate: Rate, threshold: Any, functional: Functional | None = None
) -> optax.GradientTransformation:
    """A linearized Bregman step: ``z <- z - t d``, ``x <- soft(z, threshold)`` with ``t = learning_rate``.

    Arguments:
        learning_rate: t > 0, or an optax schedule.
        threshold: lambda > 0, in units of the parameters.
        functional: a g in place of the l1 norm; x is then ``prox_g(z, threshold)``.

    Without a functional z begins where its soft threshold is x. Otherwise it begins at x itself, so that the first
    update also applies the proximal map to the parameters. Last in a chain; ``update`` needs the parameters.

    ```python
    optimiser = linearized_bregman_transform(learning_rate=1e-2, threshold=1.0)
    ```
    """
    rate, threshold = _rate(learning_rate), positive_numbers("threshold", threshold)
    g = L1() if functional is None else functional
    _checks.kind_is("functional", g, Functional, "a functional, for instance GroupL1(0)")

    def init(params: PyTree) -> BregmanTransformState:
        lifted = vec.add(params, jax.tree.map(jnp.sign, params), threshold)
        return BregmanTransformState(jnp.asarray(0), lifted if functional is None else params)

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        z = vec.add(state.z, updates, -rate(state.count))
        return vec.add(g.prox(z, threshold), _given(params), -1.0), BregmanTransformState(state.count + 1, z)

    return optax.GradientTransformation(init, update)


def _rate(learning_rate: Rate) -> Callable[[Array], Any]:
    if callable(learning_rate):
        return learning_rate
    positive_numbers("learning_rate", learning_rate)
    return lambda count: learning_rate


def _given(params: PyTree) -> PyTree:
    if params is None:
        remedy = "Write update(gradients, state, params)."
        raise _checks.fail("params", "the parameters, since the proximal map is of them", None, remedy)
    return params
