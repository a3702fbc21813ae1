"""What a layer of a normalizing flow is.

A flow changes variables: with ``y = f(x; c)`` invertible in ``x`` for every condition ``c``,

    log p(x | c) = log p_z(f(x; c)) + log |det df/dx|.

Reverse-mode differentiation of a composition ``f_K o ... o f_1`` needs the state before every layer. These layers are
invertible, so the states need not be kept: going backward,

    x_k = f_k^{-1}(y_k; c),    (theta_bar_k, x_bar_k, c_bar) = [df_k / d(theta_k, x_k, c)]^T (y_bar_k, l_bar),

where ``l_bar`` is the cotangent of the log-determinants, the same for every layer because they add up (Gomez et al.,
The Reversible Residual Network, NeurIPS 2017). One such step is `backward`.
"""

from abc import abstractmethod
from typing import NamedTuple

import jax
from flax import nnx

from jaxseis._types import Array, PyTree


class Cotangents(NamedTuple):
    """What goes back through a layer: the cotangents of its parameters, of its input and of the condition."""

    layer: PyTree
    x: PyTree
    condition: PyTree


class Bijection(nnx.Module):
    """An invertible map ``y = f(x; c)`` of states, with ``log |det df/dx|`` for every sample.

    A state is an array ``(batch, *space, channel)``, or a pytree of them; log-determinants are ``(batch,)``. The
    condition is an array (or a pytree) over the same batch, or None. A layer is a Flax NNX module without state that
    changes: its `nnx.Param` leaves are all there is, and a pytree, so that `jax.jit`, `jax.grad` and optax take it as
    it is. A new one defines `forward` and `inverse`, and `backward` where that can be had for less.

    ```python
    y, log_det = layer.forward(x, condition)
    x, minus_log_det = layer.inverse(y, condition)
    ```
    """

    @abstractmethod
    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        """``f(x; c)`` and ``log |det df/dx|``, one number a sample."""

    @abstractmethod
    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        """``f^{-1}(y; c)`` and ``log |det df^{-1}/dy|``, one number a sample."""

    def __call__(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.forward(x, condition)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        """One step back through `forward`, from its output: the input, and the cotangents.

        Arguments:
            y: the output of `forward`.
            condition: what it was given.
            y_bar, log_det_bar: cotangents of its two results.
        """
        return backward_of(type(self).forward, type(self).inverse, self, y, condition, y_bar, log_det_bar)

    def backward_inverse(
        self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array
    ) -> tuple[PyTree, Cotangents]:
        """One step back through `inverse`, from its output ``x``; else as `backward`."""
        return backward_of(type(self).inverse, type(self).forward, self, x, condition, x_bar, log_det_bar)

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple["Bijection", PyTree]:
        """The layer with what it takes from data set by ``x``, and the output for ``x``."""
        return self, self.forward(x, condition)[0]

    def initialised_inverse(self, y: PyTree, condition: PyTree = None) -> tuple["Bijection", PyTree]:
        """As `initialised`, from the other side: data are outputs of the layer, and inverted ones come back."""
        return self, self.inverse(y, condition)[0]

    def reverse(self) -> "Bijection":
        """The inverse map, as a layer over the same parameters."""
        return Reversed(self)


def replaced(layer: Bijection, **parts: PyTree) -> Bijection:
    """A copy of a layer with some of its attributes replaced; the others are shared."""
    made = jax.tree.map(lambda parameter: parameter, layer)
    for name, part in parts.items():
        setattr(made, name, part)
    return made


def backward_of(run, undo, layer: Bijection, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array):
    """Undo a layer, then the transpose of its derivative there."""
    x, _ = undo(layer, y, condition)
    _, pull_back = jax.vjp(run, layer, x, condition)
    return x, Cotangents(*pull_back((y_bar, log_det_bar)))


class Reversed(Bijection):
    """The inverse of a layer: `forward` and `inverse` change places.

    Arguments:
        layer: what to reverse; ``layer.reverse()`` says the same.

    ```python
    x, log_det = Reversed(layer).forward(z)
    ```
    """

    def __init__(self, layer: Bijection):
        self.layer = layer

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.layer.inverse(x, condition)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.layer.forward(y, condition)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        x, bars = self.layer.backward_inverse(y, condition, y_bar, log_det_bar)
        return x, bars._replace(layer=Reversed(bars.layer))

    def backward_inverse(self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array):
        y, bars = self.layer.backward(x, condition, x_bar, log_det_bar)
        return y, bars._replace(layer=Reversed(bars.layer))

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layer, y = self.layer.initialised_inverse(x, condition)
        return Reversed(layer), y

    def initialised_inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layer, x = self.layer.initialised(y, condition)
        return Reversed(layer), x

    def reverse(self) -> Bijection:
        return self.layer
