"""Errors for what networks cannot be made of."""

from functools import partial

import jax
import pytest
from flax import nnx

from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.networks.conditional_hint import ConditionalHINT
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.networks.maf import MAF
from jaxseis.flows.networks.real_nvp import RealNVP

RNGS = nnx.Rngs(0)


@pytest.mark.parametrize("make", [
    partial(RealNVP, 2), partial(MAF, 2), partial(Glow, (4, 4, 1), scales=1), partial(ConditionalHINT, (2,), (2,)),
])  # fmt: skip
@pytest.mark.parametrize("rngs", [0, jax.random.key(0)])
def test_random_numbers_are_those_of_flax(make, rngs):
    with pytest.raises(ValueError, match="rngs: expected flax.nnx.Rngs, such as"):
        make(rngs=rngs)


@pytest.mark.parametrize(("options", "message"), [
    ({"map": Affine}, r"map: expected an object such as Affine\(\)"),
    ({"squeeze": "haar"}, r"squeeze: expected an object such as Haar\(\)"),
    ({"squeeze": Haar}, r"squeeze: expected an object such as Haar\(\)"),
    ({"coupling": "hint"}, "coupling: expected a class, or a function that makes a layer from channels, got 'hint'"),
    ({"mixing": Householder(4, rngs=RNGS)}, "mixing: expected a class"),
])  # fmt: skip
def test_parts_of_another_kind_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Glow((4, 4, 1), scales=1, rngs=RNGS, **options)
