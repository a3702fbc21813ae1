"""Networks of recursive couplings, for vectors and for images (Kruse et al., HINT, AAAI 2021)."""

from collections.abc import Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis.backbones.cnn import CNN
from jaxseis.backbones.mlp import MLP
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Chain
from jaxseis.flows.coupling import Backbone
from jaxseis.flows.elementwise import Affine, Elementwise
from jaxseis.flows.haar import Haar
from jaxseis.flows.hint import hint_step
from jaxseis.flows.memory import Memory
from jaxseis.flows.multiscale import Multiscale, freeze_shape
from jaxseis.flows.shuffle import Squeeze


class HINTNetwork(Composite):
    """Steps of `ActNorm`, `Householder` and `HINT` for vectors.

    Arguments:
        features: the length of the vectors, at least 2.
        steps: how many steps.
        width, depth: of the hidden layers of the couplings' networks.
        map: what a coupling does: `Affine`, `Additive`, or `RationalQuadratic`.
        condition_shape: (feature,) of the condition, or None.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters.
        rngs: random numbers.

    ```python
    flow = Flow(HINTNetwork(8, steps=6, rngs=nnx.Rngs(0)))
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
        condition_shape: Sequence[int] | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        features = _checks.whole("features", features, 2)
        self.event_shape, self.condition_shape = (features,), freeze_shape(condition_shape)
        beside = condition_shape[-1] if condition_shape else 0
        subnet = partial(MLP, width=width, depth=depth, dtype=dtype, param_dtype=param_dtype)
        step = partial(hint_step, features, beside, subnet=subnet, map=map, param_dtype=param_dtype)
        super().__init__(Chain(lambda rngs: step(rngs=rngs), steps, memory=memory, rngs=rngs))


class MultiscaleHINT(Multiscale):
    """Steps of `ActNorm`, `Householder` and `HINT` at several scales, for traces, images and volumes.

    Arguments:
        event_shape: shape of one sample, (\\*space, channel), with 1, 2 or 3 axes of space of any size.
        scales, steps: how many scales, and steps at each.
        width: channels inside of the couplings' networks.
        map: what a coupling does: `Affine`, `Additive`, or `RationalQuadratic`.
        subnet: makes a coupling's network, ``subnet(inputs, outputs, rngs=rngs)``; by default a `CNN` of ``width``.
        squeeze: space to channels: `Haar`, `Wavelet`, `Checkerboard`, `Halves`, `Columns`.
        split, odd, condition_shape: as for `Glow`.
        memory, dtype, param_dtype, rngs: as for `HINTNetwork`.

    ```python
    flow = Flow(MultiscaleHINT((32, 32, 1), scales=2, steps=4, width=32, rngs=nnx.Rngs(0)))
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
            partial(hint_step, subnet=subnet, map=map, param_dtype=param_dtype),
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
