"""Maps of the whole state that the condition alone sets (Lugmayr et al., SRFlow, ECCV 2020: affine injector)."""

from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows._conditions import join
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.flows.layers.elementwise import Affine, Elementwise


class Injector(Bijection):
    """``y = g(x; subnet(c))``, elementwise; ``log |det| = sum log g'``.

    Arguments:
        channels: how many channels the state has.
        subnet: makes the network from channels in and out, ``subnet(inputs, outputs, rngs=rngs)``.
        map: g: `Affine`, `Additive` or `RationalQuadratic`.
        condition_channels: channels of the condition, at least 1.
        rngs: random numbers.

    ```python
    layer = Injector(4, partial(CNN, space=2, width=32), condition_channels=1, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        channels: int,
        subnet: Backbone,
        *,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        condition_channels: int,
        rngs: nnx.Rngs,
    ):
        _checks.whole("condition_channels", condition_channels, 1, "Without a condition there is nothing to set it by.")
        self.map = map
        self.subnet = subnet(condition_channels, map.count * channels, rngs=rngs)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        y, log_derivative = self.map.forward(x, self._parameters(x, condition))
        return y, _states.sum_sample(log_derivative)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        x, log_derivative = self.map.inverse(y, self._parameters(y, condition))
        return x, _states.sum_sample(log_derivative)

    def _parameters(self, x: Array, condition: Array) -> Array:
        return self.map.parameters(self.subnet, join(x[..., :0], condition))  # over the space of x
