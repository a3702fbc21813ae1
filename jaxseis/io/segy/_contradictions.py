"""What the chosen guess contradicts, word by word."""

from jaxseis.io.blob import Blob
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy._evidence import ALIKE, Evidence
from jaxseis.io.segy._guess import Guess, announced_extensions, ends_the_texts, long_samples
from jaxseis.io.segy._traces import Traces
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BinaryHeader
from jaxseis.io.segy.fields import HEADER_BYTES
from jaxseis.io.segy.findings import Report
from jaxseis.io.segy.text import TEXT_BYTES


def report_contradictions(
    guess: Guess,
    evidence: Evidence,
    blob: Blob,
    header: BinaryHeader,
    revision: tuple[int, int],
    assume: Assume,
    report: Report,
) -> None:
    _report_samples(guess, evidence, header, revision, assume, report)
    _report_extended(guess, blob, header, revision, report)
    if guess.left:
        at = guess.first + guess.count * guess.stride
        tail = blob.read(at, HEADER_BYTES)
        cut = tail.size == HEADER_BYTES and tail[114:118].tobytes() == evidence.heads[-1, 114:118].tobytes()
        name = "truncated-trace" if cut and not evidence.silent else "trailing-bytes"
        report.problem(name, at, f"{guess.left} bytes after {guess.count} whole traces", "they are not read")
    if revision >= (2, 0):
        _report_revision_two(guess, blob, header, revision, report)


def _report_samples(
    guess: Guess, evidence: Evidence, header: BinaryHeader, revision: tuple[int, int], assume: Assume, report: Report
) -> None:
    if assume.samples is not None:
        report.note(
            "samples-given", header.at(bh.SAMPLES), header.whole(bh.SAMPLES, "u2"), f"{assume.samples}, as told"
        )
        return
    binary, at = header.whole(bh.SAMPLES, "u2"), header.at(bh.SAMPLES)
    long = long_samples(header, revision)
    if guess.samples != (long or binary):
        name = "samples-missing" if binary == 0 else "samples-disagree"
        report.problem(name, at, binary, f"{guess.samples} samples, which fits the file")
    first = guess.first + 114
    if evidence.alike < ALIKE:
        report.problem("trace-headers-differ", first, "no common number of samples", f"{guess.samples} samples")
    elif evidence.samples not in (0, guess.samples) and guess.samples < 2**16:
        report.problem("samples-disagree", first, f"{evidence.samples} in trace headers", f"{guess.samples} samples")
    elif evidence.samples == 0:
        report.note("samples-missing", first, "0 in trace headers", f"{guess.samples} samples")
    elif evidence.alike < 1:
        report.problem("trace-headers-differ", first, "some have other numbers of samples", f"{guess.samples} samples")


def _report_extended(guess: Guess, blob: Blob, header: BinaryHeader, revision: tuple[int, int], report: Report) -> None:
    declared, at = header.whole(bh.EXTENDED_HEADERS, "i2"), header.at(bh.EXTENDED_HEADERS)
    if revision >= (2, 0) and header.whole(bh.FIRST_TRACE, "u8") == guess.first:
        return  # this word overrides the number of texts
    if declared == -1 and guess.extended and not ends_the_texts(blob.read(guess.first - TEXT_BYTES, TEXT_BYTES)):
        report.problem("extended-headers-unended", at, "no ((SEG: EndText))", f"{guess.extended}, which fits the file")
    if declared == guess.extended or (declared == -1 and revision >= (1, 0) and guess.extended):
        if declared > 0 and revision < (1, 0):
            report.problem(
                "extended-headers-early", at, f"{declared} in revision 0", f"{declared}, which fits the file"
            )
        return
    if declared != 0 or guess.extended:
        report.problem(
            "extended-headers-disagree", at, f"{declared} announced", f"{guess.extended}, which fits the file"
        )


def _report_revision_two(
    guess: Guess, blob: Blob, header: BinaryHeader, revision: tuple[int, int], report: Report
) -> None:
    traces, extensions = header.whole(bh.TRACE_COUNT, "u8"), announced_extensions(header, revision)
    first, trailers = header.whole(bh.FIRST_TRACE, "u8"), header.whole(bh.TRAILERS, "i4")
    constant = header.whole(bh.ENDIAN, "u4")
    if constant not in (0, bh.ENDIAN_CONSTANT):
        report.problem("endian-constant", header.at(bh.ENDIAN), f"{constant:#010x}", "byte order of the sample format")
    if first not in (0, guess.first):
        report.problem("first-trace-disagrees", header.at(bh.FIRST_TRACE), first, f"{guess.first}, which fits the file")
    if trailers != -1 and trailers * TEXT_BYTES != blob.size - guess.end:
        taken = (blob.size - guess.end) // TEXT_BYTES
        report.problem("trailers-disagree", header.at(bh.TRAILERS), f"{trailers} announced", f"{taken}")
    if traces not in (0, guess.count):
        report.problem("trace-count-disagrees", header.at(bh.TRACE_COUNT), traces, f"{guess.count} traces")
    if extensions != guess.header_bytes // HEADER_BYTES - 1:
        taken = guess.header_bytes // HEADER_BYTES - 1
        report.problem(
            "header-extensions-missing", header.at(bh.TRACE_HEADER_EXTENSIONS), f"{extensions} announced", f"{taken}"
        )


def report_varied(traces: Traces, blob: Blob, header: BinaryHeader, revision: tuple[int, int], report: Report) -> None:
    """What is to be said about traces of different lengths, which revisions 1 and 2 allow unless a flag denies them."""
    lengths = [traces.place(i)[1] for i in range(traces.count)]
    allowed = revision >= (1, 0) and header.whole(bh.FIXED_LENGTH, "i2") == 0
    (report.note if allowed else report.problem)(
        "trace-lengths-vary",
        traces.first + 114,
        f"{min(lengths)} to {max(lengths)} samples",
        "each trace has the length that its header says; shorter ones are filled with zeros",
    )
    if header.whole(bh.SAMPLES, "u2") == 0:
        report.problem("samples-missing", header.at(bh.SAMPLES), 0, "the trace headers'")
    at, samples = traces.place(traces.count - 1)
    end = at + traces.header_bytes + samples * traces.sample_bytes
    if end < blob.size:
        report.problem("truncated-trace", end, f"{blob.size - end} bytes", "they are not read")
