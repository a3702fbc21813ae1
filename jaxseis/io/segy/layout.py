"""How a file is to be read: byte order, revision, sample format, where traces begin and how long they are.

Files contradict the standard and themselves, so that nothing is taken from one word alone. Byte order follows from
the sample format, which is valid in one order only. What revision 2 added is looked at only where the
revision says so: older writers leave anything in those bytes. Lengths are settled in ``_fit.py`` against the size of
the file, the sampling interval in ``_interval.py``. Every decision that contradicts a word of the file is a finding.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxseis.io.blob import Blob
from jaxseis.io.segy import _interval
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy._fit import fit_traces
from jaxseis.io.segy._traces import Traces
from jaxseis.io.segy.assume import ORDERS, Assume
from jaxseis.io.segy.binary_header import BinaryHeader
from jaxseis.io.segy.findings import Report, fatal
from jaxseis.io.segy.samples import FORMATS, REFUSED, SampleFormat, looks_like
from jaxseis.io.segy.text import TEXT_BYTES, is_text

FILE_HEADERS = TEXT_BYTES + bh.BINARY_BYTES
LABEL_BYTES = 128
SAMPLED = 16  # traces looked at for the sample format


@dataclass(frozen=True)
class Layout:
    """Where everything in a file is.

    Attributes:
        start: byte at which the textual header begins: 128 after a tape label.
        order: byte order of NumPy, ">" (big-endian) or "<".
        revision: (major, minor) of the standard.
        format: the sample format.
        samples: samples of a trace, of the longest one where they differ.
        interval: sampling interval, ms.
        extended: number of extended textual headers.
        first: byte of the first trace.
        header_bytes: of the header of a trace, its extensions included.
        count: number of whole traces.
        feet: whether positions are in feet.
        offsets: byte of each trace, where lengths vary; else None.
        lengths: samples of each trace, where lengths vary; else None.
    """

    start: int
    order: str
    revision: tuple[int, int]
    format: SampleFormat
    samples: int
    interval: float
    extended: int
    first: int
    header_bytes: int
    count: int
    feet: bool
    offsets: np.ndarray | None = None
    lengths: np.ndarray | None = None

    @property
    def byte_order(self) -> str:
        """ "big" or "little"."""
        return "big" if self.order == ">" else "little"

    def place(self, trace: int) -> tuple[int, int]:
        """The byte at which a trace begins, and its samples."""
        if self.offsets is not None and self.lengths is not None:
            return int(self.offsets[trace]), int(self.lengths[trace])
        return self.first + trace * self.stride, self.samples

    @property
    def trace_bytes(self) -> int:
        """Bytes of the samples of a trace."""
        return self.samples * self.format.bytes

    @property
    def stride(self) -> int:
        """Bytes from one trace to the next."""
        return self.header_bytes + self.trace_bytes


def find_layout(blob: Blob, assume: Assume, report: Report) -> Layout:
    """The layout of a file; every doubt goes into ``report``.

    Raises SegyError where no assumption makes the file readable.
    """
    start = _after_label(blob, report)
    raw = blob.read(start, FILE_HEADERS)
    if raw.size < FILE_HEADERS:
        expected, remedy = f"a file of at least {start + FILE_HEADERS} bytes", "Is it a SEG-Y file, and is it whole?"
        raise fatal(report, "size", expected, blob.size, remedy)
    header, fmt = _order_and_format(raw, start, assume, report)
    revision = _revision(header, report)
    found = fit_traces(blob, header, revision, fmt, assume, report)
    fmt = _labelled_format(blob, found, header, fmt, assume, report)
    layout = Layout(
        start=start,
        order=header.order,
        revision=revision,
        format=fmt,
        samples=found.samples,
        interval=_interval.interval(header, revision, found.heads, assume, report),
        extended=found.extended,
        first=found.first,
        header_bytes=found.header_bytes,
        count=found.count,
        feet=header.whole(bh.MEASUREMENT, "i2") == 2,
        offsets=found.offsets,
        lengths=found.lengths,
    )
    delays = np.ascontiguousarray(found.heads[:, 108:110]).view(f"{header.order}i2")
    if delays.any():
        report.note(
            "recording-delay", found.first + 108, f"{delays.min()} to {delays.max()} ms", "see DelayRecordingTime"
        )
    if layout.feet:
        report.note("feet", header.at(bh.MEASUREMENT), 2, "positions are converted to metres")
    return layout


def _after_label(blob: Blob, report: Report) -> int:
    label = blob.read(0, LABEL_BYTES)
    if label.size == LABEL_BYTES and label[4:6].tobytes() in (b"SY", "SY".encode("cp037")):
        report.note("tape-label", 0, "a storage unit label", f"headers begin at byte {LABEL_BYTES}")
        return LABEL_BYTES
    return 0


def _order_and_format(raw: np.ndarray, start: int, assume: Assume, report: Report) -> tuple[BinaryHeader, SampleFormat]:
    binary = raw[TEXT_BYTES:].tobytes()
    if binary[96:100] in (b"\2\1\4\3", b"\3\4\1\2"):
        swapped = "pairs of bytes swapped, which is not supported"
        raise fatal(
            report, "byte-order", "big- or little-endian", swapped, "Is there another copy? Swap them back first."
        )
    headers = [BinaryHeader(binary, order, start + TEXT_BYTES) for order in ORDERS.values()]
    if assume.byte_order is not None:
        headers = [h for h in headers if h.order == ORDERS[assume.byte_order]]
    codes = [h.whole(bh.FORMAT, "i2") for h in headers]
    for header, code in zip(headers, codes, strict=True):
        if code in FORMATS or code in REFUSED:
            _note_order(header, assume, report)
            return header, _format(header, code, assume, report)
    if assume.format is None:
        raise fatal(report, "format-unknown", _known_codes(), _codes_found(raw, codes), _remedy(raw))
    header = _by_interval(headers)
    _note_order(header, assume, report)
    return header, _format(header, header.whole(bh.FORMAT, "i2"), assume, report)


def _known_codes() -> str:
    return f"one of the sample formats {sorted(FORMATS)} at byte {bh.FORMAT} in one byte order"


def _codes_found(raw: np.ndarray, codes: list[int]) -> str:
    text = "; the file is text" if is_text(raw) else ""
    return f"the codes {' and '.join(map(str, codes))}{text}"


def _remedy(raw: np.ndarray) -> str:
    if is_text(raw):
        return "Is it a SEG-Y file?"
    return "If it is a SEG-Y file and you know the format, write assume=Assume(format=5), or 1 for IBM."


def _format(header: BinaryHeader, code: int, assume: Assume, report: Report) -> SampleFormat:
    if assume.format is not None:
        report.note("format-given", header.at(bh.FORMAT), code, f"format {assume.format}, as told")
        return FORMATS[assume.format]
    if code in REFUSED:
        remedy = "Write assume=Assume(format=...) if the code is wrong."
        raise fatal(report, "format-unsupported", _known_codes(), f"{code}, {REFUSED[code]}", remedy)
    return FORMATS[code]


def _by_interval(headers: list[BinaryHeader]) -> BinaryHeader:
    """The order in which interval and samples are small numbers, where the format does not tell."""

    def size(h: BinaryHeader) -> float:
        return float(np.prod([1.0 + h.whole(byte, "u2") for byte in (bh.INTERVAL, bh.SAMPLES)]))

    return min(headers, key=size)


def _note_order(header: BinaryHeader, assume: Assume, report: Report) -> None:
    if header.order == ">":
        return
    if assume.byte_order or (bh.stated_revision(header) or (0, 0)) >= (2, 0):
        report.note("little-endian", header.at(bh.FORMAT), "little-endian", "bytes are swapped")
    else:
        report.problem("little-endian", header.at(bh.FORMAT), "little-endian before revision 2", "bytes are swapped")


def _revision(header: BinaryHeader, report: Report) -> tuple[int, int]:
    stated = bh.stated_revision(header)
    if stated is not None:
        return stated
    pair = (header.raw[bh.REVISION - bh.FIRST], header.raw[bh.REVISION - bh.FIRST + 1])
    # A writer that stored the number 1, not 1.0
    taken = (1, 0) if pair == (0, 1) else (0, 0)
    report.problem("revision-unknown", header.at(bh.REVISION), f"{pair[0]}.{pair[1]}", f"read as revision {taken[0]}")
    return taken


def _labelled_format(
    blob: Blob, found: Traces, header: BinaryHeader, fmt: SampleFormat, assume: Assume, report: Report
) -> SampleFormat:
    """The format that samples really have, where IBM and IEEE floating point were mixed up."""
    if fmt.code not in (1, 5) or assume.format is not None or found.count == 0:
        return fmt
    looked: Any = looks_like(_some_samples(blob, found, fmt), header.order)
    true = {"ibm": FORMATS[1], "ieee": FORMATS[5], None: fmt}[looked]
    if true is not fmt:
        report.problem(
            "format-mislabelled",
            header.at(bh.FORMAT),
            f"code {fmt.code}, {fmt.name}",
            f"samples have the bits of {true.name} and are read so (Assume(format={fmt.code}) insists)",
        )
    return true


def _some_samples(blob: Blob, found: Traces, fmt: SampleFormat) -> np.ndarray:
    parts = []
    for trace in sorted({(found.count - 1) * i // (SAMPLED - 1) for i in range(SAMPLED)}):
        at, samples = found.place(trace)
        parts.append(blob.read(at + found.header_bytes, min(samples, 2048) * fmt.bytes))
    return np.concatenate(parts)
