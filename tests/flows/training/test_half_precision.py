"""Networks in bfloat16 inside of a flow whose state is in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jaxseis.flows.composition import with_memory
from jaxseis.flows.flow import Flow
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.training.fit import fit
from jaxseis.flows.training.losses import maximum_likelihood
from jaxseis.flows.training.monitor import reconstruction_error

pytestmark = pytest.mark.slow


def draw(key, n):
    """Smooth images, with noise."""
    a, b = jax.random.split(key)
    level = jax.random.normal(a, (n, 1, 1, 1), jnp.float32)
    return level + 0.1 * jax.random.normal(b, (n, 4, 4, 1), jnp.float32), None


X = draw(jax.random.key(1), 64)[0]


def glow(dtype):
    return Flow(Glow((4, 4, 1), scales=1, steps=2, width=6, dtype=dtype, rngs=nnx.Rngs(0)))


@pytest.fixture(scope="module")
def fitted():
    options = {"steps": 60, "batch_size": 32, "optimizer": optax.adam(1e-2), "every": 30, "progress": False}
    return fit(glow(jnp.bfloat16), draw, key=jax.random.key(0), **options)


def relative(a, b):
    a, b = (np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]) for tree in (a, b))
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_it_trains(fitted):
    assert fitted.history.validation[-1] < fitted.history.train[0] - 2
    assert {leaf.dtype for leaf in jax.tree.leaves(fitted.flow)} == {jnp.dtype("float32")}
    assert fitted.flow.log_prob(X).dtype == jnp.float32


def test_it_inverts(fitted):
    assert reconstruction_error(glow(jnp.bfloat16).initialised(X), X) < 1e-5
    assert reconstruction_error(fitted.flow, X) < 1e-3


def test_gradients_by_inversion_differ_less_than_half_precision_does(fitted):
    exact = jax.tree.unflatten(jax.tree.structure(glow(None)), jax.tree.leaves(fitted.flow))
    gradient = jax.jit(jax.grad(maximum_likelihood))
    inverting, storing, single = (
        gradient(flow, X) for flow in (fitted.flow, with_memory(fitted.flow, "store"), with_memory(exact, "store"))
    )
    rounding = relative(storing, single)
    assert 1e-4 < rounding < 0.1
    assert relative(inverting, storing) < rounding
