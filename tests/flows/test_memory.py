"""What the backward pass of a chain keeps: by XLA's own account of its temporary memory."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import cnn, coupling, mlp, normals, perturbed, step

from jaxseis.flows.composition import Chain, with_memory
from jaxseis.flows.memory import Invert, Remat, Store, as_memory
from jaxseis.flows.networks.real_nvp import RealNVP

STATE = (2, 32, 32, 4)
BYTES = 8 * np.prod(STATE)  # of one state


def value(chain, x, run="forward"):
    y, log_det = getattr(chain, run)(x)
    return jnp.sum(y**2) + jnp.sum(log_det)


def temporary_bytes(memory, length, run="forward"):
    chain = jax.eval_shape(lambda: Chain(coupling(4, partial(cnn, width=8)), length, memory=memory, rngs=nnx.Rngs(0)))
    x = jax.ShapeDtypeStruct(STATE, jnp.float64)
    compiled = jax.jit(jax.grad(partial(value, run=run), argnums=(0, 1))).lower(chain, x).compile()
    return compiled.memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("run", ["forward", "inverse"])
def test_inverting_keeps_nothing_whatever_the_depth(run):
    assert temporary_bytes("invert", 32, run) < 1.1 * temporary_bytes("invert", 4, run)


def test_rematerialising_keeps_a_state_for_each_layer():
    growth = (temporary_bytes("remat", 32) - temporary_bytes("remat", 4)) / 28
    assert BYTES <= growth < 2 * BYTES


def test_storing_keeps_the_inside_of_layers_too():
    growth = (temporary_bytes("store", 32) - temporary_bytes("store", 4)) / 28
    assert growth > 4 * BYTES


def test_saved_states_are_as_many_as_asked_for():
    saved = [temporary_bytes(Invert(save_every=every), 32) for every in (1, 2)]
    assert 0.8 * 16 * BYTES < saved[0] - saved[1] < 1.2 * 16 * BYTES


@pytest.mark.parametrize("memory", [*(Invert(save_every=m) for m in (3, 1, 99)), Remat(), Store()])
def test_gradients_do_not_depend_on_what_is_kept(memory):
    chain = Chain(partial(step, 4), 7, memory="invert", rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(0), (3, 4))
    gradient = jax.jit(jax.grad(value, argnums=(0, 1)))
    got, expected = gradient(with_memory(chain, memory), x), gradient(chain, x)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * max(1.0, float(jnp.abs(b).max())))


@pytest.mark.parametrize("memory", ["remat", "store"])
def test_forward_mode_works_but_for_inversion(memory):
    flow = RealNVP(2, steps=2, width=4, param_dtype=jnp.float64, memory=memory, rngs=nnx.Rngs(0))
    x = jnp.ones((1, 2))
    by_reverse = jax.jacrev(lambda x: flow.forward(x)[0])(x)
    np.testing.assert_allclose(jax.jacfwd(lambda x: flow.forward(x)[0])(x), by_reverse, atol=1e-12)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jacfwd(lambda x: with_memory(flow, "invert").forward(x)[0])(x)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [Invert(), Invert(save_every=2)])
def test_second_derivatives_by_reverse_over_reverse(memory):
    chain = Chain(coupling(2, mlp), 3, memory=memory, rngs=nnx.Rngs(0))
    x = jnp.array([[0.3, -0.7]])

    def gradient(chain, x):
        return jax.grad(lambda x: value(chain, x) + jnp.sum(jnp.sin(chain.forward(x)[0])))(x)

    hessian = jax.jit(lambda chain: jax.jacrev(gradient, argnums=1)(chain, x))
    np.testing.assert_allclose(hessian(chain), hessian(with_memory(chain, "store")), atol=1e-10)


def test_unknown_ways_are_refused():
    with pytest.raises(ValueError, match="memory: expected 'invert', 'remat', 'store' .* got 'flat'"):
        as_memory("flat")
    with pytest.raises(ValueError, match="save_every: expected a whole number of at least 1, got 0"):
        Invert(save_every=0)


@pytest.mark.slow
def test_saving_states_does_not_save_conditions():
    """The condition has as many numbers as four states."""
    make = coupling(4, partial(cnn, width=8), condition_channels=16)
    x, condition = (jax.ShapeDtypeStruct((*STATE[:-1], channels), jnp.float64) for channels in (4, 16))

    def states(memory):
        chain = jax.eval_shape(lambda: Chain(make, 16, memory=memory, rngs=nnx.Rngs(0)))
        gradient = jax.grad(lambda chain, x, c: jnp.sum(chain.forward(x, c)[0] ** 2), argnums=(0, 1, 2))
        return jax.jit(gradient).lower(chain, x, condition).compile().memory_analysis().temp_size_in_bytes / BYTES

    assert states(Invert(save_every=1)) - states(Invert(save_every=2)) < 1.3 * 8


@pytest.mark.slow
@pytest.mark.parametrize("memory", [Invert(), Invert(save_every=2), Remat()])
def test_samples_may_lie_on_several_devices(memory):
    chain = perturbed(RealNVP(4, steps=3, width=4, condition_shape=(2,), param_dtype=jnp.float64, rngs=nnx.Rngs(0)))
    chain = with_memory(chain, memory)
    mesh, each = jax.sharding.Mesh(jax.devices()[:2], ("batch",)), jax.P("batch")

    def loss(chain, x, c):
        y, log_det = chain.forward(x, c)
        return jnp.sum(y**2) - jnp.sum(log_det)

    def on_devices(chain, x, c):
        share = lambda *local: jax.lax.psum(loss(*local), "batch")  # noqa: E731
        return jax.shard_map(share, mesh=mesh, in_specs=(jax.P(), each, each), out_specs=jax.P())(chain, x, c)

    x, c = normals((4,), 6, 1), normals((2,), 6, 2)
    got, expected = (jax.jit(jax.grad(f, argnums=(0, 1, 2)))(chain, x, c) for f in (on_devices, loss))
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
