"""Shot records: traces with their geometry."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js

TIME = js.TimeAxis(20.0, 5.0)
SOURCES = js.Geometry(x=jnp.array([1.0, 2.0, 3.0]), z=0.0)
SPREAD = js.Geometry.spread(x=jnp.arange(4.0), z=0.0)
RAGGED = js.Geometry.ragged([np.ones((n, 2)) for n in (4, 2, 3)])
TRACES = jnp.arange(3.0 * 5 * 4).reshape(3, 5, 4)
SHOTS = js.Shots(TRACES, SOURCES, SPREAD, TIME)


def test_it_knows_its_size():
    assert len(SHOTS) == 3


@pytest.mark.parametrize("shots", [0, -1, slice(1, 3), np.array([2, 0])], ids=str)
@pytest.mark.parametrize("receivers", [SPREAD, RAGGED], ids=["spread", "ragged"])
def test_selection_takes_the_geometry_along(shots, receivers):
    chosen = np.atleast_1d(np.arange(3)[shots])
    picked = js.Shots(TRACES, SOURCES, receivers, TIME)[shots]
    np.testing.assert_array_equal(picked.traces, TRACES[chosen])
    np.testing.assert_array_equal(picked.sources.positions, SOURCES.positions[chosen])
    np.testing.assert_array_equal(picked.receivers.positions, receivers[shots].positions)
    assert len(picked) == len(chosen)


def test_arithmetic_acts_on_the_traces():
    other = SHOTS.with_traces(TRACES**2)
    for result, expected in (
        (SHOTS + other, TRACES + TRACES**2),
        (SHOTS - other, TRACES - TRACES**2),
        (SHOTS - TRACES, 0 * TRACES),
        (SHOTS + 1.0, TRACES + 1),
        (2 * SHOTS, 2 * TRACES),
        (SHOTS * 2, 2 * TRACES),
    ):
        assert isinstance(result, js.Shots)
        np.testing.assert_array_equal(result.traces, expected)
        assert result.time == TIME


def test_jit_and_grad():
    energy = jax.jit(jax.grad(lambda shots: 0.5 * jnp.sum(shots.traces**2), allow_int=True))(SHOTS)
    assert isinstance(energy, js.Shots)
    np.testing.assert_allclose(energy.traces, TRACES)


@pytest.mark.parametrize("shape", [(2, 5, 4), (3, 6, 4), (3, 5, 3), (5, 4)])
def test_traces_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"traces: expected shape \(3, 5, 4\) \(shot, time, receiver\), got shape"):
        js.Shots(jnp.zeros(shape), SOURCES, SPREAD, TIME)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (js.Shots(TRACES, SOURCES, SPREAD, js.TimeAxis(16.0, 4.0)), "time: expected equal time axes"),
        (js.Shots(TRACES, js.Geometry(x=jnp.arange(3.0), z=9.0), SPREAD, TIME), "sources: expected equal positions"),
        (js.Shots(TRACES, SOURCES, js.Geometry.spread(x=jnp.arange(4.0), z=9.0), TIME), "receivers: expected equal"),
    ],
)
def test_arithmetic_of_different_experiments(other, message):
    for act in (lambda: SHOTS + other, lambda: SHOTS - other):
        with pytest.raises(ValueError, match=message):
            act()


def test_a_loop_ends():
    assert [len(shot) for shot in SHOTS] == [1, 1, 1]
