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

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows._states import add, no_log_det
from jaxseis.flows.bijection import Cotangents, Reversed

Run = Callable[[PyTree, PyTree, PyTree], tuple[PyTree, Array]]


class Memory(ABC):
    """How to run stacked layers, one after the other."""

    @abstractmethod
    def run(self, layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
        """The last state and the summed log-determinants; ``layers`` has a leading axis, the order."""


@dataclass(frozen=True)
class Store(Memory):
    """Keep all that differentiation wants: the fastest, and every transformation of JAX works."""

    def run(self, layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
        return _scan(lambda layer, x, c: layer.forward(x, c), layers, x, condition)


@dataclass(frozen=True)
class Remat(Memory):
    """Keep the state before every layer, and compute the inside of layers again (`jax.checkpoint`)."""

    def run(self, layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
        return _scan(jax.checkpoint(lambda layer, x, c: layer.forward(x, c)), layers, x, condition)


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

    def run(self, layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
        if self.save_every is None:
            return _invertible(layers, x, condition)
        count = jax.tree.leaves(layers)[0].shape[0]
        every = min(self.save_every, count)
        whole = count - count % every
        groups = jax.tree.map(lambda p: p[:whole].reshape(-1, every, *p.shape[1:]), layers)
        x, log_det = _scan(_invertible, groups, x, condition)
        if whole == count:
            return x, log_det
        x, rest = _invertible(jax.tree.map(lambda p: p[whole:], layers), x, condition)
        return x, log_det + rest


NAMED = {"invert": Invert(), "remat": Remat(), "store": Store()}


def as_memory(memory: Memory | str) -> Memory:
    """``"invert"``, ``"remat"`` or ``"store"`` as what it stands for."""
    if isinstance(memory, Memory):
        return memory
    if memory not in NAMED:
        raise _checks.fail("memory", "'invert', 'remat', 'store' or one of their classes", repr(memory))
    return NAMED[memory]


def undo_all(layers: PyTree, y: PyTree, condition: PyTree, memory: Memory) -> tuple[PyTree, Array]:
    """Run the inverses of stacked layers, from the last to the first."""
    return memory.run(Reversed(jax.tree.map(lambda p: p[::-1], layers)), y, condition)


def back_through(
    layers: PyTree, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array
) -> tuple[PyTree, Cotangents]:
    """Back through stacked layers from their output, a layer at a time."""

    def step(carry, layer):
        y, y_bar, condition_bar = carry
        x, bars = layer.backward(y, condition, y_bar, log_det_bar)
        return (x, bars.x, add(condition_bar, bars.condition)), bars.layer

    start = (y, y_bar, jax.tree.map(jnp.zeros_like, condition))
    (x, x_bar, condition_bar), layers_bar = jax.lax.scan(step, start, layers, reverse=True)
    return x, Cotangents(layers_bar, x_bar, condition_bar)


def _scan(run: Run, layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
    def step(carry, layer):
        x, total = carry
        y, log_det = run(layer, x, condition)
        return (y, total + log_det), None

    return jax.lax.scan(step, (x, no_log_det(x)), layers)[0]


@jax.custom_vjp
def _invertible(layers: PyTree, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
    return Store().run(layers, x, condition)


def _keep_output(layers: PyTree, x: PyTree, condition: PyTree):
    y, log_det = _invertible(layers, x, condition)
    # The barrier keeps the compiler from finding that an inverse gives what the forward pass had, and storing that;
    # and JAX 0.10 from confusing arguments when a rule that keeps them as they are is differentiated inside a scan.
    return (y, log_det), jax.lax.optimization_barrier((layers, y, condition))


def _recompute(kept, bars) -> tuple:
    layers, y, condition = kept
    return tuple(back_through(layers, y, condition, *bars)[1])


_invertible.defvjp(_keep_output, _recompute)
