import struct

import jax.numpy as jnp
import numpy as np
import pytest
import segyio
from helpers.survey import TIME, positions, survey

import jaxseis as js
from jaxseis import io
from jaxseis.io.segy.text import encode_text
from jaxseis.io.segy.writing import TraceWriter, scaled_words

FORMATS = [
    io.SegyFormat(code, revision, order, encoding)
    for code in (1, 5)
    for revision, order, encoding in (
        ((0, 0), "big", "ebcdic"),
        ((1, 0), "big", "ascii"),
        ((2, 0), "little", "ascii"),
        ((2, 1), "big", "ebcdic"),
        ((2, 1), "little", "ebcdic"),
    )
]


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_round_trip(tmp_path, fmt):
    shots, path = survey(), tmp_path / "shots.segy"
    io.write_shots(path, shots, fmt)
    back = io.SegyShots(io.scan(path, show=False)).load()
    tolerance = 0 if fmt.code == 5 else 2.0**-21
    assert np.all(np.abs(back.traces - shots.traces) <= tolerance * np.abs(shots.traces))
    np.testing.assert_array_equal(positions(back.sources), positions(shots.sources))
    np.testing.assert_array_equal(positions(back.receivers), positions(shots.receivers))
    assert back.time == shots.time


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_segyio_reads_what_is_written(tmp_path, fmt):
    shots, path = survey(), tmp_path / "shots.segy"
    io.write_shots(path, shots, fmt)
    with segyio.open(path, ignore_geometry=True, endian=fmt.byte_order) as theirs, io.open_segy(path) as ours:
        np.testing.assert_array_equal(theirs.trace.raw[:], ours.traces())
        x = theirs.attributes(segyio.TraceField.GroupX)[:]
        np.testing.assert_array_equal(x, ours.headers(["GroupX"])["GroupX"])
        assert theirs.tracecount == 14
        np.testing.assert_allclose(theirs.samples, TIME.values)
        text = bytes(theirs.text[0]).decode("ascii") if fmt.encoding == "ebcdic" else ours.text
        assert "WRITTEN BY JAXSEIS" in text


@pytest.mark.parametrize("code", [1, 5])
@pytest.mark.parametrize("order", ["big", "little"])
def test_what_segyio_writes_is_read_identically(tmp_path, code, order):
    path, spec = tmp_path / "theirs.sgy", segyio.spec()
    spec.samples, spec.tracecount, spec.format, spec.endian = 4 * np.arange(30), 6, code, order
    traces = np.random.default_rng(0).normal(size=(6, 30)).astype(np.float32)
    with segyio.create(path, spec) as out:
        out.bin.update(hns=30, hdt=4000)
        for i in range(6):
            out.header[i] = {73: 100 * i, 71: -10, 115: 30, 117: 4000, 29: 1}
            out.trace[i] = traces[i]
    with segyio.open(path, ignore_geometry=True, endian=order) as theirs, io.open_segy(path, "tolerant") as ours:
        np.testing.assert_array_equal(ours.traces(), theirs.trace.raw[:])
        np.testing.assert_array_equal(ours.header("SourceX"), 10.0 * np.arange(6))
        assert ours.layout.interval == 4.0


def test_every_byte_that_means_nothing_is_zero(tmp_path):
    path = tmp_path / "shots.segy"
    io.write_shots(path, survey(), io.SegyFormat(5, (1, 0)))
    raw = path.read_bytes()
    words = {3217: 2, 3221: 2, 3225: 2, 3255: 2, 3501: 2, 3503: 2}
    used = {b for byte, size in words.items() for b in range(byte, byte + size)}
    assert not any(raw[b - 1] for b in range(3201, 3601) if b not in used)
    named = {1: 4, 5: 4, 9: 4, 13: 4, 17: 4, 29: 2, 37: 4, 41: 4, 49: 4, 69: 4, 73: 18, 115: 4}
    used = {b for byte, size in named.items() for b in range(byte, byte + size)}
    assert not any(raw[3600 + b - 1] for b in range(1, 241) if b not in used)


def test_revision_two_counts_its_traces(tmp_path):
    path = tmp_path / "shots.segy"
    io.write_shots(path, survey(), io.SegyFormat(5, (2, 1)))
    assert struct.unpack(">Q", path.read_bytes()[3512:3520]) == (14,)


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    path, shots = tmp_path / "shots.segy", survey()

    def write_half():
        with io.SegyWriter(path, shots.time) as out:
            out.write(shots[:2])
            assert not path.exists()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_shots_are_appended_one_by_one(tmp_path):
    path, shots = tmp_path / "shots.segy", survey()
    with io.SegyWriter(path, shots.time) as out:
        for i in range(len(shots)):
            out.write(shots[i])
    io.write_shots(tmp_path / "at once.segy", shots)
    assert path.read_bytes() == (tmp_path / "at once.segy").read_bytes()


def test_field_records_go_on_over_files(tmp_path):
    shots = survey()
    for i in range(2):
        io.write_shots(tmp_path / f"{i}.segy", shots[2 * i : 2 * i + 2], first_record=1 + 2 * i)
    assert io.scan(tmp_path, "FieldRecord", show=False).keys["FieldRecord"].tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="first_record"):
        io.write_shots(tmp_path / "c.segy", shots, first_record=1.5)


def test_three_dimensional_positions(tmp_path):
    sources = js.Geometry(x=[450_000.25, 450_050.0], y=[6_780_000.5, 6_780_010.0], z=7.5)
    receivers = js.Geometry.spread(x=[450_100.0, 450_110.0], y=[6_780_000.0, 6_780_020.0], z=-12.25)
    traces = np.ones((2, TIME.size, 2), np.float32)
    io.write_shots(tmp_path / "a.segy", js.Shots(jnp.asarray(traces), sources, receivers, TIME))
    index = io.scan(tmp_path / "a.segy", show=False)
    np.testing.assert_array_equal(index.sources, np.asarray(sources.positions)[:, 0])
    shots = io.SegyShots(index, io.Frame(origin=(450_000.0, 6_780_000.0), ndim=3))
    np.testing.assert_array_equal(shots.receivers.positions[0], [[100.0, 0.0, -12.25], [110.0, 20.0, -12.25]])


@pytest.mark.parametrize(
    ("values", "scalar"),
    [([5.0, -3.0], 1), ([0.5], -10), ([1234.56], -100), ([0.125], -1000), ([200_000.0001], -10000)],
)
def test_the_scalar_keeps_positions(values, scalar):
    words = scaled_words({"SourceX": np.array(values)}, "SourceGroupScalar")
    assert words["SourceGroupScalar"] == scalar
    np.testing.assert_array_equal(words["SourceX"] / abs(scalar), values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tenths_of_a_metre_need_tenths(dtype):
    words = scaled_words({"SourceX": (0.1 * np.arange(50)).astype(dtype)}, "SourceGroupScalar")
    assert words["SourceGroupScalar"] == -10


def test_writing_outside_a_block_and_shots_without_receivers(tmp_path):
    out = io.SegyWriter(tmp_path / "a.segy", TIME)
    with pytest.raises(ValueError, match="inside a with block"):
        out.write(survey())


def test_what_no_scalar_keeps_is_said():
    with pytest.warns(UserWarning, match="rounded to 1/10000 m"):
        scaled_words({"SourceX": np.array([1 / 3])}, "SourceGroupScalar")
    with pytest.raises(ValueError, match="at most 2147483647 m"):
        scaled_words({"SourceX": np.array([3e9])}, "SourceGroupScalar")


def test_lengths_and_intervals_that_a_revision_cannot_hold(tmp_path):
    with pytest.raises(ValueError, match=r"1 to 32767 .* Revision \(2, 1\)"):
        TraceWriter(tmp_path / "a", 40_000, 4000, io.SegyFormat(), "")
    with pytest.raises(ValueError, match=r"whole microseconds"):
        TraceWriter(tmp_path / "a", 400, 1999.5, io.SegyFormat(), "")
    long = io.SegyFormat(5, (2, 1))
    with TraceWriter(tmp_path / "a.segy", 70_000, 1999.5, long, "") as out:
        out.write(np.ones((2, 70_000), np.float32), {})
    with io.open_segy(tmp_path / "a.segy") as f:
        assert (f.samples, f.layout.interval, len(f)) == (70_000, 1.9995, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"code": 3}, "1 .IBM. or 5"),
        ({"revision": (3, 0)}, "format.revision"),
        ({"byte_order": "little"}, "before revision 2"),
        ({"byte_order": "middle"}, "big"),
        ({"encoding": "utf-8"}, "ebcdic"),
    ],
)
def test_formats_that_do_not_exist(arguments, message):
    with pytest.raises(ValueError, match=message):
        io.SegyFormat(**arguments)


def test_textual_headers_that_do_not_fit():
    with pytest.raises(ValueError, match="40 lines of 80"):
        encode_text("x" * 81, "ascii")
    with pytest.raises(ValueError, match="characters that ascii has"):
        encode_text("Überschuss", "ascii")


def test_shots_that_do_not_fit_the_file(tmp_path):
    shots = survey()
    other = js.TimeAxis(76.0, 4.0)
    with io.SegyWriter(tmp_path / "a.segy", other) as out, pytest.raises(ValueError, match="as the file"):
        out.write(shots)
    two = js.Geometry(x=np.ones((4, 2)), z=1.0)
    several = js.Shots(shots.traces, two, shots.receivers, shots.time)
    with io.SegyWriter(tmp_path / "b.segy", TIME) as out, pytest.raises(ValueError, match="one source"):
        out.write(several)
