"""Features in reverse order."""

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class ReverseOrder(Bijection):
    """Features in reverse order: what an autoregressive layer saw last, the next one sees first.

    ```python
    step = Sequential([ReverseOrder(), MaskedAutoregressive(5, rngs=nnx.Rngs(0))])
    ```
    """

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return x[..., ::-1], _states.no_log_det(x)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return self.forward(y)
