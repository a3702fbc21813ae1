"""Recursive couplings (Kruse, Detommaso, Koethe and Scheichl, HINT, AAAI 2021).

A coupling leaves half of its channels alone. Here each half is transformed by itself as well, in the same way, until
the parts are small:

    f(a, b) = (f_1(a), g(f_2(b); subnet(a, c))),    log |det| = log |det f_1| + log |det f_2| + sum log g'.

The Jacobian is dense and triangular. Every node of the tree has a network of its own.
"""

from flax import nnx

from jaxseis import _checks
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Parallel, Sequential
from jaxseis.flows.layers.coupling import Backbone, Coupling
from jaxseis.flows.layers.elementwise import Affine, Elementwise
from jaxseis.flows.layers.identity import Identity


class HINT(Composite):
    """A tree of couplings over the channels: with 16 of them, of 16, of 8 and 8, and of four times 4.

    Arguments:
        channels: how many channels the state has, at least 2.
        subnet: makes the network of a coupling, ``subnet(inputs, outputs, rngs=rngs)``.
        map: what couplings do: `Affine`, `Additive` or `RationalQuadratic`.
        condition_channels: channels of the condition, which every coupling is given; 0 for none.
        smallest: parts of fewer channels are not taken apart.
        rngs: random numbers.

    ```python
    layer = HINT(16, partial(CNN, space=2, width=32), rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        channels: int,
        subnet: Backbone,
        *,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        condition_channels: int = 0,
        smallest: int = 4,
        rngs: nnx.Rngs,
    ):
        smallest = _checks.whole("smallest", smallest, 2)

        def tree(channels: int) -> Bijection:
            first, rest = channels // 2, channels - channels // 2
            coupling = Coupling(channels, subnet, map=map, condition_channels=condition_channels, rngs=rngs)
            before = [Parallel(Identity(), tree(rest), channels=first)] if rest >= smallest else []
            after = [Parallel(tree(first), Identity(), channels=first)] if first >= smallest else []
            return Sequential([*before, coupling, *after])

        super().__init__(tree(channels))
