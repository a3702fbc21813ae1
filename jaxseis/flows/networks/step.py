"""The step that flows repeat: normalise, mix channels, couple them (Kingma and Dhariwal, Glow, NeurIPS 2018)."""

from collections.abc import Callable

import jax.numpy as jnp
from flax import nnx

from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composition import Sequential
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.flows.layers.elementwise import Elementwise

Layer = Callable[..., Bijection]


def step(
    channels: int,
    condition_channels: int,
    *,
    subnet: Backbone,
    map: Elementwise,
    mixing: Layer,
    coupling: Layer,
    param_dtype=jnp.float32,
    rngs: nnx.Rngs,
) -> Bijection:
    """`ActNorm`, mixing, coupling; a single channel is only normalised, there being nothing to couple it with."""
    layers: list[Bijection] = [ActNorm(channels, param_dtype=param_dtype)]
    if channels > 1:
        layers.append(mixing(channels, param_dtype=param_dtype, rngs=rngs))
        layers.append(coupling(channels, subnet, map=map, condition_channels=condition_channels, rngs=rngs))
    return Sequential(layers)
