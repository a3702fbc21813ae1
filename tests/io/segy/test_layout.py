"""Kinds of files that are right in an uncommon way."""

import numpy as np
import pytest
from helpers.segy_files import SegyFile, build, random_samples

from jaxseis import io


def put(raw, at, kind, value):
    """The bytes with a word of the standard, counted from one, replaced."""
    word = np.array(value, kind).tobytes()
    return raw[: at - 1] + word + raw[at - 1 + len(word) :]


def opened(tmp_path, raw, mode="tolerant"):
    (tmp_path / "a.segy").write_bytes(raw)
    return io.open_segy(tmp_path / "a.segy", mode)


def test_an_unknown_later_revision_and_counts_in_no_trace_header(tmp_path):
    samples = random_samples(0, 5, 4)
    raw = build(SegyFile(samples=samples))
    raw = put(put(raw, 3501, "u1", 0xDA), 3502, "u1", 0xD9)
    raw = put(put(raw, 3221, ">u2", 65525), 3269, ">u4", 4)
    for trace in range(5):
        raw = put(raw, 3601 + 256 * trace + 114, ">u2", 65500 - trace)
    with opened(tmp_path, raw) as f:
        np.testing.assert_array_equal(f.traces(), samples)
        assert {"revision-unknown", "samples-disagree", "trace-headers-differ"} <= set(f.report.names)


def test_headers_alone_can_be_read(tmp_path):
    raw = build(SegyFile(samples=random_samples(0, 1, 4)))[:3600]
    for samples in (0, 4):
        with opened(tmp_path, put(raw, 3221, ">u2", samples)) as f:
            assert (len(f), f.samples, f.traces().shape) == (0, samples, (0, samples))
            assert "NOWHERE" in f.text
            assert "no-traces" in f.report.names
    with pytest.raises(io.SegyError, match="no-traces"):
        opened(tmp_path, raw, "strict")


@pytest.mark.parametrize(("pair", "revision"), [((0, 1), (1, 0)), ((0, 2), (2, 0)), ((1, 2), (2, 1))])
def test_revisions_stored_as_little_endian_words(tmp_path, pair, revision):
    raw = build(SegyFile(samples=random_samples(0, 5, 40), order="<", revision=revision))
    raw = put(put(raw, 3501, "u1", pair[0]), 3502, "u1", pair[1])
    with opened(tmp_path, raw) as f:
        assert f.layout.revision == revision
        assert "revision-unknown" not in f.report.names
        np.testing.assert_array_equal(f.traces(), random_samples(0, 5, 40))


def test_long_traces_of_passcal_recorders(tmp_path):
    samples = random_samples(1, 2, 40_000)
    raw = build(SegyFile(samples=samples))
    raw = put(raw, 3221, ">u2", 32767)
    for trace in range(2):
        at = 3601 + (240 + 4 * 40_000) * trace
        raw = put(put(raw, at + 114, ">u2", 32767), at + 228, ">i4", 40_000)
    with opened(tmp_path, raw) as f:
        np.testing.assert_array_equal(f.traces(), samples)
        assert "samples-disagree" in f.report.names


def test_traces_of_different_lengths_are_allowed_where_the_flag_says_so(tmp_path):
    parts = []
    for trace, n in enumerate((10, 25, 17)):
        whole = build(SegyFile(samples=random_samples(trace, 1, n)))
        parts.append(whole if trace == 0 else whole[3600:])
    raw = put(b"".join(parts), 3503, ">i2", 0)
    with opened(tmp_path, raw, "strict") as f:
        assert f.layout.lengths.tolist() == [10, 25, 17]
        read = f.traces()
        for trace, n in enumerate((10, 25, 17)):
            np.testing.assert_array_equal(read[trace, :n], random_samples(trace, 1, n)[0])
            assert not read[trace, n:].any()
        np.testing.assert_array_equal(f.traces([2, 0]), read[[2, 0]])
    index = io.scan(tmp_path / "a.segy", show=False)
    index.save(tmp_path / "index.npz")
    again = io.SegyShots(io.ShotIndex.load(tmp_path / "index.npz"))
    np.testing.assert_array_equal(again.traces[0].T, read)
