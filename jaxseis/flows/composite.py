"""Layers and networks that are nothing but other layers put together."""

from jaxseis._types import Array, PyTree
from jaxseis.flows.bijection import Bijection, Cotangents, replaced


class Composite(Bijection):
    """A map ``f = body`` under a name of its own; what makes it is in the constructor of the class.

    Arguments:
        body: the layer that does the work, a `Sequential` or a `Chain`, say.

    ```python
    class Step(Composite):
        def __init__(self, channels, *, rngs):
            super().__init__(Sequential([ActNorm(channels), Householder(channels, rngs=rngs)]))
    ```
    """

    def __init__(self, body: Bijection):
        self.body = body

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.body.forward(x, condition)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return self.body.inverse(y, condition)

    def backward(self, y: PyTree, condition: PyTree, y_bar: PyTree, log_det_bar: Array) -> tuple[PyTree, Cotangents]:
        x, bars = self.body.backward(y, condition, y_bar, log_det_bar)
        return x, bars._replace(layer=replaced(self, body=bars.layer))

    def backward_inverse(self, x: PyTree, condition: PyTree, x_bar: PyTree, log_det_bar: Array):
        y, bars = self.body.backward_inverse(x, condition, x_bar, log_det_bar)
        return y, bars._replace(layer=replaced(self, body=bars.layer))

    def initialised(self, x: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        body, y = self.body.initialised(x, condition)
        return replaced(self, body=body), y

    def initialised_inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        body, x = self.body.initialised_inverse(y, condition)
        return replaced(self, body=body), x
