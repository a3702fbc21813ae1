"""Glow: normalise, mix channels, couple, at several scales (Kingma and Dhariwal, NeurIPS 2018)."""

from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import PyTree
from jaxseis.backbones.cnn import CNN
from jaxseis.backbones.mlp import MLP
from jaxseis.flows.actnorm import ActNorm
from jaxseis.flows.bijection import Bijection, replaced
from jaxseis.flows.composition import Chain, Sequential
from jaxseis.flows.coupling import Backbone, Coupling
from jaxseis.flows.elementwise import Affine, Elementwise
from jaxseis.flows.haar import Haar
from jaxseis.flows.householder import Householder
from jaxseis.flows.memory import Memory
from jaxseis.flows.multiscale import Multiscale, freeze_shape
from jaxseis.flows.shuffle import Squeeze

Mixing = Callable[..., Bijection]


class Glow(Multiscale):
    """The multiscale flow of images, volumes and traces; with a condition, that of their posteriors.

    At each of ``scales`` scales: squeeze, then ``steps`` times `ActNorm`, mixing of channels, and a `Coupling`.

    Arguments:
        event_shape: shape of one sample, (\\*space, channel), with 1, 2 or 3 axes of space of any size.
        scales, steps: how many scales, and steps at each.
        width: channels inside of the couplings' networks.
        map: what a coupling does: `Affine`, `Additive`, or `RationalQuadratic`.
        mixing: makes the mixing of channels, ``mixing(channels, param_dtype=..., rngs=rngs)``: `Householder`, `LU`.
        subnet: makes a coupling's network, ``subnet(inputs, outputs, rngs=rngs)``; by default a `CNN` of ``width``.
        squeeze: space to channels: `Haar`, `Wavelet`, `Checkerboard`, `Halves`, `Columns`.
        split: whether half of the channels leave after each scale.
        odd: ``"trim"`` takes sizes that 2^scales does not divide, exactly; ``"refuse"`` raises ValueError.
        condition_shape: shape of one condition: an image over the same space, a vector (feature,), or a
            sequence of images, one a scale; None for none.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the networks (``jnp.bfloat16``, say), and of the parameters.
        rngs: random numbers.

    ```python
    flow = Flow(Glow((64, 64, 1), scales=3, steps=8, width=32, rngs=nnx.Rngs(0)))
    ```
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        *,
        scales: int = 3,
        steps: int = 8,
        width: int = 64,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        mixing: Mixing = Householder,
        subnet: Backbone | None = None,
        squeeze: Squeeze | None = None,
        split: bool = True,
        odd: str = "trim",
        condition_shape: Sequence | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        options = {"width": width, "dtype": dtype, "param_dtype": param_dtype}
        subnet = subnet or partial(CNN, space=len(event_shape) - 1, **options)
        super().__init__(
            event_shape,
            partial(glow_step, subnet=subnet, map=map, mixing=mixing, param_dtype=param_dtype),
            scales=scales,
            steps=steps,
            squeeze=squeeze or Haar(),
            split=split,
            odd=odd,
            condition_shape=condition_shape,
            memory=memory,
            param_dtype=param_dtype,
            rngs=rngs,
        )


class RealNVP(Bijection):
    """The steps of Glow for vectors: `ActNorm`, mixing, and a `Coupling` with a multilayer perceptron.

    Arguments:
        features: the length of the vectors, at least 2.
        steps: how many steps.
        width, depth: of the hidden layers of the couplings' networks.
        map: what a coupling does; `RationalQuadratic` makes a neural spline flow (Durkan et al., 2019).
        mixing, memory, dtype, param_dtype, rngs: as for `Glow`.
        condition_shape: (feature,) of the condition, or None.

    ```python
    flow = Flow(RealNVP(2, steps=8, rngs=nnx.Rngs(0)))
    ```
    """

    def __init__(
        self,
        features: int,
        *,
        steps: int = 8,
        width: int = 64,
        depth: int = 2,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        mixing: Mixing = Householder,
        condition_shape: Sequence[int] | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.event_shape = (int(features),)
        self.condition_shape = freeze_shape(condition_shape)
        subnet = partial(MLP, width=width, depth=depth, dtype=dtype, param_dtype=param_dtype)
        step = partial(
            glow_step,
            features,
            condition_shape[-1] if condition_shape else 0,
            subnet=subnet,
            map=map,
            mixing=mixing,
            param_dtype=param_dtype,
        )
        self.chain = Chain(step, steps, memory=memory, rngs=rngs)

    def forward(self, x: PyTree, condition: PyTree = None):
        return self.chain.forward(x, condition)

    def inverse(self, y: PyTree, condition: PyTree = None):
        return self.chain.inverse(y, condition)

    def initialised(self, x: PyTree, condition: PyTree = None):
        chain, y = self.chain.initialised(x, condition)
        return replaced(self, chain=chain), y


def glow_step(
    channels: int,
    condition_channels: int,
    *,
    subnet: Backbone,
    map: Elementwise,
    mixing: Mixing,
    param_dtype,
    rngs: nnx.Rngs,
) -> Bijection:
    """`ActNorm`, mixing of channels, `Coupling`."""
    return Sequential(
        [
            ActNorm(channels, param_dtype=param_dtype),
            mixing(channels, param_dtype=param_dtype, rngs=rngs),
            Coupling(channels, subnet, map=map, condition_channels=condition_channels, rngs=rngs),
        ]
    )
