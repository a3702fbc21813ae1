"""Masked autoregressive flows of vectors (Papamakarios, Pavlakou and Murray, NeurIPS 2017)."""

from collections.abc import Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis.flows._shapes import freeze_shape
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Chain, Sequential
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.autoregressive import MaskedAutoregressive
from jaxseis.flows.layers.elementwise import Affine, Elementwise
from jaxseis.flows.layers.reverse_order import ReverseOrder
from jaxseis.flows.memory import Memory
from jaxseis.flows.networks._parts import check_parts


class MAF(Composite):
    """Steps of `ActNorm`, `ReverseOrder` and `MaskedAutoregressive` for vectors.

    Arguments:
        features: the length of the vectors.
        steps: how many steps.
        map: what they do: `Affine`, `Additive` or `RationalQuadratic`.
        width, depth: of the hidden layers of their networks.
        condition_shape: (feature,) of the condition, or None.
        memory: what the backward pass keeps. Not ``"invert"`` by default: inverting is sequential, ``features``
            passes of the network for each step, while the states that ``"remat"`` keeps are short vectors.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters.
        rngs: random numbers.

    ``MAF(...).reverse()`` is the inverse autoregressive flow, fast to sample from.

    ```python
    flow = Flow(MAF(5, steps=5, map=RationalQuadratic(), rngs=nnx.Rngs(0)))
    ```
    """

    def __init__(
        self,
        features: int,
        *,
        steps: int = 5,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        width: int = 64,
        depth: int = 2,
        condition_shape: Sequence[int] | None = None,
        memory: Memory | str = "remat",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_parts(rngs, map)
        self.event_shape = (_checks.whole("features", features, 1),)
        self.condition_shape = freeze_shape(condition_shape)
        layer = partial(
            MaskedAutoregressive,
            features,
            map=map,
            width=width,
            depth=depth,
            condition_features=condition_shape[-1] if condition_shape else 0,
            dtype=dtype,
            param_dtype=param_dtype,
        )

        def step(rngs: nnx.Rngs) -> Bijection:
            return Sequential([ActNorm(features, param_dtype=param_dtype), ReverseOrder(), layer(rngs=rngs)])

        super().__init__(Chain(step, steps, memory=memory, rngs=rngs))
