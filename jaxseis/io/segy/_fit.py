"""Where traces begin and how long they are: the guess that explains the file best.

The right guess leaves no bytes over, and finds trace headers that agree with each other wherever it looks. A wrong one
finds samples there. Where no guess fits, the traces may differ in length, and each header says how long its own is.
"""

from dataclasses import replace

import numpy as np

from jaxseis.io.blob import Blob
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy._contradictions import report_contradictions, report_varied
from jaxseis.io.segy._evidence import ALIKE, Evidence, find_evidence
from jaxseis.io.segy._guess import Guess, guesses
from jaxseis.io.segy._traces import Traces, walk
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BinaryHeader
from jaxseis.io.segy.fields import HEADER_BYTES
from jaxseis.io.segy.findings import Report, fatal
from jaxseis.io.segy.samples import SampleFormat
from jaxseis.io.segy.text import TEXT_BYTES, is_text


def fit_traces(
    blob: Blob,
    header: BinaryHeader,
    revision: tuple[int, int],
    fmt: SampleFormat,
    assume: Assume,
    report: Report,
) -> Traces:
    """The traces of a file, by the best guess; what contradicts it goes into ``report``."""
    found = list(guesses(blob, header, revision, fmt, assume, report))
    after = header.offset + bh.BINARY_BYTES
    if not found and blob.size == after:
        return _without_traces(Guess(0, after, after, HEADER_BYTES, 0, fmt.bytes, declared=True), report)
    if not found:
        raise fatal(
            report,
            "samples-missing",
            f"a number of samples at byte {bh.SAMPLES} or in the first trace header",
            "zeros, or more than the file can hold",
            "Write assume=Assume(samples=...).",
        )
    if max(g.count for g in found) == 0:
        return _without_traces(found[0], report)
    ranked = [(rank(g, e), g, e) for g in found if g.count for e in [find_evidence(blob, g, header.order)]]
    # the first of equals: declared ones come first
    best, guess, evidence = max(ranked, key=lambda r: (r[0], _texts_are_text(blob, header, r[1]), r[2].alike))
    if best < EXACT and assume.samples is None:
        varied = walk(blob, found, header.order, nothing_else=best <= HOPELESS)
        if varied is not None:
            report_varied(varied, blob, header, revision, report)
            return varied
    if best <= HOPELESS and assume.samples is None:
        raise fatal(
            report,
            "trace-size",
            "traces that fill the file, or headers that agree with each other",
            f"neither with {' or '.join(sorted({str(g.samples) for g in found}))} samples of {fmt.bytes} bytes",
            "Is it a SEG-Y file? If you know the number of samples, write assume=Assume(samples=...).",
        )
    guess, evidence = _without_tail(blob, guess, evidence, header.order)
    report_contradictions(guess, evidence, blob, header, revision, assume, report)
    return Traces(
        guess.extended, guess.first, guess.header_bytes, guess.samples, fmt.bytes, guess.count, evidence.heads
    )


HOPELESS, EXACT = 1, 4
SIMILAR = 0.5  # share of the bytes of trace headers that stay from one to the next: of samples hardly any do


def rank(guess: Guess, evidence: Evidence) -> int:
    """How well a guess explains the file, 1 to 6; from EXACT on it fills the file and headers do not object."""
    alike = evidence.alike >= ALIKE
    confirmed = alike and evidence.samples == guess.samples
    if guess.left == 0:
        if not alike:
            return 2 if guess.declared and evidence.similar > SIMILAR else 1
        return 6 if confirmed else 4 if evidence.silent else 5
    if confirmed and (guess.count > 1 or guess.declared):
        return 3
    return 2 if alike and guess.count > 2 and (guess.declared or not evidence.silent) else 1


def _texts_are_text(blob: Blob, header: BinaryHeader, guess: Guess) -> bool:
    """Whether what lies before and after the traces is text, as it should be."""
    before = range(header.offset + bh.BINARY_BYTES, guess.first, TEXT_BYTES)
    after = range(guess.end, blob.size, TEXT_BYTES)
    return all(is_text(blob.read(at, TEXT_BYTES)) for at in (*before, *after))


def _without_tail(blob: Blob, guess: Guess, evidence: Evidence, order: str) -> tuple[Guess, Evidence]:
    """The guess without what is as long as traces at the end, but has no header like theirs."""
    count = guess.count
    while count > 2 and not evidence.silent and _is_stranger(blob, guess, count - 1, evidence, order):
        count -= 1
    if count == guess.count:
        return guess, evidence
    shorter = replace(guess, traces=count)
    return shorter, find_evidence(blob, shorter, order)


def _is_stranger(blob: Blob, guess: Guess, trace: int, evidence: Evidence, order: str) -> bool:
    head = blob.read(guess.first + trace * guess.stride, HEADER_BYTES)
    samples, interval = (int(v) for v in head[114:118].view(f"{order}u2"))
    unlike = evidence.alike >= ALIKE and samples != evidence.samples and interval != evidence.interval
    return unlike and bool(guess.left or head.any())


def _without_traces(guess: Guess, report: Report) -> Traces:
    none, rest = np.zeros((0, HEADER_BYTES), np.uint8), guess.end - guess.first
    if rest:
        expected, remedy = f"a trace of {guess.samples} samples", "Write assume=Assume(samples=...) if it is shorter."
        raise fatal(report, "no-traces", expected, f"{rest} bytes after the headers", remedy)
    report.problem("no-traces", guess.first, "nothing after the headers", "no trace is read")
    return Traces(guess.extended, guess.first, guess.header_bytes, guess.samples, guess.sample_bytes, 0, none)
