"""Flows of vectors by couplings (Dinh, Sohl-Dickstein and Bengio, Real NVP, ICLR 2017)."""

from collections.abc import Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis.backbones.mlp import MLP
from jaxseis.flows._shapes import freeze_shape
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Chain
from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.elementwise import Affine, Elementwise
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.memory import Memory
from jaxseis.flows.networks._parts import check_parts
from jaxseis.flows.networks.step import Layer, step


class RealNVP(Composite):
    """The steps of Glow for vectors: `ActNorm`, mixing, and a `Coupling` with a multilayer perceptron.

    Arguments:
        features: the length of the vectors, at least 2.
        steps: how many steps.
        width, depth: of the hidden layers of the couplings' networks.
        map: what a coupling does; `RationalQuadratic` makes a neural spline flow (Durkan et al., 2019).
        mixing, coupling, memory, dtype, param_dtype, rngs: as for `Glow`.
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
        mixing: Layer = Householder,
        coupling: Layer = Coupling,
        condition_shape: Sequence[int] | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_parts(rngs, map, mixing=mixing, coupling=coupling)
        features = _checks.whole("features", features, 2)
        self.event_shape, self.condition_shape = (features,), freeze_shape(condition_shape)
        subnet = partial(MLP, width=width, depth=depth, dtype=dtype, param_dtype=param_dtype)
        make = partial(
            step,
            features,
            condition_shape[-1] if condition_shape else 0,
            subnet=subnet,
            map=map,
            mixing=mixing,
            coupling=coupling,
            param_dtype=param_dtype,
        )
        super().__init__(Chain(make, steps, memory=memory, rngs=rngs))
