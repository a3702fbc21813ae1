"""Mutes, offsets, gain and normalisation: numbers that can be worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.preconditioners import BottomMute, NormalizeTraces, OffsetRange, TimeGain, TopMute, offsets

TIME = js.TimeAxis(400.0, 10.0)


def line(sources=None, receivers=None) -> js.Shots:
    """One source at zero, receivers every 150 m: 100 ms at the velocity of water."""
    sources = js.Geometry(x=jnp.zeros(1), z=0.0) if sources is None else sources
    receivers = js.Geometry.spread(x=jnp.array([0.0, 150.0, 300.0]), z=0.0) if receivers is None else receivers
    return js.Shots(jnp.ones((sources.shots or 1, TIME.size, receivers.points)), sources, receivers, TIME)


def at(traces, time, receiver):
    """The sample of the first shot at a time, ms."""
    return float(traces[0, TIME.values.tolist().index(time), receiver])


def test_the_mute_starts_and_ends_where_it_should():
    muted = TopMute(velocity=1.5, start=50.0, taper=40.0)(line()).traces
    for receiver, begin in ((0, 50.0), (1, 150.0), (2, 250.0)):
        found = [at(muted, begin + t, receiver) for t in (-50, -10, 0, 10, 20, 30, 40, 100)]
        expected = [0, 0, 0, 0.5 - 0.5 / np.sqrt(2), 0.5, 0.5 + 0.5 / np.sqrt(2), 1, 1]
        np.testing.assert_allclose(found, expected, atol=1e-15)


def test_without_taper_it_cuts_and_a_negative_start_is_early():
    muted = TopMute(velocity=1.5, start=-90.0, taper=0.0)(line()).traces
    assert [at(muted, t, 2) for t in (100, 110, 120)] == [0, 1, 1]
    np.testing.assert_array_equal(muted[0, :, 0], 1)


def test_top_and_bottom_split_the_record(ragged):
    parts = [mute(velocity=2.2, start=60.0)(ragged) for mute in (TopMute, BottomMute)]
    recorded = np.where(ragged.receivers.mask[:, None, :], ragged.traces, 0)
    np.testing.assert_allclose((parts[0] + parts[1]).traces, recorded, atol=1e-15)
    early = BottomMute(taper=20.0)(line()).traces
    assert [at(early, t, 0) for t in (100.0, 120.0)] == [1, 0]


def test_offsets_count_all_coordinates():
    sources = js.Geometry(x=jnp.zeros(1), y=0.0, z=0.0)
    receivers = js.Geometry.spread(x=jnp.array([3.0]), y=4.0, z=12.0)
    np.testing.assert_allclose(offsets(line(sources=sources, receivers=receivers)), [[13.0]])


def test_of_several_sources_the_nearest_counts():
    together = js.Geometry(x=jnp.array([[0.0, 250.0]]), z=0.0)
    np.testing.assert_allclose(offsets(line(sources=together)), [[0.0, 100.0, 50.0]])
    padded = js.Geometry.ragged([[[0.0, 0.0]], [[1000.0, 0.0], [250.0, 0.0]]])
    np.testing.assert_allclose(offsets(line(sources=padded)), [[0.0, 150.0, 300.0], [250.0, 100.0, 50.0]])


def test_a_spread_of_sources_is_used_by_all_shots():
    shared = js.Geometry.spread(x=jnp.zeros(1), z=0.0)
    receivers = js.Geometry(x=jnp.array([[0.0, 30.0], [0.0, 60.0]]), z=0.0)
    shots = js.Shots(jnp.ones((2, TIME.size, 2)), shared, receivers, TIME)
    np.testing.assert_allclose(offsets(shots), [[0.0, 30.0], [0.0, 60.0]])
    assert TopMute().weights(shots).shape == shots.traces.shape


def test_offsets_have_finite_derivatives_at_the_source():
    def total(x):
        return jnp.sum(offsets(line(receivers=js.Geometry.spread(x=x, z=0.0))))

    gradient = jax.jit(jax.grad(total))(jnp.zeros(3))
    np.testing.assert_array_equal(gradient, 0)


def test_an_offset_range_keeps_its_ends_and_fades_beyond():
    receivers = js.Geometry.spread(x=jnp.arange(0.0, 701.0, 50.0), z=0.0)
    weights = OffsetRange(200.0, 400.0, taper=100.0)(line(receivers=receivers)).traces[0, 0]
    np.testing.assert_allclose(weights, [0, 0, 0, 0.5, 1, 1, 1, 1, 1, 0.5, 0, 0, 0, 0, 0], atol=1e-15)
    hard = OffsetRange(200.0, 400.0)(line(receivers=receivers)).traces[0, 0]
    np.testing.assert_array_equal(hard, (weights == 1))
    np.testing.assert_array_equal(OffsetRange()(line()).traces, 1)


def test_gain_is_one_at_its_reference():
    gained = TimeGain(power=2.0, reference=200.0)(line()).traces
    assert [at(gained, t, 0) for t in (0, 100, 200, 400)] == [0, 0.25, 1, 4]
    np.testing.assert_array_equal(TimeGain(power=0.0)(line()).traces, 1)


def test_normalised_traces_have_strength_one_whatever_their_scale():
    shots = line()
    traces = jnp.sin(TIME.values)[None, :, None] * jnp.array([1e-200, 3.0, 0.0])
    found = NormalizeTraces()(shots.with_traces(traces)).traces
    np.testing.assert_allclose(jnp.mean(found**2, axis=1), [[1, 1, 0]])
    np.testing.assert_allclose(found[..., 0], found[..., 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TopMute(1500.0), r"velocity: expected km/s, got a maximum of 1500. Velocities in m/s must be div"),
        (lambda: TopMute(0.0), r"velocity: expected positive numbers, km/s, got a minimum of 0"),
        (lambda: TopMute(start=np.nan), r"start: expected a number of milliseconds, got nan"),
        (lambda: BottomMute(taper=-1.0), r"taper: expected a number of milliseconds, not negative, got -1.0"),
        (lambda: TopMute(taper=0.05)(line()), r"taper: expected .* longer than the step of 10 ms.*seconds\(0.05\)"),
        (lambda: OffsetRange(-1.0), r"near: expected a number of metres, not negative, got -1.0"),
        (lambda: OffsetRange(300.0, 200.0), r"far: expected a number of metres above near, 300, got 200.0"),
        (lambda: OffsetRange(taper="wide"), r"taper: expected a number of metres, not negative, got 'wide'"),
        (lambda: TimeGain(-1.0), r"power: expected a number, not negative, got -1.0"),
        (lambda: TimeGain(reference=0.0), r"reference: expected a positive number of milliseconds, got 0.0"),
        (
            lambda: offsets(line(sources=js.Geometry(x=jnp.zeros(1), y=0.0, z=0.0))),
            r"receivers: expected 3 coordinates, as the sources have, got 2",
        ),
    ],
)
def test_errors_say_what_to_write(make, message):
    with pytest.raises(ValueError, match=message):
        make()
