import itertools
import os
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.segy_files import SegyFile, build
from helpers.survey import TIME, survey

import jaxseis as js
from jaxseis import io, preconditioners
from jaxseis.io.segy import shots as shots_module
from jaxseis.io.segy.writing import TraceWriter


@pytest.fixture
def files(tmp_path):
    """A survey in memory, and the same out of core."""
    shots = survey()
    io.write_shots(tmp_path / "a.segy", shots[:3])
    io.write_shots(tmp_path / "b.segy", shots[3])
    return shots, io.SegyShots(io.scan(tmp_path, show=False))


def same(one, other):
    return np.array_equal(one.traces, other.traces) and one.time == other.time


def test_all_of_it(files):
    shots, lazy = files
    assert len(lazy) == 4
    assert same(lazy.load(), shots)
    assert same(lazy, shots)
    np.testing.assert_array_equal(lazy.receivers.mask, shots.receivers.mask)
    np.testing.assert_array_equal(lazy.sources.positions, shots.sources.positions)


@pytest.mark.parametrize("pick", [2, slice(1, 3), [3, 0], np.array([True, False, True, False]), -1])
def test_selections_read_what_they_select_and_keep_one_width(files, pick):
    shots, lazy = files
    assert same(lazy[pick].load(), shots[pick])
    assert lazy[pick].receivers.points == 5
    assert same(lazy[::-1][:2].load(), shots[::-1][:2])


def test_shots_that_do_not_exist(files):
    with pytest.raises(IndexError, match="0 to 3"):
        files[1][4]


def test_arithmetic_with_shots_in_memory(files):
    shots, lazy = files
    assert same(lazy - shots, shots * 0)
    assert same(shots - lazy, shots * 0)
    assert same(2 * lazy, shots * 2)
    assert same(lazy.with_traces(jnp.ones(shots.traces.shape)), shots.with_traces(jnp.ones(shots.traces.shape)))


def test_random_batches_are_those_of_shot_batches(files):
    shots, lazy = files
    for ahead in (0, 1, 3):
        expected = js.shot_batches(jax.random.key(3), 4, 2)
        for numbers, batch in itertools.islice(lazy.batches(jax.random.key(3), 2, ahead), 5):
            np.testing.assert_array_equal(numbers, next(expected))
            assert same(batch, shots[numbers])


def test_one_pass(files):
    shots, lazy = files
    passed = list(lazy.in_order(3))
    assert [n.tolist() for n, _ in passed] == [[0, 1, 2], [3]]
    assert all(same(batch, shots[n]) for n, batch in passed)


def test_batches_are_read_ahead_on_another_thread(files, monkeypatch):
    _, lazy = files
    second, threads, read = threading.Event(), [], shots_module._Reader.read

    def spy(self, shot, out):
        threads.append(threading.current_thread().name)
        read(self, shot, out)
        if shot == 1:
            second.set()

    monkeypatch.setattr(shots_module._Reader, "read", spy)
    batches = lazy.in_order(1)
    next(batches)
    assert second.wait(timeout=30)  # while the first is in use
    assert len(list(batches)) == 3
    assert len(threads) == 4
    assert all(name.startswith("jaxseis-read") for name in threads)


def test_an_error_while_reading_ahead_reaches_the_loop(files, tmp_path):
    _, lazy = files
    (tmp_path / "b.segy").write_bytes(b"another file")
    with pytest.raises(io.StaleIndexError, match="b.segy changed"):
        list(lazy.in_order(2))


def test_steps_are_applied_on_read_and_may_change_the_time_axis(files):
    shots, lazy = files

    def every_other(s):
        return js.Shots(s.traces[:, ::2], s.sources, s.receivers, js.TimeAxis(s.time.duration, 2 * s.time.step))

    mapped = lazy.map(lambda s: s * 2).map(every_other)
    assert mapped.time == js.TimeAxis(80.0, 8.0)
    assert same(mapped[1:].load(), every_other(shots[1:] * 2))
    assert lazy.time == TIME


def test_equal_spreads_are_shared(tmp_path):
    spread = js.Geometry.spread(x=12.5 * np.arange(3), z=5.0)
    traces = np.random.default_rng(0).normal(size=(2, TIME.size, 3)).astype(np.float32)
    shots = js.Shots(jnp.asarray(traces), js.Geometry(x=[0.0, 50.0], z=5.0), spread, TIME)
    io.write_shots(tmp_path / "a.segy", shots)
    lazy = io.SegyShots(io.scan(tmp_path, show=False))
    assert lazy.receivers.shared
    assert same(lazy, shots)


@pytest.mark.parametrize("delay", [0, 12, -8, 400])
def test_delays_move_traces_in_time(tmp_path, delay):
    traces = np.random.default_rng(0).normal(size=(2, TIME.size)).astype(np.float32)
    with TraceWriter(tmp_path / "a.segy", TIME.size, 4000, io.SegyFormat(), "") as out:
        out.write(traces, {"DelayRecordingTime": [delay, 0], "SourceX": 1})
    read = io.SegyShots(io.scan(tmp_path, show=False)).traces[0].T
    shift, later = delay // 4, max(0, delay // 4)
    moved, other = np.zeros((2, TIME.size + later), np.float32)
    other[: TIME.size] = traces[1]
    for n in range(TIME.size):
        if n + shift >= 0:
            moved[n + shift] = traces[0, n]
    np.testing.assert_array_equal(read, [moved, other])


def test_delays_between_samples_are_refused(tmp_path):
    with TraceWriter(tmp_path / "a.segy", 20, 4000, io.SegyFormat(), "") as out:
        out.write(np.ones((1, 20)), {"DelayRecordingTime": 5, "SourceX": 1})
    with pytest.raises(ValueError, match="whole samples of 4 ms, got 5 to 5 ms"):
        io.SegyShots(io.scan(tmp_path, show=False)).load()


def test_traces_that_are_not_finite_are_zero_with_a_warning(tmp_path):
    io.write_shots(tmp_path / "a.segy", survey())
    raw = bytearray((tmp_path / "a.segy").read_bytes())
    at = 3600 + 1 * (240 + 4 * TIME.size) + 240
    raw[at : at + 4] = b"\x7f\xc0\x00\x00"
    (tmp_path / "a.segy").write_bytes(raw)
    lazy = io.SegyShots(io.scan(tmp_path, show=False))
    with pytest.warns(UserWarning, match="Shot 0: 1 traces"):
        read = lazy[0].traces[0]
    assert not np.any(read[:, 1])
    assert np.all(read[:, 0] == survey().traces[0, :, 0])


def test_numbers_beyond_single_precision_are_not_finite(tmp_path):
    data = np.ones((2, 20))
    data[1, 3] = 1e39
    (tmp_path / "a.segy").write_bytes(build(SegyFile(samples=data, code=6)))
    index = io.scan(tmp_path, show=False)
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(UserWarning, match="1 traces have samples that are not finite"):
            read = io.SegyShots(index).load()
    finally:
        jax.config.update("jax_enable_x64", True)
    np.testing.assert_array_equal(read.traces[0].T, [np.ones(20), np.zeros(20)])


def test_a_file_rewritten_while_it_is_open(files, tmp_path):
    _, lazy = files
    lazy.load()
    with open(tmp_path / "b.segy", "r+b") as file:
        file.seek(5000)
        file.write(bytes(100))
    os.utime(tmp_path / "b.segy", ns=(0, 0))
    with pytest.raises(io.StaleIndexError, match="b.segy changed"):
        lazy.load()
    (tmp_path / "a.segy").unlink()
    with pytest.raises(io.StaleIndexError, match="a.segy went away"):
        io.SegyShots(lazy.index).load()


def test_steps_of_processing_take_them_as_they_are(files):
    shots, lazy = files
    step = preconditioners.TopMute(velocity=1.5, start=10.0, taper=8.0)
    np.testing.assert_allclose(step(lazy).traces, step(shots).traces, atol=1e-6)
    assert np.all(step(shots).traces[:, 0] == 0)


def test_one_long_shot_among_short_ones_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(shots_module, "PADDED", 1000)
    with TraceWriter(tmp_path / "a.segy", 5, 4000, io.SegyFormat(), "") as out:
        out.write(np.ones((220, 5)), {"SourceX": [*range(100), *[500] * 120], "GroupX": np.arange(220)})
    with pytest.warns(UserWarning, match="Shot 100 has 120 traces"):
        io.SegyShots(io.scan(tmp_path, show=False))


def test_files_of_different_time_axes(tmp_path):
    io.write_shots(tmp_path / "a.segy", survey())
    io.write_shots(tmp_path / "b.segy", survey(time=js.TimeAxis(80.0, 2.0)))
    with pytest.raises(ValueError, match="one time axis, got 21 samples of 4 ms, 41 samples of 2 ms"):
        io.SegyShots(io.scan(tmp_path, show=False))


def test_reading_a_shot_costs_one_read(files, monkeypatch):
    from jaxseis.io import blob

    _, lazy = files
    lazy[1].load()
    reads, read = [], blob.LocalBlob.read
    monkeypatch.setattr(blob.LocalBlob, "read", lambda self, *where: reads.append(where) or read(self, *where))
    lazy[1].load()
    stride = 240 + 4 * TIME.size
    assert reads == [(3600 + 3 * stride, 5 * stride)]


def test_many_files_do_not_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr(shots_module, "OPEN_FILES", 2)
    shots = survey()
    for i in range(4):
        io.write_shots(tmp_path / f"{i}.segy", shots[i])
    lazy = io.SegyShots(io.scan(tmp_path, show=False))
    assert same(lazy, shots)
    assert len(lazy._reader._open) == 2


class TestFrame:
    def test_turned_and_moved(self):
        frame = io.Frame(origin=(1000.0, 2000.0), azimuth=0.0, ndim=3)  # x to the north, y to the west
        np.testing.assert_array_equal(frame(np.array([[1000.0, 2500.0, 7.0], [900.0, 2000.0, 7.0]])),
                                      [[500.0, 0.0, 7.0], [0.0, 100.0, 7.0]])

    def test_distances_stay(self):
        points = np.random.default_rng(0).uniform(0, 1000, (20, 3))
        turned = io.Frame((10.0, 20.0), 33.0, 3)(points)
        distances, before = (np.linalg.norm(p - p[0], axis=1) for p in (turned, points))
        np.testing.assert_allclose(distances, before)

    def test_the_line_that_fits(self):
        along = np.linspace(0, 5000, 50)
        x, y = 450_000 + along * np.sin(np.radians(40)), 6_780_000 + along * np.cos(np.radians(40))
        frame = io.Frame.along(np.stack([x, y], 1))
        assert frame.azimuth == pytest.approx(40.0)
        placed = frame(np.stack([x, y, 0 * x], 1))
        np.testing.assert_allclose(placed[:, 0], along, atol=1e-6)

    def test_points_off_the_line_are_told(self):
        with pytest.warns(UserWarning, match="300 m across the line"):
            io.Frame()(np.array([[0.0, 0.0, 0.0], [1000.0, 300.0, 0.0]]))

    def test_coordinates_too_large_for_float32_are_told(self, tmp_path):
        far = js.Geometry(x=[450_000.26], z=0.0)
        traces = jnp.ones((1, TIME.size, 1))
        io.write_shots(tmp_path / "a.segy", js.Shots(traces, far, far, TIME))
        index = io.scan(tmp_path, show=False)
        jax.config.update("jax_enable_x64", False)
        try:
            with pytest.warns(UserWarning, match=r"rounded by 0\.\d+ m in float32.*Frame"):
                io.SegyShots(index)
            io.SegyShots(index, io.Frame(origin=(450_000.0, 0.0)))
        finally:
            jax.config.update("jax_enable_x64", True)

    @pytest.mark.parametrize("bad", [{"ndim": 1}, {"origin": (1.0,)}, {"azimuth": np.nan}])
    def test_bad_arguments(self, bad):
        with pytest.raises(ValueError, match="frame"):
            io.Frame(**bad)
