"""What every backbone must do. Each test is written once and runs on all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxseis.backbones import CNN, MLP, DeepSet, ResNet, SetTransformer, UNet

DOUBLE = {"param_dtype": jnp.float64}


@dataclass(frozen=True)
class Case:
    """A network of two inputs and three outputs, and the shapes of its input and output."""

    make: Callable[..., nnx.Module]
    x: tuple[int, ...]
    y: tuple[int, ...]


SETS = Case(partial(DeepSet, width=8), (4, 5, 2), (4, 3))
CASES = {
    "MLP": Case(partial(MLP, width=6), (4, 2), (4, 3)),
    "CNN": Case(partial(CNN, width=4), (2, 5, 3, 2), (2, 5, 3, 3)),
    "ResNet": Case(partial(ResNet, width=4, blocks=1), (2, 5, 3, 2), (2, 5, 3, 3)),
    "UNet, 1-D": Case(partial(UNet, space=1, width=4, levels=2), (2, 7, 2), (2, 7, 3)),
    "UNet, 2-D": Case(partial(UNet, width=4, levels=1), (2, 5, 2, 2), (2, 5, 2, 3)),
    "UNet, 3-D": Case(partial(UNet, space=3, width=2, levels=1), (2, 3, 2, 5, 2), (2, 3, 2, 5, 3)),
    "DeepSet": SETS,
    "SetTransformer": Case(partial(SetTransformer, width=8, heads=2, blocks=1, seeds=2), SETS.x, SETS.y),
}


OFTEN = ("MLP", "CNN", "DeepSet")  # the others take seconds to compile


@pytest.fixture(
    params=[
        pytest.param(case, id=name, marks=[] if name in OFTEN else [pytest.mark.slow]) for name, case in CASES.items()
    ],
    scope="module",
)
def case(request):
    return request.param


def net(case, seed=0, zero=False, **options):
    return case.make(2, 3, zero=zero, rngs=nnx.Rngs(seed), **(DOUBLE | options))


def moved(net):
    """The network with all parameters moved, so that none is zero by chance."""
    leaves, structure = jax.tree.flatten(net)
    keys = jax.random.split(jax.random.key(9), len(leaves))
    leaves = [p + 0.1 * jax.random.normal(k, p.shape, p.dtype) for p, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, leaves)


def batch(case, dtype=jnp.float64):
    return jax.random.normal(jax.random.key(1), case.x, dtype)


@jax.jit
def run(net, x):
    return net(x)


def test_shape_and_dtype_of_the_output(case):
    y = run(net(case), batch(case))
    assert (y.shape, y.dtype) == (case.y, jnp.float64)
    assert float(jnp.abs(y).max()) > 0


def test_zero_at_the_start(case):
    np.testing.assert_array_equal(run(net(case, zero=True), batch(case)), np.zeros(case.y))


def test_a_sample_does_not_know_the_others(case):
    whole, x = moved(net(case)), batch(case)
    np.testing.assert_allclose(run(whole, x.at[1:].multiply(-3.0))[0], run(whole, x)[0], rtol=1e-12, atol=1e-12)


def test_only_parameters_are_kept(case):
    made = net(case)
    assert all(isinstance(part, nnx.Param) for part in jax.tree.leaves(made, is_leaf=_is_variable))
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype("float64")}


def _is_variable(part):
    return isinstance(part, nnx.Variable)


def test_lower_precision_is_close(case):
    single = moved(net(case, param_dtype=jnp.float32))
    half = moved(net(case, param_dtype=jnp.float32, dtype=jnp.bfloat16))
    x = batch(case, jnp.float32)
    expected, got = run(single, x), run(half, x)
    assert (expected.dtype, got.dtype) == (jnp.float32, jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves(half)} == {jnp.dtype("float32")}
    np.testing.assert_allclose(got.astype(jnp.float32), expected, atol=0.05 * float(jnp.abs(expected).max()))


def test_gradients_reach_every_parameter(case):
    gradient = jax.jit(jax.grad(lambda net, x: jnp.sum(jnp.sin(net(x)))))(moved(net(case)), batch(case))
    for path, leaf in jax.tree.leaves_with_path(gradient):
        if "key.bias" not in jax.tree_util.keystr(path, simple=True, separator="."):  # the softmax does not see it
            assert 0 < float(jnp.abs(leaf).max()) < np.inf, path


def test_many_at_once(case):
    make = jax.vmap(lambda key: moved(case.make(2, 3, zero=False, rngs=nnx.Rngs(key), **DOUBLE)))
    stacked = make(jax.random.split(jax.random.key(3), 2))
    x = batch(case)
    second = jax.tree.map(lambda leaf: leaf[1], stacked)
    np.testing.assert_allclose(jax.jit(jax.vmap(lambda n: n(x)))(stacked)[1], run(second, x), rtol=1e-10, atol=1e-12)
