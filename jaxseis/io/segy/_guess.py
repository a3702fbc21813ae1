"""Guesses of where traces begin and how long they are, each from words of the file.

A guess is a number of textual headers, of trace header extensions and of samples. Those that the file declares
come first, then the others that it suggests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jaxseis.io.blob import Blob
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BinaryHeader, stated_revision
from jaxseis.io.segy.fields import HEADER_BYTES
from jaxseis.io.segy.findings import Report
from jaxseis.io.segy.samples import SampleFormat
from jaxseis.io.segy.text import TEXT_BYTES, decode_text, is_text

MOST_EXTENDED = 1000  # textual headers searched for the one that ends them


@dataclass(frozen=True)
class Guess:
    """One way to divide the bytes from ``first`` to ``end`` into traces of one length.

    ``declared`` says whether the number of samples is that of the binary header; ``traces`` is the number of traces
    where not all that would fit are taken.
    """

    extended: int
    first: int
    end: int
    header_bytes: int
    samples: int
    sample_bytes: int
    declared: bool
    traces: int | None = None

    @property
    def stride(self) -> int:
        """Bytes of a trace."""
        return self.header_bytes + self.samples * self.sample_bytes

    @property
    def count(self) -> int:
        """Whole traces, or as many of them as are asked for."""
        return self.traces if self.traces is not None else max(0, self.end - self.first) // self.stride

    @property
    def left(self) -> int:
        """Bytes after them."""
        return max(0, self.end - self.first) - self.count * self.stride


def guesses(
    blob: Blob,
    header: BinaryHeader,
    revision: tuple[int, int],
    fmt: SampleFormat,
    assume: Assume,
    report: Report,
) -> Iterator[Guess]:
    """Guesses that can be, those the file declares first."""
    after = header.offset + bh.BINARY_BYTES
    texts = _textual_headers(blob, header, revision, assume, report)
    firsts = [after + TEXT_BYTES * extended for extended in texts]
    if revision >= (2, 0) and assume.extended_headers is None:
        told = header.whole(bh.FIRST_TRACE, "u8")
        firsts += [told] if after < told < blob.size else []
    for first in dict.fromkeys(firsts):
        extended = (first - after) // TEXT_BYTES
        for end in _ends(blob, header, revision, first):
            for extensions in _extensions(header, revision):
                size = HEADER_BYTES * (1 + extensions)
                for samples, declared in _samples(blob, header, revision, first, end, assume).items():
                    yield Guess(extended, first, end, size, samples, fmt.bytes, declared)


def _textual_headers(
    blob: Blob, header: BinaryHeader, revision: tuple[int, int], assume: Assume, report: Report
) -> list[int]:
    if assume.extended_headers is not None:
        return [assume.extended_headers]
    after = header.offset + bh.BINARY_BYTES
    declared, at = header.whole(bh.EXTENDED_HEADERS, "i2"), header.at(bh.EXTENDED_HEADERS)
    room = (blob.size - after) // TEXT_BYTES
    candidates = [_counted(blob, after, room)] if declared == -1 and revision >= (1, 0) else []
    candidates += [declared] if 0 <= declared <= room else []
    candidates += [0, _readable(blob, after, room)]
    if declared > room or declared < -1:
        report.problem("extended-headers-missing", at, f"{declared} announced", f"there is room for {max(room, 0)}")
    return list(dict.fromkeys(candidates))


def _counted(blob: Blob, after: int, room: int) -> int:
    """Textual headers up to the one that says it is the last."""
    for n in range(min(room, MOST_EXTENDED)):
        block = blob.read(after + n * TEXT_BYTES, TEXT_BYTES)
        if not is_text(block):
            return n
        if ends_the_texts(block):
            return n + 1
    return 0


def ends_the_texts(block: np.ndarray) -> bool:
    """Whether a block of text says that it is the last."""
    return "((SEG:ENDTEXT))" in decode_text(block).upper().replace(" ", "").replace("\n", "")


def _readable(blob: Blob, after: int, room: int) -> int:
    """Blocks of text that nothing announced."""
    n = 0
    while n < min(room, MOST_EXTENDED) and is_text(blob.read(after + n * TEXT_BYTES, TEXT_BYTES)):
        n += 1
    return n


def _ends(blob: Blob, header: BinaryHeader, revision: tuple[int, int], first: int) -> list[int]:
    trailers = header.whole(bh.TRAILERS, "i4") if revision >= (2, 0) else 0
    if trailers == -1:
        trailers = _texts_at_the_end(blob, first)
    fits = 0 < trailers <= (blob.size - first) // TEXT_BYTES
    return [blob.size - TEXT_BYTES * trailers, blob.size] if fits else [blob.size]


def _texts_at_the_end(blob: Blob, first: int) -> int:
    """Blocks of text after the traces, where their number is not known."""
    n, room = 0, (blob.size - first) // TEXT_BYTES
    while n < min(room, MOST_EXTENDED) and is_text(blob.read(blob.size - (n + 1) * TEXT_BYTES, TEXT_BYTES)):
        n += 1
    return n


def announced_extensions(header: BinaryHeader, revision: tuple[int, int]) -> int:
    """Headers of 240 bytes that each trace has besides the first: four bytes in revision 2.0, two from 2.1 on."""
    if revision < (2, 0):
        return 0
    return header.whole(bh.TRACE_HEADER_EXTENSIONS, "i4" if revision == (2, 0) else "i2")


def long_samples(header: BinaryHeader, revision: tuple[int, int]) -> int:
    """The number of samples of revision 2; 0 if there is none."""
    return header.whole(bh.LONG_SAMPLES, "u4") if revision >= (2, 0) else 0


def _extensions(header: BinaryHeader, revision: tuple[int, int]) -> list[int]:
    declared = announced_extensions(header, revision)
    return [declared, 0] if 0 < declared <= 1000 else [0]


def _samples(
    blob: Blob, header: BinaryHeader, revision: tuple[int, int], first: int, end: int, assume: Assume
) -> dict[int, bool]:
    """Numbers of samples, and whether the binary header declares them."""
    if assume.samples is not None:
        return {assume.samples: True}
    found = {long_samples(header, revision): True, header.whole(bh.SAMPLES, "u2"): True}
    others = [*_of_first_header(blob, header.order, first), header.whole(bh.SAMPLES_ORIGINAL, "u2")]
    found |= {n: False for n in others if n not in found}
    if stated_revision(header) is None:
        found |= {header.whole(bh.LONG_SAMPLES, "u4"): True}  # a later revision, perhaps
    room = max(end - first, HEADER_BYTES + 8 * 2**16)  # a file without traces may declare any 16-bit number
    return {n: declared for n, declared in found.items() if 0 < n <= room}


def _of_first_header(blob: Blob, order: str, first: int) -> list[int]:
    """Samples as the first trace header has them; PASSCAL recorders keep more than 32767 in bytes 229 to 232."""
    head = blob.read(first, HEADER_BYTES)
    if head.size < HEADER_BYTES:
        return []
    samples, passcal = int(head[114:116].view(f"{order}u2")[0]), int(head[228:232].view(f"{order}i4")[0])
    return [passcal, samples] if samples == 2**15 - 1 else [samples]
