"""Recursive couplings."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import DOUBLE, normals, perturbed, small

from jaxseis.flows.composition import Chain
from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.hint import HINT
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.layers.spline import RationalQuadratic
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.networks.step import step


def couplings(layer):
    return [part for _, part in nnx.iter_modules(layer) if isinstance(part, Coupling)]


@pytest.mark.parametrize(
    ("channels", "smallest", "sizes"),
    [(16, 4, [4, 4, 4, 4, 8, 8, 16]), (2, 4, [2]), (7, 2, [2, 2, 2, 3, 4, 7]), (5, 3, [3, 5])],
)
def test_there_is_a_coupling_for_every_part_of_the_tree(channels, smallest, sizes):
    layer = HINT(channels, small, smallest=smallest, rngs=nnx.Rngs(0))
    assert sorted(c.kept + c.subnet.last.bias.shape[0] // c.map.count for c in couplings(layer)) == sizes


def test_nodes_share_no_weights():
    layer = HINT(16, small, rngs=nnx.Rngs(0))
    weights = [c.subnet.hidden[0].kernel[...] for c in couplings(layer) if c.kept == 2]
    assert len(weights) == 4
    assert all(float(jnp.min(jnp.abs(a - b))) > 0 for i, a in enumerate(weights) for b in weights[:i])


def test_its_jacobian_is_dense_and_lower_triangular():
    layer = perturbed(HINT(8, small, smallest=2, rngs=nnx.Rngs(0)), 1.0)
    jacobian = jax.jit(jax.jacfwd(lambda x: layer.forward(x[None])[0][0]))(normals((8,), 1, 1)[0])
    np.testing.assert_array_equal(jnp.triu(jacobian, 1), 0)
    assert float(jnp.min(jnp.abs(jacobian[jnp.tril_indices(8)]))) > 1e-8


def test_gradients_of_every_node_are_those_of_divided_differences():
    # InvertibleNetworks.jl shares weights between the branches of a level and keeps the gradient of the last alone
    chain = perturbed(Chain(lambda rngs: HINT(16, small, rngs=rngs), 1, memory="invert", rngs=nnx.Rngs(0)))
    x, weights = normals((16,), 4, 1), jnp.linspace(0.5, 2.0, 4)

    @jax.jit
    def objective(chain):
        y, log_det = chain.forward(x)
        return jnp.sum(jnp.sin(y)) + weights @ log_det

    gradient = jax.jit(jax.grad(objective))(chain)
    moves = perturbed(jax.tree.map(jnp.zeros_like, chain), 1.0)
    nodes = range(len(couplings(chain)))
    assert len(nodes) == 7
    for node in nodes:
        only = jax.tree.map(jnp.zeros_like, chain)
        couplings(only)[node].subnet = couplings(moves)[node].subnet
        slope = sum(map(jnp.vdot, jax.tree.leaves(gradient), jax.tree.leaves(only)))
        moved = partial(jax.tree.map, lambda p, d, h: p + h * d, chain, only)
        ahead, behind = (moved(jax.tree.map(lambda p, h=h: h, chain)) for h in (1e-5, -1e-5))
        difference = (objective(ahead) - objective(behind)) / 2e-5
        assert abs(slope) > 1e-2
        np.testing.assert_allclose(slope, difference, rtol=1e-6)


def test_a_single_channel_is_only_normalised():
    layer = step(1, 0, subnet=small, map=RationalQuadratic(), mixing=Householder, coupling=HINT, rngs=nnx.Rngs(0))
    assert len(jax.tree.leaves(layer)) == 2


def test_networks_are_flows():
    x = normals((8,), 20, 1)
    flow = Flow(RealNVP(8, coupling=HINT, steps=2, width=4, depth=1, rngs=nnx.Rngs(0), **DOUBLE)).initialised(x)
    assert flow.sample(jax.random.key(0), 2).shape == (2, 8)
    variances = flow.transform_and_log_det(x)[0].var(0)  # mixed by a rotation
    np.testing.assert_allclose(variances.sum(), 8, rtol=1e-10)


def test_scales_are_those_of_glow():
    network = Glow((8, 8, 1), coupling=HINT, scales=2, steps=1, width=4, rngs=nnx.Rngs(0))
    assert [latents.shape for latents in Flow(network).latents()] == [(4, 4, 2), (2, 2, 8)]


def test_parts_have_at_least_two_channels():
    with pytest.raises(ValueError, match="smallest: expected a whole number of at least 2, got 1"):
        HINT(4, small, smallest=1, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="channels: expected a whole number of at least 2, got 1"):
        HINT(1, small, rngs=nnx.Rngs(0))
