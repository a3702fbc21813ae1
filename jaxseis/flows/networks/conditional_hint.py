"""Joint densities of data and unknowns, and posteriors out of them (Kruse et al., HINT, AAAI 2021).

Steps act on pairs (y, x), in two lanes with a coupling across:

    z_y = f(y),    z_x = g(h(x; z_y); subnet(z_y)),

f and h being `ActNorm`, `Householder` and `HINT`, of which that of h has z_y as its condition. By the chain rule of
probabilities p(y, x) = p(y) p(x | y): the first lane by itself is a flow for p(y), and the second, given the first,
one for p(x | y).
"""

from collections.abc import Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.backbones.cnn import CNN
from jaxseis.backbones.mlp import MLP
from jaxseis.flows._shapes import freeze_shape
from jaxseis.flows.bijection import Bijection, replaced
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Chain, Sequential
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.flows.layers.elementwise import Affine, Elementwise
from jaxseis.flows.layers.hint import HINT
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.layers.injector import Injector
from jaxseis.flows.layers.triangular import Triangular, Uncounted
from jaxseis.flows.memory import Memory
from jaxseis.flows.networks._parts import check_parts
from jaxseis.flows.networks.step import step


class ConditionalHINT(Composite):
    """The joint density of pairs (y, x); `marginal` is that of y, and `posterior` that of x given y.

    Arguments:
        y_shape, x_shape: shapes of one y and one x: (feature,), or (\\*space, channel) over the same space.
        steps: how many steps.
        width: of the hidden layers of the networks.
        map: what couplings do, within lanes and across: `Affine`, `Additive`, or `RationalQuadratic`.
        subnet: makes a coupling's network, ``subnet(inputs, outputs, rngs=rngs)``; by default an `MLP` for vectors,
            and else a `CNN`, of ``width``.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters.
        rngs: random numbers.

    Images should be squeezed first, so that there are channels to couple.

    ```python
    network = ConditionalHINT((6,), (8,), steps=8, rngs=nnx.Rngs(0))
    network, _ = network.initialised((y, x))
    log_joint = Flow(network.marginal()).log_prob(y) + Flow(network.posterior()).log_prob(x, y)
    samples = Flow(network.posterior()).sample(key, 1000, y[0])
    ```
    """

    body: Chain

    def __init__(
        self,
        y_shape: Sequence[int],
        x_shape: Sequence[int],
        *,
        steps: int = 8,
        width: int = 64,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        subnet: Backbone | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_parts(rngs, map, subnet=subnet)
        self.event_shape = (_shape("y_shape", y_shape), _shape("x_shape", x_shape))
        space = len(y_shape) - 1
        if tuple(y_shape[:-1]) != tuple(x_shape[:-1]):
            raise _checks.fail("y_shape and x_shape", "the same space", f"{tuple(y_shape)} and {tuple(x_shape)}")
        options = {"width": width, "dtype": dtype, "param_dtype": param_dtype}
        subnet = subnet or (partial(CNN, space=space, **options) if space else partial(MLP, **options))
        make = partial(_step, y_shape[-1], x_shape[-1], subnet=subnet, map=map, param_dtype=param_dtype)
        super().__init__(Chain(make, steps, memory=memory, rngs=rngs))

    def marginal(self) -> Bijection:
        """The flow of y alone, over the same parameters."""
        return Marginal(self)

    def posterior(self) -> Bijection:
        """The flow of x with y as the condition, over the same parameters."""
        return Posterior(self)


class Marginal(Bijection):
    """The first lane of a joint flow, ``y -> z_y``.

    Arguments:
        joint: the joint flow; ``joint.marginal()`` says the same.

    ```python
    log_p = Flow(network.marginal()).log_prob(y)
    ```
    """

    def __init__(self, joint: ConditionalHINT):
        self.joint = joint
        self.event_shape = joint.event_shape[0]

    def forward(self, x: Array, condition: None = None) -> tuple[Array, Array]:
        return _first(self.joint).forward(x)

    def inverse(self, y: Array, condition: None = None) -> tuple[Array, Array]:
        return _first(self.joint).inverse(y)


class Posterior(Bijection):
    """The second lane of a joint flow, ``x -> z_x`` with y as the condition.

    Arguments:
        joint: the joint flow; ``joint.posterior()`` says the same.

    Its inverse first takes y to its latents, then the pair of latents back.

    ```python
    samples = Flow(network.posterior()).sample(key, 1000, y)
    ```
    """

    def __init__(self, joint: ConditionalHINT):
        self.joint = joint
        self.condition_shape, self.event_shape = joint.event_shape

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        (_, z), log_det = _second(self.joint).forward((condition, x))
        return z, log_det

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        given, _ = _first(self.joint).forward(condition)
        (_, x), log_det = _second(self.joint).inverse((given, y))
        return x, log_det

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, Array]:
        joint, (_, z) = self.joint.initialised((condition, x))
        return replaced(self, joint=joint), z


def _first(joint: ConditionalHINT) -> Bijection:
    return replaced(joint.body, layers=_lanes(joint).first)


def _second(joint: ConditionalHINT) -> Bijection:
    """Both lanes, with the log-determinant of the second."""
    lanes = _lanes(joint)
    return replaced(joint.body, layers=Triangular(Uncounted(lanes.first), lanes.second))


def _lanes(joint: ConditionalHINT) -> Triangular:
    """The steps, stacked."""
    return joint.body.layers  # type: ignore[return-value]


def _step(
    y_channels: int,
    x_channels: int,
    *,
    subnet: Backbone,
    map: Elementwise,
    param_dtype,
    rngs: nnx.Rngs,
) -> Bijection:
    lane = partial(step, subnet=subnet, map=map, mixing=Householder, coupling=HINT, param_dtype=param_dtype, rngs=rngs)
    across = Injector(x_channels, subnet, map=map, condition_channels=y_channels, rngs=rngs)
    return Triangular(lane(y_channels, 0), Sequential([lane(x_channels, y_channels), across]))


def _shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    frozen = freeze_shape(shape)
    if not frozen:
        raise _checks.fail(name, "(feature,) or (*space, channel)", shape)
    return frozen
