"""Masked multilayer perceptrons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.backbones.made import MADE


def derivatives(features, condition_features=0, **options):
    """``d output / d input`` and ``d output / d condition``, (count, feature, input)."""
    options |= {"condition_features": condition_features, "param_dtype": jnp.float64}
    net = MADE(features, 2, zero=False, rngs=nnx.Rngs(0), **options)
    x, condition = jnp.linspace(-1, 1, features), jnp.ones(condition_features)
    beside = (lambda c: c[None]) if condition_features else (lambda c: None)
    run = jax.jacfwd(lambda x, c: net(x[None], beside(c))[0], argnums=(0, 1))
    return jax.jit(run)(x, condition)


@pytest.mark.parametrize(("features", "depth", "width"), [(5, 1, 5), (4, 2, 9), (3, 3, 16)])
def test_an_output_sees_all_inputs_before_it_and_no_others(features, depth, width):
    by_input, _ = derivatives(features, depth=depth, width=width)
    seen = np.abs(by_input) > 1e-9
    np.testing.assert_array_equal(seen, [np.tril(np.ones((features, features), bool), -1)] * 2)


@pytest.mark.parametrize("features", [1, 2, 4])
def test_every_output_sees_the_condition(features):
    by_input, by_condition = derivatives(features, condition_features=3, width=8)
    assert float(jnp.min(jnp.abs(by_condition))) > 1e-9
    np.testing.assert_array_equal(jnp.triu(by_input), 0)


def test_it_starts_at_zero():
    np.testing.assert_array_equal(MADE(3, 2, width=8, rngs=nnx.Rngs(0))(jnp.ones((2, 3))), np.zeros((2, 2, 3)))


def test_its_arithmetic_can_be_coarser_than_its_parameters():
    net = MADE(3, 2, width=8, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    assert net(jnp.ones((2, 3))).dtype == jnp.bfloat16
    assert {p.dtype for p in jax.tree.leaves(net)} == {jnp.dtype("float32")}


def test_a_hidden_layer_has_units_of_every_degree():
    with pytest.raises(ValueError, match="width: expected a whole number of at least 5, got 4.*all degrees"):
        MADE(5, 2, width=4, rngs=nnx.Rngs(0))
