"""What a chain of layers keeps for its backward pass: nothing, every state, or everything.

All three compute the same numbers, from the same parameters:

| | kept, for K layers | computed again | derivatives |
|---|---|---|---|
| `Invert` | the last state | every layer, from its output | reverse mode |
| `Remat` | K states | every layer, from its input | all |
| `Store` | everything inside of K layers | nothing | all |

Inverting adds rounding, which grows with the layers' condition numbers (Behrmann et al., AISTATS 2021);
``Invert(save_every=8)`` starts afresh from a saved state every eight layers, and `reconstruction_error` measures it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, _compat
from jaxseis._types import Array, PyTree
from jaxseis.flows._states import add, no_log_det
from jaxseis.flows.bijection import Bijection, Cotangents

Run = Callable[[PyTree, PyTree, PyTree], tuple[PyTree, Array]]


class Memory(ABC):
    """How to run stacked layers, one after the other."""

    @abstractmethod
    def run(self, layers: PyTree, x: PyTree, condition: PyTree, reverse: bool = False) -> tuple[PyTree, Array]:
        """The last state and the summed log-determinants.

        Arguments:
            layers: a layer whose leaves have a leading axis, the order.
            x, condition: what the first one is given, and all.
            reverse: whether the last one is the first to run.
        """


@dataclass(frozen=True)
class Store(Memory):
    """Keep all that differentiation wants: every transformation of JAX works."""

    def run(self, layers: PyTree, x: PyTree, condition: PyTree, reverse: bool = False) -> tuple[PyTree, Array]:
        return _scan(_forward, layers, x, condition, reverse)[0]


@dataclass(frozen=True)
class Remat(Memory):
    """Keep the state before every layer, and compute the inside of layers again (`jax.checkpoint`)."""

    def run(self, layers: PyTree, x: PyTree, condition: PyTree, reverse: bool = False) -> tuple[PyTree, Array]:
        return _scan(jax.checkpoint(_forward), layers, x, condition, reverse)[0]


@dataclass(frozen=True)
class Invert(Memory):
    """Keep the last state alone and recompute the others by inversion: memory flat in depth.

    Arguments:
        save_every: also keep a state every so many layers; None keeps none but the last.

    Forward mode (`jax.jvp`, `jax.jacfwd`) does not go through it: take `Remat` or `Store` there.

    ```python
    flow = Glow((64, 64, 1), scales=3, steps=32, memory=Invert(save_every=16), rngs=nnx.Rngs(0))
    ```
    """

    save_every: int | None = None

    def __post_init__(self):
        if self.save_every is not None:
            _checks.whole("save_every", self.save_every, 1)

    def run(self, layers: PyTree, x: PyTree, condition: PyTree, reverse: bool = False) -> tuple[PyTree, Array]:
        count = jax.tree.leaves(layers)[0].shape[0]
        return _invertible(layers, x, condition, min(self.save_every or count, count), reverse)


NAMED = {"invert": Invert(), "remat": Remat(), "store": Store()}


def as_memory(memory: Memory | str) -> Memory:
    """``"invert"``, ``"remat"`` or ``"store"`` as what it stands for."""
    if isinstance(memory, Memory):
        return memory
    if memory not in NAMED:
        raise _checks.fail("memory", "'invert', 'remat', 'store' or one of their classes", repr(memory))
    return NAMED[memory]


def back_through(
    layers: PyTree, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array, reverse: bool = False
) -> tuple[PyTree, Cotangents]:
    """Back through stacked layers from their output, a layer at a time; ``reverse`` as they ran."""

    def step(carry, layer):
        y, y_bar, condition_bar = carry
        x, bars = layer.backward(y, condition, y_bar, log_det_bar)
        return (x, bars.x, add(condition_bar, bars.condition)), bars.layer

    start = (y, y_bar, _zeros(condition))
    (x, x_bar, condition_bar), layers_bar = jax.lax.scan(step, start, layers, reverse=not reverse)
    return x, Cotangents(layers_bar, x_bar, condition_bar)


def _forward(layer: Bijection, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
    return layer.forward(x, condition)


def _scan(run: Run, layers: PyTree, x: PyTree, condition: PyTree, reverse: bool) -> tuple[tuple[PyTree, Array], PyTree]:
    """What comes out at the end, and the states after every layer."""

    def step(carry, layer):
        x, total = carry
        y, log_det = run(layer, x, condition)
        return (y, total + log_det), y

    return jax.lax.scan(step, (x, no_log_det(x)), layers, reverse=reverse)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _invertible(layers: PyTree, x: PyTree, condition: PyTree, every: int, reverse: bool) -> tuple[PyTree, Array]:
    return Store().run(layers, x, condition, reverse)


def _keep_few(layers: PyTree, x: PyTree, condition: PyTree, every: int, reverse: bool):
    """The result, and the states after groups of layers, the last state being one of them."""
    total, saved = no_log_det(x), []
    for groups in _ordered(_grouped(layers, every), reverse):
        run = partial(Store().run, reverse=reverse)
        (x, log_det), states = _scan(run, groups, x, condition, reverse)
        total, saved = total + log_det, [*saved, states]
    # The barrier keeps the compiler from finding that an inverse gives what the forward pass had, and storing that;
    # and JAX 0.10 from confusing arguments when a rule that keeps them as they are is differentiated inside a scan.
    # One for each array: together they would all vary over the axes of a mesh that one of them varies over.
    return (x, total), jax.tree.map(jax.lax.optimization_barrier, (layers, saved, condition))


def _recompute(every: int, reverse: bool, kept, bars) -> tuple:
    layers, saved, condition = kept
    y_bar, log_det_bar = bars
    condition_bar, found = _zeros(condition), []

    def group(carry, given):
        y_bar, condition_bar = carry
        layers, y = given
        _, bars = back_through(layers, y, condition, y_bar, log_det_bar, reverse)
        return (bars.x, add(condition_bar, bars.condition)), bars.layer

    segments = _ordered(_grouped(layers, every), reverse)
    for given in zip(segments[::-1], saved[::-1], strict=True):
        (y_bar, condition_bar), layers_bar = jax.lax.scan(group, (y_bar, condition_bar), given, reverse=not reverse)
        found.append(jax.tree.map(lambda p: p.reshape(-1, *p.shape[2:]), layers_bar))
    layers_bar = jax.tree.map(lambda *parts: jnp.concatenate(parts), *_ordered(found[::-1], reverse))
    return layers_bar, y_bar, jax.tree.map(_cotangent, condition_bar)


_invertible.defvjp(_keep_few, _recompute)


def _grouped(layers: PyTree, every: int) -> list[PyTree]:
    """Stacks of groups of so many layers: all whole groups, and what is left over as a group of its own."""
    count = jax.tree.leaves(layers)[0].shape[0]
    whole = count - count % every
    parts = [(0, whole, every)] + ([(whole, count, count - whole)] if whole < count else [])
    return [jax.tree.map(lambda p, a=a, b=b, n=n: p[a:b].reshape(-1, n, *p.shape[1:]), layers) for a, b, n in parts]


def _ordered(segments: list[PyTree], reverse: bool) -> list[PyTree]:
    return segments[::-1] if reverse else segments


def _cotangent(leaf: Array) -> Any:
    """What JAX wants for a whole number, which has no derivative, and the leaf for another."""
    return leaf if jnp.issubdtype(leaf.dtype, jnp.inexact) else np.zeros(leaf.shape, jax.dtypes.float0)


def _zeros(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: _compat.varying_like(jnp.zeros_like(leaf), leaf), tree)
