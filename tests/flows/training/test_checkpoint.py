"""Checkpoints: what is saved comes back, training goes on as if nothing had happened, others are refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jaxseis.flows.composition import Sequential
from jaxseis.flows.flow import Flow
from jaxseis.flows.freezing import frozen
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.diagonal_affine import DiagonalAffine
from jaxseis.flows.layers.elementwise import Affine
from jaxseis.flows.layers.scales import Sigmoid
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.training.augmentation import Noise
from jaxseis.flows.training.checkpoint import A_FLOW, Folder, load_flow, save_flow
from jaxseis.flows.training.fit import fit

X = np.asarray(jax.random.normal(jax.random.key(1), (60, 2)) @ jnp.asarray([[1.0, 0.5], [0.0, 2.0]]))
OPTIONS = {"steps": 20, "batch_size": 20, "augment": Noise(0.1), "progress": False, "key": jax.random.key(0)}


def real_nvp(seed=0, steps=1, width=3, **options):
    options = {"param_dtype": jnp.float64, **options}
    return Flow(RealNVP(2, steps=steps, width=width, depth=1, rngs=nnx.Rngs(seed), **options))


def same(a, b):
    leaves = list(zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
    return len(leaves) > 0 and all(np.array_equal(x, y, equal_nan=True) for x, y in leaves)


@pytest.fixture(scope="module")
def uninterrupted():
    return fit(real_nvp(), X, **OPTIONS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The checkpoint of a shorter training."""
    path = tmp_path_factory.mktemp("training") / "a folder that is not there" / "checkpoint"
    fit(real_nvp(), X, **{**OPTIONS, "steps": 12}, checkpoint=path)
    return path


def test_a_finished_training_can_be_made_longer_bit_for_bit(folder, uninterrupted):
    steps = []
    resumed = fit(real_nvp(7), X, **OPTIONS, checkpoint=folder, callback=lambda step, *_: steps.append(step))
    assert steps == [14, 16, 18, 20]
    assert same(resumed, uninterrupted)
    again = fit(real_nvp(), X, **OPTIONS, checkpoint=folder, callback=lambda step, *_: steps.append(step))
    assert steps[-1] == 20
    assert len(steps) == 4
    assert same(again, uninterrupted)


def test_an_end_between_validations_leaves_no_trace_in_what_follows(tmp_path):
    def flow():
        return Flow(ActNorm(2, param_dtype=jnp.float64), (2,))

    options = {**OPTIONS, "checkpoint": tmp_path, "patience": 2, "optimizer": optax.sgd(0.5), "augment": None}
    first = fit(flow(), X, **{**options, "steps": 5})
    assert list(first.history.steps) == [2, 4, 5]
    assert same(fit(flow(), X, **{**options, "steps": 3}), first)
    assert same(load_flow(tmp_path, flow()), first.flow)
    whole = fit(flow(), X, **{**options, "checkpoint": None})
    assert same(fit(flow(), X, **options), whole)
    assert same(load_flow(tmp_path, flow()), whole.flow)


def test_other_data_and_other_frozen_parameters_are_another_run(tmp_path):
    def flow(shift):
        layer = ActNorm(2, param_dtype=jnp.float64)
        layer.shift[...] = shift * jnp.ones(2)
        return Flow(Sequential([frozen(layer), DiagonalAffine(np.zeros(2))]), (2,))

    options = {**OPTIONS, "steps": 1, "checkpoint": tmp_path}
    fit(flow(0), X, **options)
    with pytest.raises(ValueError, match=r"a checkpoint of the same run, got one with data = \d+ \(now \d+\)\. "):
        fit(flow(0), X + [0, 1e-9], **options)
    with pytest.raises(ValueError, match=r"a checkpoint of the same run, got one with frozen = \d+ \(now \d+\)\. "):
        fit(flow(1), X, **options)
    assert len(fit(flow(0), X, **options).history.train) == 1


def test_nothing_but_a_flow_is_replaced(tmp_path, folder):
    (tmp_path / "thesis.tex").write_text("years of work")
    refused = "expected a folder that is absent, empty, or holds .*, got something else. Take another folder."
    for path in (tmp_path, tmp_path / "thesis.tex", folder):
        with pytest.raises(ValueError, match=refused):
            save_flow(path, real_nvp())
    for path in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(ValueError, match=refused):
            fit(real_nvp(), X, **OPTIONS, checkpoint=path, callback=lambda *_: pytest.fail("it began"))
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert load_flow(folder, real_nvp()) is not None


def test_the_flow_before_stays_where_writing_fails(tmp_path):
    save_flow(tmp_path, real_nvp(3))
    with pytest.raises(Exception, match="NoneType|unsupported|Unsupported|type"):
        Folder(tmp_path, A_FLOW).write(2, {"flow": {"a": np.ones(3), "b": object()}})
    assert same(load_flow(tmp_path, real_nvp(4)), real_nvp(3))


def test_a_flow_of_the_same_shapes_is_refused_by_what_differs(tmp_path, folder):
    other = real_nvp(map=Affine(Sigmoid()))
    message = r"map/scale: expected Sigmoid, got Tanh in .*\. Build the flow with the arguments"
    save_flow(tmp_path, real_nvp())
    with pytest.raises(ValueError, match=message):
        load_flow(tmp_path, other)
    with pytest.raises(ValueError, match=message):
        fit(other, X, **OPTIONS, checkpoint=folder)
    with_states = real_nvp(memory="store", dtype=jnp.float32)
    assert same(load_flow(tmp_path, with_states), real_nvp())


def test_a_training_killed_between_validations_goes_on_bit_for_bit(tmp_path):
    def draw(key, n):
        calls.append(key)
        if len(calls) == 30:
            raise KeyboardInterrupt
        return jax.random.normal(key, (n, 2)), None

    options = {"steps": 15, "batch_size": 9, "every": 5, "progress": False, "key": jax.random.key(0)}
    calls = [None] * 100
    whole = fit(real_nvp(), draw, **options)
    calls = []
    with pytest.raises(KeyboardInterrupt):
        fit(real_nvp(), draw, **options, checkpoint=tmp_path)
    assert same(fit(real_nvp(), draw, **options, checkpoint=tmp_path), whole)
    assert len(calls) > 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": jax.random.key(1)}, "a checkpoint of the same run, got one with key ="),
        ({"batch_size": 10}, r"got one with batch_size = 20 \(now 10\); every = 2 \(now 5\)"),
        ({"validation": 0.05}, r"got one with held_out = 6 \(now 3\)"),
        ({"optimizer": optax.sgd(0.1, momentum=0.9)}, "trained/optimizer/0/trace/.*: expected float64 .*, got nothing"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        fit(real_nvp(), X, **{**OPTIONS, **options}, checkpoint=folder)


def test_a_checkpoint_of_another_architecture_is_refused_by_the_first_parameter(folder):
    with pytest.raises(ValueError, match=r"hidden/0/bias: expected float64 of shape \(1, 4\), got .* shape \(1, 3\)"):
        fit(real_nvp(width=4), X, **OPTIONS, checkpoint=folder)


def test_a_flow_comes_back(tmp_path):
    flow = real_nvp(3)
    save_flow(tmp_path / "flow", flow)
    save_flow(tmp_path / "flow", flow)
    loaded = load_flow(tmp_path / "flow", real_nvp(4))
    assert same(loaded, flow)
    assert jax.tree.structure(loaded) == jax.tree.structure(flow)
    assert not same(real_nvp(4), flow)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 2}, r"log_scale: expected float64 of shape \(2, 2\), got .* shape \(1, 2\) in .*flow. Build"),
        ({"param_dtype": jnp.float32}, r"log_scale: expected float32 of shape \(1, 2\), got float64"),
    ],
)
def test_a_flow_of_another_architecture_is_refused(tmp_path, options, message):
    save_flow(tmp_path / "flow", real_nvp())
    with pytest.raises(ValueError, match=message):
        load_flow(tmp_path / "flow", real_nvp(**options))


def test_a_flow_with_other_parts_is_refused(tmp_path):
    less = real_nvp(condition_shape=(2,))
    more = Flow(less.bijection, condition_shape=(2,), summary=nnx.Linear(2, 2, rngs=nnx.Rngs(0)))
    save_flow(tmp_path / "more", more)
    save_flow(tmp_path / "less", less)
    with pytest.raises(ValueError, match="summary/bias: expected nothing of that name, got it in .*more. Build"):
        load_flow(tmp_path / "more", less)
    with pytest.raises(ValueError, match=r"summary/bias: expected float32 of shape \(2,\), got nothing in .*less"):
        load_flow(tmp_path / "less", more)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "flow").mkdir()
    for path in (tmp_path / "flow", tmp_path / "nothing"):
        with pytest.raises(ValueError, match="expected a folder with a flow, got (something else|nothing)"):
            load_flow(path, real_nvp())
