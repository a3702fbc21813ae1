"""What holds for every step of processing."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.objectives._weights import combined
from jaxseis.preconditioners import (
    BandPass,
    BottomMute,
    LowPass,
    NormalizeTraces,
    OffsetRange,
    ResampleTo,
    TimeGain,
    TopMute,
)

LINEAR = (
    TopMute(),
    BottomMute(velocity=2.0, start=80.0, taper=0.0),
    OffsetRange(100.0, 900.0, 50.0),
    LowPass(0.010),
    BandPass(0.004, 0.020),
    ResampleTo(js.TimeAxis(800.0, 8.0)),
    TimeGain(0.5),
)
STEPS = (*LINEAR, NormalizeTraces())


def named(steps):
    return {"argvalues": steps, "ids": [type(step).__name__ for step in steps]}


@pytest.mark.parametrize("step", **named(STEPS))
def test_it_keeps_the_experiment_and_treats_shots_one_by_one(step, ragged):
    single = ragged.with_traces(ragged.traces.astype(jnp.float32))
    done = step(single)
    assert eqx.tree_equal(done.sources, ragged.sources)
    assert eqx.tree_equal(done.receivers, ragged.receivers)
    assert done.time == (step.time if isinstance(step, ResampleTo) else ragged.time)
    assert done.traces.dtype == jnp.float32
    assert np.any(done.traces != 0)
    np.testing.assert_allclose(done[1:].traces, step(single[1:]).traces, atol=1e-6)


def test_it_runs_inside_jit(ragged):
    done = jax.jit(lambda step, shots: step(shots) * 2.0)(TopMute(), ragged)
    np.testing.assert_allclose(done.traces, 2 * TopMute()(ragged).traces, atol=1e-13)


@pytest.mark.parametrize("step", **named(LINEAR))
def test_the_operator_is_linear_and_has_its_adjoint(step, ragged):
    A = step.operator(ragged)
    assert js.dot_test(A)
    assert js.linearity_test(A)
    np.testing.assert_allclose(A @ ragged.traces, step(ragged).traces, atol=1e-13)


def test_normalisation_has_finite_derivatives_even_of_dead_traces(ragged):
    dead = ragged.with_traces(ragged.traces.at[0, :, 2].set(0))

    def loss(traces):
        return jnp.sum(NormalizeTraces()(dead.with_traces(traces)).traces ** 3)

    gradient = jax.jit(jax.grad(loss))(dead.traces)
    assert np.all(np.isfinite(gradient))
    assert np.any(gradient != 0)


@pytest.mark.parametrize("step", **named(STEPS))
def test_equal_ones_are_equal_and_print_as_written(step):
    names = {type(s).__name__: type(s) for s in STEPS} | {"TimeAxis": js.TimeAxis, "inf": np.inf}
    assert eval(repr(step), names) == step
    assert len({step, eval(repr(step), names)}) == 1


def test_padded_receivers_are_weighted_zero(ragged):
    for step in (TopMute(velocity=4.0), BottomMute(), OffsetRange()):
        weighted = step(ragged).traces
        np.testing.assert_array_equal(np.any(weighted != 0, axis=1), ragged.receivers.mask)


def test_weights_are_data_weights_of_an_objective(ragged):
    for step in (TopMute(), OffsetRange(200.0), TimeGain()):
        weights = combined(ragged.traces, step.weights(ragged), None)
        np.testing.assert_allclose(weights * ragged.traces, step(ragged).traces)
