"""The map that changes nothing: where a branch of a network stops."""

from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class Identity(Bijection):
    """``y = x``; ``log |det| = 0``.

    ```python
    layer = Parallel(Identity(), ActNorm(3), channels=2)  # the first two channels stay
    ```
    """

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return x, _states.no_log_det(x)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        return y, _states.no_log_det(y)
