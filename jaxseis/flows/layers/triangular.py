"""Maps of pairs whose Jacobian is block triangular: how a joint density holds its conditional densities.

    (y, x) -> (f(y), g(x; f(y))),    log |det| = log |det df/dy| + log |det dg/dx|.

The first part of the sum belongs to p(y), the second to p(x | y) (Kruse et al., HINT, AAAI 2021).
"""

import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.flows.bijection import Bijection, Cotangents


class Triangular(Bijection):
    """``(y, x) -> (f(y), g(x; f(y)))``: the first lane goes its own way, and its output is the second's condition.

    Arguments:
        first: f, a layer without a condition.
        second: g, a layer with a condition.

    ```python
    layer = Triangular(ActNorm(2), Injector(3, MLP, condition_channels=2, rngs=rngs))
    (z_y, z_x), log_det = layer.forward((y, x))
    ```
    """

    def __init__(self, first: Bijection, second: Bijection):
        self.first, self.second = first, second

    def forward(self, x: PyTree, condition: None = None) -> tuple[PyTree, Array]:
        given, rest = x
        given, log_det = self.first.forward(given)
        rest, more = self.second.forward(rest, given)
        return (given, rest), log_det + more

    def inverse(self, y: PyTree, condition: None = None) -> tuple[PyTree, Array]:
        given, rest = y
        rest, log_det = self.second.inverse(rest, given)
        given, more = self.first.inverse(given)
        return (given, rest), log_det + more

    def backward(self, y: PyTree, condition: None, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        (given, rest), (given_bar, rest_bar) = y, y_bar
        rest, second = self.second.backward(rest, given, rest_bar, log_det_bar)
        given, first = self.first.backward(given, None, given_bar + second.condition, log_det_bar)
        return (given, rest), Cotangents(Triangular(first.layer, second.layer), (first.x, second.x), None)

    def initialised(self, x: PyTree, condition: None = None) -> tuple[Bijection, PyTree]:
        given, rest = x
        first, given = self.first.initialised(given)
        second, rest = self.second.initialised(rest, given)
        return Triangular(first, second), (given, rest)


class Uncounted(Bijection):
    """A layer whose log-determinant is left out of the sum: what is asked for is the rest of it.

    Arguments:
        layer: the layer.

    ```python
    conditional = Triangular(Uncounted(joint.first), joint.second)  # log |det dg/dx| alone
    ```
    """

    def __init__(self, layer: Bijection):
        self.layer = layer

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        y, log_det = self.layer.forward(x, condition)
        return y, jnp.zeros_like(log_det)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        x, log_det = self.layer.inverse(y, condition)
        return x, jnp.zeros_like(log_det)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        x, bars = self.layer.backward(y, condition, y_bar, jnp.zeros_like(log_det_bar))
        return x, bars._replace(layer=Uncounted(bars.layer))

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        layer, y = self.layer.initialised(x, condition)
        return Uncounted(layer), y
