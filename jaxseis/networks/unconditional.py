"""A layer that leaves the condition to others."""

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.flows.bijection import Cotangents
from jaxseis.flows.composite import Composite


class Unconditional(Composite):
    """A layer of a chain whose condition is for other layers.

    Arguments:
        body: the layer, which takes no condition.

    ```python
    step = Sequential([GradientStep(8, gradient=gradient), Unconditional(Householder(8, rngs=rngs))])
    ```
    """

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return super().forward(x)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return super().inverse(y)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        x, bars = super().backward(y, None, y_bar, log_det_bar)
        return x, bars._replace(condition=jax.tree.map(jnp.zeros_like, condition))

    def backward_inverse(self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array):
        y, bars = super().backward_inverse(x, None, x_bar, log_det_bar)
        return y, bars._replace(condition=jax.tree.map(jnp.zeros_like, condition))

    def initialised(self, x: PyTree, condition: PyTree = None):
        return super().initialised(x)

    def initialised_inverse(self, y: PyTree, condition: PyTree = None):
        return super().initialised_inverse(y)
