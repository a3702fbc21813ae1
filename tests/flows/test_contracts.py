"""What every layer of a flow must do, and every network of them. Each test is written once and runs on all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.flow_layers import LAYERS, NETWORKS

from jaxseis.flows.composition import with_memory

COUNT = 3


# each takes seconds to compile: these are enough day by day
OFTEN = (
    "ActNorm", "Householder", "affine coupling, tanh", "coupling with a spatial condition", "Checkerboard", "Haar",
    "Trim beside an image", "Parallel", "Chain", "conditional RealNVP",
)  # fmt: skip
CASES = [
    pytest.param(case, id=name, marks=[] if name in OFTEN else [pytest.mark.slow])
    for name, case in (LAYERS | NETWORKS).items()
]


@pytest.fixture(params=CASES, scope="module")
def case(request):
    return request.param


@pytest.fixture(scope="module")
def found(case):
    """All that a case is asked for, in one compiled program: most of the time goes into compiling."""
    layer = case.layer()
    return jax.jit(everything)(with_memory(layer, "store"), with_memory(layer, "invert"), *case.batch(COUNT))


def everything(storing, inverting, x, condition):
    y, log_det = storing.forward(x, condition)
    return {
        "x": x,
        "y": y,
        "log det": log_det,
        "x again": storing.inverse(y, condition),
        "alone": jax.vmap(lambda x, c: alone(storing, x, c))(x, condition),
        "log det of the Jacobian": jax.vmap(lambda x, c: log_det_of_jacobian(storing, x, c))(x, condition),
        "gradients": gradients("forward", storing, x, condition),
        "gradients, inverting": gradients("forward", inverting, x, condition),
        "gradients, backward": inverting.backward(y, condition, *cotangents(y, log_det)),
        "gradients of the inverse": gradients("inverse", storing, y, condition),
        "gradients of the inverse, inverting": gradients("inverse", inverting, y, condition),
        "gradients of the inverse, backward": inverting.backward_inverse(
            x, condition, *cotangents(x, -log_det)
        ),
        "initialised": initialised(storing, x, condition),
        "single": there_and_back(*single((storing, x, condition))),
    }


def alone(layer, x, condition):
    """What a sample by itself gives."""
    y, log_det = layer.forward(*jax.tree.map(lambda leaf: leaf[None], (x, condition)))
    return jax.tree.map(lambda leaf: leaf[0], (y, log_det))


def initialised(layer, x, condition):
    layer, y = layer.initialised(x, condition)
    return layer, y, layer.forward(x, condition)[0]


def there_and_back(layer, x, condition):
    y, log_det = layer.forward(x, condition)
    return x, y, log_det, *layer.inverse(y, condition)


def single(tree):
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)


def log_det_of_jacobian(layer, x, condition):
    """``log |det dy/dx|`` of a sample by automatic differentiation."""
    jacobian = jax.jacfwd(lambda v: row(alone(layer, unrow(v, x), condition)[0]))(row(x))
    return jnp.linalg.slogdet(jacobian)[1]


def row(state):
    """All numbers of a sample in a row."""
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(state)])


def unrow(numbers, like):
    leaves, structure = jax.tree.flatten(like)
    parts = jnp.split(numbers, np.cumsum([leaf.size for leaf in leaves])[:-1])
    return jax.tree.unflatten(structure, [p.reshape(leaf.shape) for p, leaf in zip(parts, leaves, strict=True)])


def objective(state, log_det):
    """A number of everything that comes out; log-determinants have a weight each, other than one."""
    return jnp.sum(jnp.sin(row(state))) + log_det @ jnp.linspace(0.5, 2.0, log_det.size)


def gradients(run, *arguments):
    return jax.grad(lambda layer, x, c: objective(*getattr(layer, run)(x, c)), argnums=(0, 1, 2))(*arguments)


def cotangents(state, log_det):
    return jax.grad(objective, argnums=(0, 1))(state, log_det)


def assert_close(got, expected, tolerance):
    assert len(jax.tree.leaves(got)) == len(jax.tree.leaves(expected)) > 0
    scale = max(1.0, max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(expected)))
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def test_the_inverse_undoes_it(found):
    x, log_det = found["x again"]
    assert_close(x, found["x"], 1e-10)
    assert_close(log_det, -found["log det"], 1e-10)


def test_it_moves_its_input(found):
    shapes = [jax.tree.map(jnp.shape, found[name]) for name in ("x", "y")]
    assert shapes[0] != shapes[1] or float(jnp.linalg.norm(row(found["y"]) - row(found["x"]))) > 1e-3


def test_the_log_determinant_is_that_of_the_jacobian(found):
    assert_close(found["log det"], found["log det of the Jacobian"], 1e-9)


def test_samples_of_a_batch_do_not_touch(found):
    assert_close((found["y"], found["log det"]), found["alone"], 1e-12)


@pytest.mark.parametrize("way", ["inverting", "backward"])
@pytest.mark.parametrize("what", ["gradients", "gradients of the inverse"])
def test_gradients_by_inversion_are_those_of_stored_states(found, what, way):
    got, expected = found[f"{what}, {way}"], found[what]
    if way == "backward":
        state, got = got
        assert_close(state, found["x" if what == "gradients" else "y"], 1e-9)
    assert_close(got, expected, 1e-9)


def test_an_initialised_layer_is_the_same_but_for_numbers(case, found):
    layer, y, y_again = found["initialised"]
    assert jax.tree.structure(layer) == jax.tree.structure(with_memory(case.layer(), "store"))
    assert_close(y, y_again, 1e-10)


def test_single_precision_stays_single(found):
    x, *_, x_again, log_det = found["single"]
    assert {leaf.dtype for leaf in jax.tree.leaves(found["single"])} == {jnp.dtype("float32")}
    assert_close(x_again, x, 1e-5)
    assert_close(log_det, -found["log det"], 1e-4)
