"""Langevin dynamics: samples of a density from noisy gradient steps (Welling and Teh, ICML 2011).

For ``p(x) ~ exp(-U(x))`` and a step size e,

    x <- x - e/2 P grad U(x) + sqrt(e P) n,    n ~ N(0, I),

has p as its stationary distribution as e goes to zero; U may be estimated from random shots or minibatches. With P = I
this is SGLD. P = 1 / (sqrt(v) + delta), with v the running mean of squared gradients, walks as far along flat as along
steep directions (Li et al., Preconditioned SGLD, AAAI 2016; the term with the derivative of P is left out, as there).
For a quadratic U the samples of SGLD are too wide by a factor 1 / (1 - e h / 4) in variance where h is the curvature.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxseis import _checks
from jaxseis._progress import progress
from jaxseis._types import Array, PyTree
from jaxseis.flows.freezing import Frozen


class LangevinState(NamedTuple):
    """What the dynamics remember."""

    count: Array
    key: Array
    squares: PyTree
    """Running mean of squared gradients; None without preconditioning."""


def langevin(step_size: float | optax.Schedule, key: Array) -> optax.GradientTransformation:
    """Stochastic gradient Langevin dynamics as an optax transformation.

    Arguments:
        step_size: e, a number or a schedule.
        key: of the noise.

    Gradients are those of U, the negative logarithm of the density: a whole misfit, not a mean over data.

    ```python
    samples = markov_chain(potential, start, langevin(1e-3, jax.random.key(0)), steps=1000)
    ```
    """
    return _dynamics(step_size, key, _Identity())


def preconditioned_langevin(
    step_size: float | optax.Schedule, key: Array, *, decay: float = 0.99, delta: float = 1e-5
) -> optax.GradientTransformation:
    """Langevin dynamics with a diagonal preconditioner from past gradients, for networks' weights.

    Arguments:
        step_size: e, a number or a schedule.
        key: of the noise.
        decay: of the running mean of squared gradients.
        delta: keeps the preconditioner below 1 / delta.

    ```python
    samples = markov_chain(potential, prior, preconditioned_langevin(1e-4, jax.random.key(0)), steps=1000)
    ```
    """
    return _dynamics(step_size, key, _RunningSquares(decay, _checks.positive("delta", delta, "the gradient")))


def markov_chain(
    potential: Callable[[PyTree], Array],
    start: PyTree,
    dynamics: optax.GradientTransformation,
    *,
    steps: int,
    burn_in: int = 0,
    every: int = 1,
    observe: Callable[[PyTree], PyTree] = lambda x: x,
    show: bool = True,
) -> PyTree:
    """Samples along a chain, stacked along a first axis.

    Arguments:
        potential: U(x), for a pytree x.
        start: x to begin with, best a maximum of the density.
        dynamics: `langevin`, or another transformation of gradients into steps.
        steps: after the burn-in.
        burn_in: steps before the first sample.
        every: a sample is taken every so many steps.
        observe: what is kept of x, such as the image of a deep prior.
        show: whether there is a progress bar.

    Raises FloatingPointError where the chain leaves the numbers: the step size is too large.

    ```python
    images = markov_chain(potential, prior, dynamics, steps=2000, every=20, observe=lambda prior: prior())
    ```
    """
    _checks.whole("steps", steps, 1)
    _checks.whole("every", every, 1)
    _checks.whole("burn_in", burn_in, 0)
    if every > steps:
        raise _checks.fail("every", f"at most the {steps} steps, for one sample or more", every)

    @jax.jit
    def advance(x: PyTree, state: Any) -> tuple[PyTree, Any]:
        updates, state = dynamics.update(jax.grad(potential)(x), state, x)
        return optax.apply_updates(x, updates), state

    x, state, kept, look = start, dynamics.init(start), [], jax.jit(observe)
    with progress(burn_in + steps, "Langevin", show) as bar:
        for i in range(1 - burn_in, steps + 1):
            x, state = advance(x, state)
            if i > 0 and i % every == 0:
                _check(x)
                kept.append(look(x))
            bar.update(1)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *kept)


def _check(x: PyTree) -> None:
    if not all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(x)):
        raise FloatingPointError("the chain diverged: x is no longer finite. Take a smaller step size.")


class _Identity:
    """No preconditioner."""

    def start(self, x: PyTree) -> None:
        return None

    def after(self, squares: None, gradient: PyTree) -> tuple[None, PyTree]:
        return None, jax.tree.map(jnp.ones_like, gradient)


class _RunningSquares:
    """P = 1 / (sqrt(v) + delta)."""

    def __init__(self, decay: float, delta: float):
        self.decay, self.delta = decay, delta

    def start(self, x: PyTree) -> PyTree:
        return jax.tree.map(jnp.zeros_like, x)

    def after(self, squares: PyTree, gradient: PyTree) -> tuple[PyTree, PyTree]:
        squares = jax.tree.map(lambda v, g: self.decay * v + (1 - self.decay) * g**2, squares, gradient)
        return squares, jax.tree.map(lambda v: 1 / (jnp.sqrt(v) + self.delta), squares)


def _dynamics(step_size: float | optax.Schedule, key: Array, preconditioner: Any) -> optax.GradientTransformation:
    size_at = (
        step_size if callable(step_size) else optax.constant_schedule(_checks.positive("step_size", step_size, ""))
    )

    def init(params: PyTree) -> LangevinState:
        return LangevinState(jnp.zeros((), jnp.int32), key, preconditioner.start(params))

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, LangevinState]:
        size, (following, now) = size_at(state.count), jax.random.split(state.key)
        squares, p = preconditioner.after(state.squares, updates)
        leaves, structure = jax.tree.flatten(updates)
        keys = jax.tree.unflatten(structure, jax.random.split(now, len(leaves)))

        def step(g: Array, p: Array, key: Array) -> Array:
            noise = jax.random.normal(key, g.shape, g.dtype)
            return jnp.asarray(-0.5 * size * p * g + jnp.sqrt(size * p) * noise, g.dtype)

        return _without_frozen(jax.tree.map(step, updates, p, keys)), LangevinState(state.count + 1, following, squares)

    return optax.GradientTransformation(init, update)


def _without_frozen(updates: PyTree) -> PyTree:
    """Updates with zeros for what is not a parameter of the network."""
    return jax.tree.map(
        lambda part: jax.tree.map(jnp.zeros_like, part) if isinstance(part, Frozen) else part,
        updates,
        is_leaf=lambda part: isinstance(part, Frozen),
    )
