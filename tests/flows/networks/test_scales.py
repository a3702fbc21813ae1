"""Conditions at every scale: their shapes, and what is refused."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed

from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.networks._scales import arrays_at_scales, shapes_at_scales
from jaxseis.flows.networks.glow import Glow

SPACES = [(7, 8), (3, 4), (1, 2)]


@pytest.mark.parametrize("shape", [None, (3,), (7, 8, 2), ((3, 4, 5), (1, 2, 6))])
def test_arrays_have_the_shapes_that_are_announced(shape):
    arrays = arrays_at_scales(normals(shape, 2, 1), Haar(), 2)
    found = [tuple(None if a is None else a.shape[1:] for a in beside) for beside in arrays]
    assert found == [tuple(beside) for beside in shapes_at_scales(shape, SPACES)]


def test_the_last_plane_of_the_condition_counts():
    network = Glow((7, 8, 1), scales=2, steps=1, width=4, condition_shape=(7, 8, 1), rngs=nnx.Rngs(0), **DOUBLE)
    flow, x, c = perturbed(Flow(network)), normals((7, 8, 1), 1, 1), normals((7, 8, 1), 1, 2)
    slopes = jnp.abs(jax.jit(jax.grad(lambda c: flow.log_prob(x, c).sum()))(c))
    assert slopes.min(axis=(0, 2, 3))[-1] > 0


@pytest.mark.parametrize(("shape", "message"), [
    (((3, 4, 1),), "condition_shape: expected one shape for each of 2 scales, got 1"),
    (((3, 4, 1), (1, 3, 1)), r"condition_shape\[1\]: expected \(1, 2, channels\), over the space of the state, got"),
    ((8, 8, 1), r"condition_shape: expected \(7, 8, channels\), over the space of the state, got \(8, 8, 1\)"),
])  # fmt: skip
def test_conditions_over_another_space_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        Glow((7, 8, 1), scales=2, steps=1, width=4, condition_shape=shape, rngs=nnx.Rngs(0))
