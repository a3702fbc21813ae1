"""Glow: flows of images, volumes and traces at several scales (Kingma and Dhariwal, NeurIPS 2018)."""

from collections.abc import Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis.backbones.cnn import CNN
from jaxseis.flows.layers.coupling import Backbone, Coupling
from jaxseis.flows.layers.elementwise import Affine, Elementwise
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.layers.shuffle import Squeeze
from jaxseis.flows.memory import Memory
from jaxseis.flows.networks._parts import check_parts
from jaxseis.flows.networks.multiscale import Multiscale
from jaxseis.flows.networks.step import Layer, step


class Glow(Multiscale):
    """The multiscale flow of images, volumes and traces; with a condition, that of their posteriors.

    At each of ``scales`` scales: squeeze, then ``steps`` times `ActNorm`, mixing of channels, and a `Coupling`.

    Arguments:
        event_shape: shape of one sample, (\\*space, channel), with 1, 2 or 3 axes of space of any size.
        scales, steps: how many scales, and steps at each.
        width: channels inside of the couplings' networks.
        map: what a coupling does: `Affine`, `Additive`, or `RationalQuadratic`.
        mixing: makes the mixing of channels, ``mixing(channels, param_dtype=..., rngs=rngs)``: `Householder`, `LU`.
        coupling: `Coupling`, or `HINT` for a tree of them (Kruse et al., AAAI 2021).
        subnet: makes a coupling's network, ``subnet(inputs, outputs, rngs=rngs)``; by default a `CNN` of ``width``.
        squeeze: space to channels: `Haar`, `Wavelet`, `Checkerboard`, `Halves`, `Columns`.
        split: whether half of the channels leave after each scale.
        odd: ``"trim"`` takes sizes that 2^scales does not divide, exactly; ``"refuse"`` raises ValueError.
        condition_shape: shape of one condition: an image over the same space, a vector (feature,), or a
            sequence of images, one a scale; None for none.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters. With ``jnp.bfloat16`` the state
            stays in float32; inversion is then good to some 1e-3 after training, for a number recovered to rounding
            may fall on the other side of a boundary of bfloat16.
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
        mixing: Layer = Householder,
        coupling: Layer = Coupling,
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
        check_parts(rngs, map, squeeze=squeeze, mixing=mixing, coupling=coupling, subnet=subnet)
        options = {"width": width, "dtype": dtype, "param_dtype": param_dtype}
        subnet = subnet or partial(CNN, space=len(event_shape) - 1, **options)
        super().__init__(
            event_shape,
            partial(step, subnet=subnet, map=map, mixing=mixing, coupling=coupling, param_dtype=param_dtype),
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
