"""What tells two flows apart whose parameters have the same shapes, and what does not."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.backbones.mlp import MLP
from jaxseis.flows.composition import Chain
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.leapfrog import Leapfrog
from jaxseis.flows.layers.scales import Sigmoid, Tanh
from jaxseis.flows.layers.shuffle import Checkerboard
from jaxseis.flows.layers.spline import RationalQuadratic
from jaxseis.flows.layers.wavelet_squeeze import Wavelet
from jaxseis.flows.training._architecture import architecture, check_architecture, fingerprint


def coupling(map=Affine(), **options):  # noqa: B008  it is frozen
    return Coupling(2, partial(MLP, width=2, depth=1, **options), map=map, rngs=nnx.Rngs(0))


def leapfrog(step):
    return Leapfrog(1, space=1, width=1, step=step, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    ("saved", "now", "message"),
    [
        (Haar(), Checkerboard(), "flow: expected Checkerboard, got Haar in there. Remedy."),
        (coupling(), coupling(Affine(Sigmoid())), "flow/map/scale: expected Sigmoid, got Tanh"),
        (coupling(Affine(Tanh(1.0))), coupling(Affine(Tanh(2.0))), "flow/map/scale/bound: expected 2.0, got 1.0"),
        (coupling(activation=nnx.gelu), coupling(activation=jnp.tanh), "subnet/activation: expected tanh, got gelu"),
        (coupling(RationalQuadratic(bound=3.0)), coupling(RationalQuadratic(bound=4.0)), "bound: expected 4.0, got 3"),
        (Wavelet("db2"), Wavelet("sym4"), "flow/bank/low: expected 8 parts, got 4 parts"),
        (Wavelet("db4"), Wavelet("sym4"), "flow/bank/low/0: expected "),
        (leapfrog(0.5), leapfrog(0.25), "flow/step: expected 0.25, got 0.5"),
    ],
)
def test_the_first_difference_is_named(saved, now, message):
    with pytest.raises(ValueError, match=message):
        check_architecture("there", architecture(saved), now, "Remedy.")
    check_architecture("there", architecture(now), now, "Remedy.")


def test_how_things_are_computed_makes_no_difference():
    make = partial(Chain, lambda rngs: ActNorm(2), 2, rngs=nnx.Rngs(0))
    assert architecture(make(memory="invert")) == architecture(make(memory="store"))
    assert architecture(coupling(dtype=jnp.bfloat16)) == architecture(coupling())


def test_arrays_are_told_apart_by_their_bytes():
    x = np.arange(10000.0)
    changed = x.copy()
    changed[9999] += 1e-12
    marks = [fingerprint(a) for a in (x, changed, x[::-1], x.reshape(100, 100), x.astype(np.float32), {"a": x})]
    assert len(set(marks)) == len(marks)
    assert fingerprint(jnp.asarray(x)) == fingerprint(x) == fingerprint(x.copy())
    assert fingerprint(jax.random.normal(jax.random.key(0), (3,))) != fingerprint(np.zeros(3))
