"""Couplings, and the scales and conditions they take."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.flow_layers import cnn, mlp, normals, perturbed

from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.scales import Arctan, Sigmoid, Softplus, Tanh

RNGS = nnx.Rngs(0)


class Counted(nnx.Module):
    """A network that counts how often it is traced."""

    calls = 0

    def __init__(self, inputs, outputs, *, rngs):
        self.net = mlp(inputs, outputs, rngs=rngs)

    def __call__(self, x):
        Counted.calls += 1
        return self.net(x)


def test_a_coupling_starts_as_the_identity():
    x = normals((5,), 3, 1)
    y, log_det = Coupling(5, mlp, rngs=RNGS).forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(log_det, 0)


@pytest.mark.parametrize("kept", [1, 3, 4])
def test_what_is_kept_stays_and_the_rest_moves(kept):
    x = normals((5,), 3, 1)
    y, _ = perturbed(Coupling(5, mlp, kept=kept, rngs=RNGS)).forward(x)
    np.testing.assert_array_equal(y[:, :kept], x[:, :kept])
    assert np.abs(y - x)[:, kept:].min() > 0


def test_the_backward_pass_evaluates_the_network_once():
    layer = Coupling(4, Counted, rngs=RNGS)
    y, bar = normals((4,), 3, 1), normals((4,), 3, 2)
    Counted.calls = 0
    jax.make_jaxpr(layer.backward)(y, None, bar, jnp.ones(3))
    assert Counted.calls == 1


@pytest.mark.parametrize(("scale", "low", "high"), [
    (Tanh(1.5), np.exp(-1.5), np.exp(1.5)), (Arctan(2.0), np.exp(-2), np.exp(2)),
    (Sigmoid(0.5, 1.0), 0.5, 1.0), (Sigmoid(0.0, 2.0), 0.0, 2.0), (Softplus(0.1), 0.1, np.inf),
])  # fmt: skip
def test_scales_stay_within_their_bounds_and_have_finite_slopes(scale, low, high):
    a = jnp.linspace(-200.0, 200.0, 401)
    log_scale = scale.log(a)
    assert jnp.all(jnp.diff(log_scale) >= 0)
    assert jnp.all(jnp.isfinite(log_scale))
    assert np.log(low) * (1 + 1e-12) - 1e-9 <= log_scale.min() if low else True
    assert log_scale.max() <= np.log(high) + 1e-9
    assert jnp.all(jnp.isfinite(jax.vmap(jax.grad(scale.log))(a)))


@pytest.mark.parametrize("scale", [Tanh(), Arctan(), Softplus()])
def test_scales_are_one_at_zero(scale):
    np.testing.assert_allclose(scale.log(jnp.zeros(())), 0, atol=1e-15)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Tanh(0.0), "bound: expected a positive number"),
    (lambda: Sigmoid(1.0, 0.5), "low and high: expected 0 <= low < high, got 1.0 and 0.5"),
    (lambda: Softplus(1.0), "low: expected a number between 0 and 1, got 1.0"),
    (lambda: Affine("tanh"), "scale: expected Tanh, Arctan, Sigmoid or Softplus"),
    (lambda: Coupling(1, mlp, rngs=RNGS), "channels: expected a whole number of at least 2, got 1.*squeeze first"),
    (lambda: Coupling(3, mlp, kept=3, rngs=RNGS), "kept: expected fewer than all 3 channels, got 3"),
])  # fmt: skip
def test_what_makes_no_coupling_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_condition_over_another_space_is_refused():
    layer = Coupling(4, cnn, condition_channels=1, rngs=RNGS)
    with pytest.raises(ValueError, match=r"condition: expected shape \(3, 4, 4\) and channels, or"):
        layer.forward(normals((4, 4, 4), 3, 1), normals((4, 5, 1), 3, 2))
