import os

import numpy as np
import pytest
from helpers.survey import TIME, positions, survey

import jaxseis as js
from jaxseis import io
from jaxseis.io.segy import scanning
from jaxseis.io.segy.writing import TraceWriter


def write(path, **words):
    """A file of traces with the given trace header words."""
    count = max(np.size(v) for v in words.values())
    with TraceWriter(path, 20, 4000, io.SegyFormat(), "") as out:
        out.write(np.arange(count)[:, None] + np.zeros((1, 20)), words)
    return path


def scan(path, *arguments, **options):
    return io.scan(path, *arguments, show=False, **options)


def shot_traces(index):
    """The trace numbers of every shot."""
    return [[int(first + i) for _, first, n in index.runs_of(s) for i in range(n)] for s in range(len(index))]


def test_runs_and_scattered_traces(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=[1, 1, 2, 2, 1, 3], GroupX=np.arange(6))
    index = scan(path)
    assert shot_traces(index) == [[0, 1, 4], [2, 3], [5]]
    np.testing.assert_array_equal(index.keys["SourceX"], [1, 2, 3])
    np.testing.assert_array_equal(index.receivers[index.traces_of(0)][:, 0], [0, 1, 4])
    apart = scan(path, grouping="runs")
    assert shot_traces(apart) == [[0, 1], [2, 3], [4], [5]]


def test_a_single_trace_is_a_shot_of_its_own_at_the_end_too(tmp_path):
    assert shot_traces(scan(write(tmp_path / "a.segy", SourceX=[1, 1, 1, 2]))) == [[0, 1, 2], [3]]


@pytest.mark.parametrize("grouping", ["keys", "runs"])
@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7])
def test_shots_that_cross_pieces_are_whole(tmp_path, monkeypatch, piece, grouping):
    path = write(tmp_path / "a.segy", SourceX=np.repeat([5, 3, 8], 4), GroupX=np.arange(12))
    whole = scan(path, grouping=grouping)
    monkeypatch.setattr(scanning, "PIECE", piece)
    cut = scan(path, grouping=grouping, threads=3)
    for name in ("sources", "receivers", "delays", "trace_starts", "runs", "run_starts"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))


def test_other_keys(tmp_path):
    path = write(tmp_path / "a.segy", FieldRecord=[7, 7, 9], SourceX=[1, 1, 1], ShotPoint=[4, 5, 5])
    assert shot_traces(scan(path, ("FieldRecord",))) == [[0, 1], [2]]
    assert shot_traces(scan(path, "FieldRecord")) == [[0, 1], [2]]
    assert shot_traces(scan(path, (io.Word("Mine", 197, "i4"), "FieldRecord"))) == [[0], [1], [2]]
    with pytest.raises(ValueError, match="keys"):
        scan(path, ())


def test_files_in_the_order_of_their_names(tmp_path):
    for name, x in (("b.SGY", 2), ("a.segy", 1), ("c.segy", 1)):
        write(tmp_path / name, SourceX=[x, x])
    (tmp_path / "notes.txt").write_text("not a record")
    index = scan(tmp_path)
    assert [os.path.basename(f.path) for f in index.files] == ["a.segy", "b.SGY", "c.segy"]
    assert index.keys["SourceX"].tolist() == [1, 2]  # the first shot goes on in the third file
    assert index.runs_of(0).tolist() == [[0, 0, 2], [2, 0, 2]]
    assert len(scan(tmp_path / "[ab].*").files) == 2
    listed = scan([tmp_path / "c.segy", str(tmp_path / "a.segy")])
    assert [os.path.basename(f.path) for f in listed.files] == ["c.segy", "a.segy"]


def test_positions_with_signs_and_scalars(tmp_path):
    words = {"SourceX": 1005, "SourceGroupScalar": -10, "SourceDepth": 70, "SourceSurfaceElevation": 200}
    path = write(tmp_path / "a.segy", **words, ElevationScalar=-10, ReceiverGroupElevation=[-30, 55])
    index = scan(path)
    np.testing.assert_array_equal(index.sources, [[100.5, 0.0, -13.0]])
    np.testing.assert_array_equal(index.receivers[:, 2], [3.0, -5.5])
    judi = io.HeaderGeometry(source_z="SourceDepth", receiver_z="ReceiverGroupElevation")
    np.testing.assert_array_equal(scan(path, geometry=judi).receivers[:, 2], [-3.0, 5.5])


def test_feet_become_metres(tmp_path):
    with TraceWriter(tmp_path / "a.segy", 20, 4000, io.SegyFormat(), "", {3255: 2}) as out:
        out.write(np.ones((1, 20)), {"SourceX": 1000, "GroupX": 10})
    index = scan(tmp_path / "a.segy")
    assert index.sources[0, 0] == pytest.approx(304.8)
    assert index.receivers[0, 0] == pytest.approx(3.048)
    assert "feet" in index.files[0].report.names


def test_dead_traces_are_in_no_shot(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=1, TraceIdentificationCode=[1, 2, 1, 1, 8])
    index = scan(path)
    assert shot_traces(index) == [[0, 2, 3]]
    assert "not-seismic" in index.files[0].report.names


def test_runs_go_on_over_dead_traces_and_files(tmp_path):
    write(tmp_path / "a.segy", SourceX=[1, 1, 1, 2, 2, 1], TraceIdentificationCode=[1, 2, 1, 1, 2, 1])
    write(tmp_path / "b.segy", SourceX=[1, 3])
    index = scan(tmp_path, grouping="runs")
    assert index.keys["SourceX"].tolist() == [1, 2, 1, 3]
    assert [len(index.runs_of(s)) for s in range(4)] == [2, 1, 2, 1]


def test_a_file_that_comes_twice_is_read_once(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=[1, 1])
    (tmp_path / "b.segy").symlink_to(path)
    assert scan([path, path]).traces == 2
    assert scan([tmp_path, tmp_path / "*.segy"]).traces == 2
    (tmp_path / "._a.segy").write_bytes(b"left by another program")
    assert scan(tmp_path).traces == 2


def test_shots_are_checked_as_a_whole(tmp_path, monkeypatch):
    write(tmp_path / "a.segy", SourceX=[100, 100], FieldRecord=1)
    write(tmp_path / "b.segy", SourceX=[900, 900], FieldRecord=1)
    with pytest.raises(io.SegyError, match="source-moves"):
        scan(tmp_path, "FieldRecord")
    assert "source-moves" in scan(tmp_path, "FieldRecord", "tolerant").files[1].report.names
    one = write(tmp_path / "c.seg", SourceX=[5, 5, 6, 6], FieldRecord=7)
    monkeypatch.setattr(scanning, "PIECE", 2)
    with pytest.raises(io.SegyError, match=f"source-moves *at byte {3600 + 2 * 320 + 72}"):
        scan(one, "FieldRecord")


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ({"SourceX": [7, 7, 7], "FieldRecord": [1, 2, 2]}, "records-merged"),
        ({"SourceX": [7, 7, 7], "TraceIdentificationCode": [11, 12, 13]}, "components-mixed"),
        ({"FieldRecord": [0, 0, 0]}, "positions-missing"),
    ],
)
def test_shots_that_may_be_several(tmp_path, words, finding):
    path = write(tmp_path / "a.segy", **words)
    with pytest.raises(io.SegyError, match=finding):
        scan(path)
    assert len(scan(path, mode="tolerant")) == 1
    keys = ("SourceX", "FieldRecord", "TraceIdentificationCode")
    assert finding == "positions-missing" or not scan(path, keys).files[0].report.problems


def test_what_is_assumed_is_not_checked(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=[1, 1])
    index = scan(path, assume=io.Assume(interval=2.0))
    assert index.files[0].layout.interval == 2.0


def test_files_that_cannot_be_read(tmp_path):
    write(tmp_path / "a.segy", SourceX=[1])
    (tmp_path / "b.segy").write_text("not a record " * 1000)
    with pytest.raises(io.SegyError, match="b.segy"):
        scan(tmp_path)
    with pytest.warns(UserWarning, match="Left out: .*b.segy"):
        assert len(scan(tmp_path, mode="tolerant").files) == 1


def test_findings_of_a_file_are_summed_over_its_pieces(tmp_path, monkeypatch):
    path = write(tmp_path / "a.segy", SourceX=np.ones(9, int), SourceGroupScalar=[1, 82, 82, 1, 1, 1, 82, 82, 82])
    monkeypatch.setattr(scanning, "PIECE", 2)
    (found,) = [f for f in scan(path, mode="tolerant").files[0].report if f.value == "5 traces"]
    assert (found.name, found.offset) == ("scalar-odd", 3600 + 320 + 70)


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ({"SourceGroupScalar": 82}, "scalar-odd"),
        ({"CoordinateUnits": 2}, "coordinates-are-angles"),
        ({"SourceY": [0, 0, 7], "keys": ("SourceX",)}, "source-moves"),
    ],
)
def test_headers_that_contradict_themselves(tmp_path, words, finding):
    keys = words.pop("keys", ("SourceX", "SourceY"))
    path = write(tmp_path / "a.segy", SourceX=[1, 1, 1], **words)
    with pytest.raises(io.SegyError, match=finding):
        scan(path, keys)
    index = scan(path, keys, "tolerant")
    (found,) = [f for f in index.files[0].report if f.name == finding]
    assert found.problem
    assert finding in index.report


def test_lengths_and_intervals_of_single_traces(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=np.ones(100, int))
    raw = bytearray(path.read_bytes())
    at = 3600 + 57 * (240 + 80) + 114
    raw[at : at + 4] = bytes([0, 19, 0, 7])
    path.write_bytes(raw)
    assert {"samples-disagree", "interval-disagrees"} <= set(scan(path, mode="tolerant").files[0].report.names)
    with pytest.raises(io.SegyError, match=f"byte {at}"):
        scan(path)


def test_save_load_and_change(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=[1, 1, 2])
    index = scan(path)
    index.save(tmp_path / "index.npz")
    back = io.ShotIndex.load(tmp_path / "index.npz")
    assert str(back) == str(index)
    for name in ("sources", "receivers", "delays", "trace_starts", "runs", "run_starts"):
        np.testing.assert_array_equal(getattr(back, name), getattr(index, name))
    assert back.files == index.files
    write(path, SourceX=[1, 1, 2])
    with pytest.raises(io.StaleIndexError, match="a.segy changed .* scan again"):
        io.ShotIndex.load(tmp_path / "index.npz")
    path.unlink()
    with pytest.raises(io.StaleIndexError):
        io.ShotIndex.load(tmp_path / "index.npz")
    whole = (tmp_path / "index.npz").read_bytes()
    for damaged in (b"nothing", whole[: len(whole) // 2], whole[:200] + bytes(300) + whole[500:]):
        (tmp_path / "index.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match="an index that"):
            io.ShotIndex.load(tmp_path / "index.npz")


def test_a_kept_index_is_used_while_it_holds(tmp_path, monkeypatch):
    path, kept = write(tmp_path / "a.segy", SourceX=[1, 1, 2]), tmp_path / "index.npz"
    assert len(scan(path, index=kept)) == 2
    with monkeypatch.context() as m:
        m.setattr(scanning, "_scan", None)
        assert len(scan(path, index=kept)) == 2
    assert len(scan(path, ("FieldRecord",), "tolerant", index=kept)) == 1  # something else was asked
    write(path, SourceX=[1, 2, 3])
    assert len(scan(path, index=kept)) == 3


def test_a_survey_as_it_was_written(tmp_path):
    shots = survey()
    for i in range(4):
        io.write_shots(tmp_path / f"shot {i}.segy", shots[i])
    index = scan(tmp_path)
    assert (len(index), index.traces, len(index.files)) == (4, 14, 4)
    np.testing.assert_array_equal(index.sources[:, [0, 2]], positions(shots.sources))
    np.testing.assert_array_equal(index.receivers[:, [0, 2]], positions(shots.receivers))
    assert "4 shots, 14 traces (2 to 5 a shot) in 4 files" in str(index)
    assert f"{TIME.size} samples of 4 ms" in str(index)


def test_nothing_to_scan(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"\.segy"):
        scan(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        scan(tmp_path / "no such folder")


def test_bad_arguments(tmp_path):
    path = write(tmp_path / "a.segy", SourceX=[1])
    nowhere = tmp_path / "no folder" / "index.npz"
    bad = [({"mode": "lenient"}, "strict"), ({"grouping": "all"}, "runs"), ({"threads": 0}, "threads")]
    for options, message in (*bad, ({"index": nowhere}, "a folder that exists")):
        with pytest.raises(ValueError, match=message):
            scan(path, **options)
    with pytest.raises(ValueError, match="Is it SourceX"):
        scan(path, ("sourcex",))


def test_the_progress_bar_counts_traces(tmp_path, capsys):
    io.scan(write(tmp_path / "a.segy", SourceX=[1, 1, 2]))
    assert "3/3" in capsys.readouterr().err


def test_a_file_without_traces(tmp_path):
    with io.SegyWriter(tmp_path / "a.segy", TIME):
        pass
    index = scan(tmp_path / "a.segy", mode="tolerant")
    assert len(index) == 0
    assert "0 shots" in str(index)
    with pytest.raises(ValueError, match="at least one shot"):
        io.SegyShots(index)
    assert isinstance(TIME, js.TimeAxis)
