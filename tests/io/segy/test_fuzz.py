"""Headers damaged at random: the samples of the sound file, a finding, or a SegyError; nothing else, ever."""

from dataclasses import dataclass

import numpy as np
import pytest
from helpers.segy_files import BINARY_FIELDS, SAMPLES, TRACE_FIELDS, SegyFile, build, first_trace, random_samples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jaxseis import io

WHOLE = random_samples(6, 7, 50, 100, 1.0)
SOUND = {
    "revision 1": SegyFile(),
    "revision 0, IBM": SegyFile(revision=(0, 0), code=1),
    "revision 2.1, little-endian": SegyFile(revision=(2, 1), order="<", extended=("((SEG: One))",)),
    "revision 2.0, more headers": SegyFile(revision=(2, 0), extra_headers=1, binary={"TraceCount": 7}),
    "16 bits": SegyFile(samples=WHOLE, code=3, extended=("((SEG: One))", "more")),
    "24 bits": SegyFile(samples=WHOLE, code=7, revision=(2, 1)),
}
BYTES = {name: build(file) for name, file in SOUND.items()}
SMALL = (0, 1, 2, 3, 5, 6, 7, 8, 10, 17, 49, 50, 51, 94, 100, 255, 256, 440, 462, 1280, 2000, 3600, 4000, 32767)
NUMBERS = (*SMALL, 32768, 40000, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, -1, -2, -7, -32768)
SAME_WIDTH = ((1, 2, 4, 5, 10), (3, 11), (7, 15))  # only the samples tell these formats apart
FUZZ = settings(
    derandomize=True, database=None, deadline=None, max_examples=100, phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Edit:
    """At an offset, some bytes are lost and new ones stand there."""

    offset: int
    lost: int
    new: bytes

    def __call__(self, data: bytes) -> bytes:
        return data[: self.offset] + self.new + data[self.offset + self.lost :]


def number(file, kind, value, offset):
    """A number of the header written over."""
    new = np.array(value).astype(file.order + kind).tobytes()
    return Edit(offset, len(new), new)


@st.composite
def damaged_headers(draw):
    """One or two numbers of the binary header, or of trace headers, changed."""
    name = draw(st.sampled_from(list(SOUND)))
    file, places = SOUND[name], [*BINARY_FIELDS, "TRACE_SAMPLE_COUNT", "TRACE_SAMPLE_INTERVAL"]
    fields = draw(st.lists(st.sampled_from(places), min_size=1, max_size=2, unique=True))
    edits = []
    for field in fields:
        value = draw(st.sampled_from(NUMBERS))
        byte, kind = (BINARY_FIELDS | TRACE_FIELDS)[field]
        if field in TRACE_FIELDS and "Interval" not in fields:  # two that agree cannot be told from the truth
            starts = header_offsets(name, draw(st.sampled_from([[0], [3], [6], range(7)])))
            edits += [number(file, kind, value, start + byte - 1) for start in starts]
        elif field in BINARY_FIELDS and not (field == "Format" and confusable(file, value)):
            edits.append(number(file, kind, value, byte - 1))
    return name, edits


def header_offsets(name, traces):
    first = first_trace(SOUND[name])
    return [first + i * (len(BYTES[name]) - first) // 7 for i in traces]


def confusable(file, value):
    """Whether another format is of the same width, so that nothing but the samples can contradict it."""
    return any({file.code, value} <= set(codes) for codes in SAME_WIDTH)


@st.composite
def damaged_bytes(draw):
    """Some bytes overwritten where the layout of the file is told, the format left alone."""
    start, size = draw(st.sampled_from([(3212, 12), (3226, 4), (3268, 12), (3296, 4), (3500, 12), (3512, 20)]))
    new = draw(st.binary(min_size=1, max_size=size))
    return draw(st.sampled_from(list(SOUND))), [Edit(start, len(new), new)]


@st.composite
def damaged_sizes(draw):
    """Some bytes lost at the end, or lost or added anywhere, but no whole traces in the middle."""
    name = draw(st.sampled_from(list(SOUND)))
    at = draw(st.integers(0, len(BYTES[name])))
    lost = draw(st.one_of(st.just(len(BYTES[name])), st.just(0), st.integers(1, 200)))
    return name, [Edit(at, lost, b"" if lost else draw(st.binary(min_size=1, max_size=200)))]


def read(path, mode):
    """Samples, source positions, interval and report of a file, or None where a SegyError is raised that names it."""
    try:
        with io.open_segy(path, mode=mode) as file:
            return file.traces(slice(0, len(file))), file.header("SourceX"), file.layout.interval, file.report
    except io.SegyError as error:
        return None if str(path) in str(error) else pytest.fail(f"no path in: {error}")


def check(name, edits, mode, path):
    """Read the damaged bytes: sane whatever happens, and right if nothing is reported."""
    file, data = SOUND[name], BYTES[name]
    for edit in edits:
        data = edit(data)
    path.write_bytes(data)
    if result := read(path, mode):
        samples, positions, interval, report = result
        assert samples.ndim == 2
        assert len(positions) == len(samples)
        assert samples.nbytes <= 8 * len(data)
        assert all(0 <= finding.offset <= len(data) for finding in report), report
        if not report.names:
            assert len(samples) == 7 or len(data) < len(BYTES[name])  # whole traces lost at the end are not missed
            np.testing.assert_array_equal(samples, file.samples[: len(samples)])
            assert interval == file.interval / 1000


@pytest.mark.parametrize("mode", ["strict", "tolerant"])
@pytest.mark.parametrize("damage", [damaged_headers, damaged_bytes, damaged_sizes], ids=lambda f: f.__name__)
def test_nothing_is_silently_wrong(damage, mode, tmp_path):
    @FUZZ
    @given(damage())
    def run(example):
        check(*example, mode, tmp_path / "damaged.segy")

    run()


@pytest.mark.parametrize("mode", ["strict", "tolerant"])
def test_bytes_of_anything(mode, tmp_path):
    """What is no SEG-Y file at all, with and without a sound beginning."""
    sound, path = build(SegyFile(samples=SAMPLES[:0])), tmp_path / "anything.segy"

    @FUZZ
    @given(st.sampled_from([0, 3200, 3216, 3226, 3600]), st.binary(max_size=2000))
    def run(kept, rest):
        path.write_bytes(sound[:kept] + rest)
        if result := read(path, mode):
            assert result[0].nbytes <= 8 * path.stat().st_size
            assert result[-1].names or not rest

    run()
