"""A layer in other coordinates (the couplings of Putzky and Welling, Invert to learn to invert, NeurIPS 2019).

    y = M^{-1} f(M x),

M being any bijection. With a body that starts as the identity the whole does, and it acts on channels that are mixed.
"""

from jaxseis._types import Array, PyTree
from jaxseis.flows._states import add
from jaxseis.flows.bijection import Bijection, Cotangents, replaced


class Conjugated(Bijection):
    """``y = M^{-1} f(M x; c)``.

    Arguments:
        mixing: M, which takes no condition.
        body: f.

    ```python
    layer = Conjugated(Householder(8, rngs=rngs), Coupling(8, subnet, rngs=rngs))
    ```
    """

    def __init__(self, mixing: Bijection, body: Bijection):
        self.mixing, self.body = mixing, body

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        u, first = self.mixing.forward(x)
        u, log_det = self.body.forward(u, condition)
        y, last = self.mixing.inverse(u)
        return y, first + log_det + last

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return replaced(self, body=self.body.reverse()).forward(y, condition)

    def backward(self, y: Array, condition: PyTree, y_bar: Array, log_det_bar: Array) -> tuple[Array, Cotangents]:
        u, last = self.mixing.backward_inverse(y, None, y_bar, log_det_bar)
        u, inner = self.body.backward(u, condition, last.x, log_det_bar)
        x, first = self.mixing.backward(u, None, inner.x, log_det_bar)
        bars = replaced(self, mixing=add(first.layer, last.layer), body=inner.layer)
        return x, Cotangents(bars, first.x, inner.condition)

    def backward_inverse(self, x: Array, condition: PyTree, x_bar: Array, log_det_bar: Array):
        reverse = replaced(self, body=self.body.reverse())
        y, bars = reverse.backward(x, condition, x_bar, log_det_bar)
        return y, bars._replace(layer=replaced(bars.layer, body=bars.layer.body.reverse()))

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        mixing, u = self.mixing.initialised(x)
        body, u = self.body.initialised(u, condition)
        return replaced(self, mixing=mixing, body=body), mixing.inverse(u)[0]

    def initialised_inverse(self, y: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        mixing, u = self.mixing.initialised(y)
        body, u = self.body.initialised_inverse(u, condition)
        return replaced(self, mixing=mixing, body=body), mixing.inverse(u)[0]
