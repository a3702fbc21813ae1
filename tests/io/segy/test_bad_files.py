"""Crafted files: the right samples, a finding, or an error that helps; in strict and in tolerant mode."""

import tracemalloc

import numpy as np
import pytest
from helpers.segy_cases import CASES, NOTHING, READS, REFUSES, SOMETHING
from helpers.segy_files import SAMPLES, SegyFile, build, cards

from jaxseis import io

MODES = ("strict", "tolerant")
REMEDIES = ("mode=", "assume=", "Assume(", "Is ", "is ")


def read(path, mode, keys=(), **more):
    """Everything a user may ask of a file."""
    with io.open_segy(path, mode=mode, **more) as file:
        samples = file.traces(slice(0, len(file)))
        headers = {key: file.header(key) for key in ("SourceX", "GroupY", "SourceDepth", "FieldRecord", *keys)}
        return samples, headers, file.layout, file.report


def attempt(action):
    """What an action returns, and the SegyError it raises: one of them None."""
    try:
        return action(), None
    except io.SegyError as error:
        return None, error


@pytest.fixture
def path(tmp_path):
    return tmp_path / "crafted.segy"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("mode", MODES)
def test_each_file_is_read_rightly_or_refused(name, mode, path):
    case = CASES[name]
    path.write_bytes(case.data)
    result, error = attempt(lambda: read(path, mode, case.headers))
    assert getattr(case, mode) != (READS if error else REFUSES), error or result[-1]
    if error:
        assert_it_helps(error, path)
    else:
        assert_it_is_right(case, *result)
        assert_it_is_reported(case, result[-1], path)


def assert_it_is_right(case, samples, headers, layout, report):
    assert samples.shape == (layout.count, layout.samples), report
    if case.samples is not None:
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(samples.astype("f4"), case.samples.astype("f4"), err_msg=str(report))
    if case.intervals:
        assert layout.interval in [pytest.approx(interval, rel=1e-12) for interval in case.intervals], report
    for key, values in case.headers.items():
        np.testing.assert_allclose(headers[key], np.broadcast_to(values, layout.count), rtol=1e-15, err_msg=key)


def assert_it_is_reported(case, report, path):
    assert case.report != SOMETHING or report.names
    assert case.report != NOTHING or not any(finding.problem for finding in report), report
    for finding in report:
        assert 0 <= finding.offset <= path.stat().st_size, finding
        assert finding.name in str(report)
        assert f"byte {finding.offset}" in str(report)


def assert_it_helps(error, path):
    assert str(path) in str(error)
    assert any(remedy in str(error) for remedy in REMEDIES), error


@pytest.mark.parametrize("mode", MODES)
def test_memory_is_a_small_multiple_of_the_file(mode, path):
    """Whatever the headers promise: 2^31 samples, 32767 texts, 2^64 - 1 traces."""
    for name, case in CASES.items():
        if case.strict == READS:
            continue
        path.write_bytes(case.data)
        tracemalloc.start()
        attempt(lambda: read(path, mode))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * path.stat().st_size + 2**20, name


def test_a_strict_error_lists_the_findings_of_the_tolerant_report(path):
    path.write_bytes(build(SegyFile(binary={"Interval": 4000}, trailer=bytes(100))))
    *_, report = read(path, "tolerant")
    with pytest.raises(io.SegyError) as error:
        read(path, "strict")
    for finding in report:
        assert not finding.problem or finding.name in str(error.value)
        assert not finding.problem or f"byte {finding.offset}" in str(error.value)


@pytest.mark.parametrize("encoding", ["cp037", "ascii"])
def test_text_is_decoded(encoding, path):
    more = ["((SEG: One))", "2"]
    text = cards("CLIENT: NOBODY", "x (y) <z> + 1 = 2; %")
    path.write_bytes(build(SegyFile(text=text, encoding=encoding, extended=more)))
    with io.open_segy(path) as file:
        lines = file.text.splitlines()
        assert lines[0] == "C 1 CLIENT: NOBODY"
        assert lines[1] == "C 2 x (y) <z> + 1 = 2; %"
        assert [text.strip() for text in file.extended_text] == more


DTYPES = {1: "f4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 7: "i4", 8: "i1", 9: "i8"}
DTYPES |= {10: "u4", 11: "u2", 12: "u8", 15: "u4", 16: "u1"}


@pytest.mark.parametrize("code", DTYPES)
def test_samples_come_in_their_native_type(code, path):
    path.write_bytes(CASES[f"format {code}"].data)
    with io.open_segy(path) as file:
        assert file.layout.format.code == code
        assert file.traces(slice(0, 2)).dtype == DTYPES[code]


EXTREMES = {2: (-(2**31), 2**31 - 1), 3: (-(2**15), 2**15 - 1), 7: (-(2**23), 2**23 - 1), 8: (-128, 127)}
EXTREMES |= {9: (-(2**63), 2**63 - 1), 10: (0, 2**32 - 1), 11: (0, 65535), 12: (0, 2**64 - 1), 15: (0, 2**24 - 1)}
EXTREMES |= {16: (0, 255)}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", EXTREMES)
def test_the_largest_numbers(code, order, path):
    samples = np.array([EXTREMES[code]] * 3, "u8" if code in (10, 11, 12, 15, 16) else "i8")
    path.write_bytes(build(SegyFile(samples=samples, code=code, order=order, revision=(2, 0))))
    np.testing.assert_array_equal(read(path, "strict")[0], samples)


def test_ibm_numbers_of_every_size(path):
    """Nine decades below and above one, with every number of leading zero bits in the first digit."""
    samples = np.outer([1, -1, 3, 5, -11, 2**20 - 1], 2.0 ** np.arange(-110, 100))
    path.write_bytes(build(SegyFile(samples=samples, code=1)))
    np.testing.assert_array_equal(read(path, "strict")[0], samples)


SOME = [slice(2, 5), slice(None, None, 2), slice(5, None, -2), [4, 0, 3], [5], []]


@pytest.mark.parametrize("traces", SOME, ids=str)
@pytest.mark.parametrize("name", ["format 1", "format 7 little-endian", "2 more trace headers", "cut by one byte"])
def test_some_traces(name, traces, path):
    case = CASES[name]
    path.write_bytes(case.data)
    with io.open_segy(path, mode="tolerant") as file:
        x = np.array([400.0] * 4 + [450.0] * 3)[: len(file)]
        np.testing.assert_array_equal(file.traces(traces), case.samples[traces].reshape(-1, 50))
        np.testing.assert_array_equal(file.header("SourceX", traces), x[traces])


@pytest.mark.parametrize("traces", [[7], [-8], [0, 100]], ids=str)
def test_traces_beyond_the_end(traces, path):
    path.write_bytes(build(SegyFile()))
    with io.open_segy(path) as file:
        with pytest.raises(IndexError, match="traces: expected numbers from 0 to 6"):
            file.traces(traces)
        with pytest.raises(IndexError, match="traces: expected numbers from 0 to 6"):
            file.header("SourceX", traces)


ASSUMED = {
    "samples: both 0": {"samples": 50},
    "samples: both 40": {"samples": 50},
    "samples: binary 10, which divides the file too": {"samples": 50},
    "interval: both 0": {"interval": 2.0},
    "interval: binary 4000": {"interval": 2.0},
    "interval: both -2000": {"interval": 2.0},
    "format said to be 0": {"format": 5},
    "format said to be 99": {"format": 5},
    "IEEE said to be IBM": {"format": 5},
    "little-endian, revision 0": {"byte_order": "little"},
    "format said to be 0, little-endian": {"byte_order": "little", "format": 5},
}


@pytest.mark.parametrize("name", ASSUMED)
@pytest.mark.parametrize("mode", MODES)
def test_what_the_caller_says_is_believed(name, mode, path):
    case = CASES[name]
    path.write_bytes(case.data)
    with io.open_segy(path, mode=mode, assume=io.Assume(**ASSUMED[name])) as file:
        samples = case.samples if case.samples is not None else case.file.samples
        np.testing.assert_array_equal(file.traces(slice(0, len(file))), samples.astype("f4"))
        assert file.layout.interval == 2.0


WRONG = [{"samples": n} for n in (3, 10, 10**12)] + [{"format": 6}, {"byte_order": "little"}, {"interval": 3.0}]


@pytest.mark.parametrize("assumed", WRONG, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_assumption_is_not_taken_in_silence(assumed, mode, path):
    path.write_bytes(build(SegyFile()))
    result, error = attempt(lambda: read(path, mode, assume=io.Assume(**assumed)))
    if error:
        assert_it_helps(error, path)
    else:
        assert result[-1].names
        assert result[0].nbytes <= 2 * path.stat().st_size


def test_the_time_axis(path):
    path.write_bytes(build(SegyFile(interval=1500)))
    with io.open_segy(path) as file:
        assert (file.time.size, file.time.step) == (50, 1.5)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="nothing.segy"):
        io.open_segy(tmp_path / "nothing.segy")


def test_a_folder(tmp_path):
    with pytest.raises(OSError, match=tmp_path.name):
        io.open_segy(tmp_path)


@pytest.mark.parametrize("mode", ["lenient", "", None, 1], ids=str)
def test_unknown_modes(mode, path):
    path.write_bytes(build(SegyFile()))
    with pytest.raises(ValueError, match="mode: expected .*strict.*tolerant"):
        io.open_segy(path, mode=mode)


def test_unknown_words_of_the_header(path):
    path.write_bytes(build(SegyFile()))
    with io.open_segy(path) as file, pytest.raises(ValueError, match="SourceX"):
        file.header("sourcex")


def test_a_file_that_shrinks_while_it_is_open(path, monkeypatch):
    monkeypatch.setattr("jaxseis.io.blob.SMALL", 0)  # small files are read when they are opened
    path.write_bytes(build(SegyFile()))
    with io.open_segy(path) as file:
        with open(path, "r+b") as out:
            out.truncate(4000)
        with pytest.raises((io.SegyError, OSError), match="crafted.segy"):
            file.traces(slice(0, 7))
        with pytest.raises(OSError, match="changed while it was read"):
            file.header("SourceX")


def test_reading_leaves_the_file_as_it_was(path):
    data = build(SegyFile(binary={"Interval": 0}))
    path.write_bytes(data)
    np.testing.assert_array_equal(read(path, "tolerant")[0], SAMPLES.astype("f4"))
    assert path.read_bytes() == data
