"""Layers made of layers: one after the other, side by side, and many alike."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows._states import add, no_log_det
from jaxseis.flows.bijection import Bijection, Cotangents, Reversed, replaced
from jaxseis.flows.memory import Memory, as_memory, back_through


class Sequential(Bijection):
    """One layer after the other, ``f = f_n o ... o f_1``; log-determinants add up.

    Arguments:
        layers: the layers, first to last.

    ```python
    step = Sequential([ActNorm(8), Householder(8, rngs=rngs), coupling])
    ```
    """

    def __init__(self, layers: Sequence[Bijection]):
        self.layers = nnx.List(layers)

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        total = no_log_det(x)
        for layer in self.layers:
            x, log_det = layer.forward(x, condition)
            total += log_det
        return x, total

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        total = no_log_det(y)
        for layer in reversed(self.layers):
            y, log_det = layer.inverse(y, condition)
            total += log_det
        return y, total

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        condition_bar, found = jax.tree.map(jnp.zeros_like, condition), []
        for layer in reversed(self.layers):
            y, bars = layer.backward(y, condition, y_bar, log_det_bar)
            y_bar, condition_bar = bars.x, add(condition_bar, bars.condition)
            found.append(bars.layer)
        return y, Cotangents(Sequential(found[::-1]), y_bar, condition_bar)

    def backward_inverse(self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array):
        y, bars = self._inverted().backward(x, condition, x_bar, log_det_bar)
        return y, bars._replace(layer=bars.layer._inverted())

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layers = []
        for layer in self.layers:
            layer, x = layer.initialised(x, condition)
            layers.append(layer)
        return Sequential(layers), x

    def initialised_inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layers, x = self._inverted().initialised(y, condition)
        return layers._inverted(), x  # type: ignore[attr-defined]

    def _inverted(self) -> "Sequential":
        return Sequential([layer.reverse() for layer in reversed(self.layers)])


class Parallel(Bijection):
    """Two layers side by side: one for the first channels, one for the rest.

    Arguments:
        first, second: the layers.
        channels: how many channels the first one has.

    ```python
    layer = Parallel(ActNorm(3), ActNorm(5), channels=3)
    ```
    """

    def __init__(self, first: Bijection, second: Bijection, *, channels: int):
        self.first, self.second = first, second
        self.channels = _checks.whole("channels", channels, 1)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        a, b = self._split(x)
        (a, log_det), (b, more) = self.first.forward(a, condition), self.second.forward(b, condition)
        return _merge(a, b), log_det + more

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        a, b = self._split(y)
        (a, log_det), (b, more) = self.first.inverse(a, condition), self.second.inverse(b, condition)
        return _merge(a, b), log_det + more

    def backward(self, y: Array, condition: PyTree, y_bar: Array, log_det_bar: Array) -> tuple[Array, Cotangents]:
        (a, b), (a_bar, b_bar) = self._split(y), self._split(y_bar)
        a, first = self.first.backward(a, condition, a_bar, log_det_bar)
        b, second = self.second.backward(b, condition, b_bar, log_det_bar)
        bars = Parallel(first.layer, second.layer, channels=self.channels)
        return _merge(a, b), Cotangents(bars, _merge(first.x, second.x), add(first.condition, second.condition))

    def backward_inverse(self, x: Array, condition: PyTree, x_bar: Array, log_det_bar: Array):
        y, bars = self._inverted().backward(x, condition, x_bar, log_det_bar)
        return y, bars._replace(layer=bars.layer._inverted())

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        (first, a), (second, b) = (
            layer.initialised(part, condition)
            for layer, part in zip((self.first, self.second), self._split(x), strict=True)
        )
        return Parallel(first, second, channels=self.channels), _merge(a, b)

    def initialised_inverse(self, y: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        layer, x = self._inverted().initialised(y, condition)
        return layer._inverted(), x  # type: ignore[attr-defined]

    def _inverted(self) -> "Parallel":
        return Parallel(self.first.reverse(), self.second.reverse(), channels=self.channels)

    def _split(self, x: Array) -> tuple[Array, Array]:
        return x[..., : self.channels], x[..., self.channels :]


class Chain(Bijection):
    """Many layers alike, with parameters stacked along a leading axis: one compiled step, whatever the length.

    Arguments:
        make: makes a layer from random numbers, ``make(rngs=rngs)``.
        length: how many.
        memory: ``"invert"``, ``"remat"``, ``"store"``, or an object of `jaxseis.flows.memory`: what the
            backward pass keeps.
        rngs: random numbers.

    ```python
    chain = Chain(lambda rngs: Sequential([ActNorm(8), Householder(8, rngs=rngs)]), 32, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(self, make: Callable[..., Bijection], length: int, *, memory: Memory | str = "invert", rngs: nnx.Rngs):
        self.length = _checks.whole("length", length, 1)
        self.memory = as_memory(memory)
        self.layers = jax.vmap(lambda key: make(rngs=nnx.Rngs(key)))(jax.random.split(rngs.params(), length))

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.memory.run(self.layers, x, condition)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.memory.run(Reversed(self.layers), y, condition, reverse=True)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        x, bars = back_through(self.layers, y, condition, y_bar, log_det_bar)
        return x, bars._replace(layer=replaced(self, layers=bars.layer))

    def backward_inverse(self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array):
        y, bars = back_through(Reversed(self.layers), x, condition, x_bar, log_det_bar, reverse=True)
        return y, bars._replace(layer=replaced(self, layers=bars.layer.layer))

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        y, layers = jax.lax.scan(partial(_initialised, condition=condition), x, self.layers)
        return replaced(self, layers=layers), y

    def initialised_inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        step = partial(_initialised, condition=condition)
        x, layers = jax.lax.scan(step, y, Reversed(self.layers), reverse=True)
        return replaced(self, layers=layers.layer), x  # type: ignore[attr-defined]


def _initialised(x: PyTree, layer: Bijection, condition: PyTree) -> tuple[PyTree, Bijection]:
    layer, y = layer.initialised(x, condition)
    return y, layer


def _merge(a: Array, b: Array) -> Array:
    return jnp.concatenate([a, b], axis=-1)


def with_memory(module: nnx.Module, memory: Memory | str) -> nnx.Module:
    """The same network, the same parameters, with another way to compute its backward pass.

    Arguments:
        module: a layer or a `jaxseis.flows.Flow`.
        memory: ``"invert"``, ``"remat"``, ``"store"``, or an object of `jaxseis.flows.memory`.

    ```python
    jacobian = jax.jacfwd(with_memory(flow, "store").log_prob)(x)  # forward mode wants what inversion has not
    ```
    """
    made = jax.tree.map(lambda parameter: parameter, module)
    for _, part in nnx.iter_modules(made):
        if isinstance(part, Chain):
            part.memory = as_memory(memory)
    return made
