"""Guesses of where traces begin and how long they are, each from words of the file.

A guess is a number of textual headers, of trace header extensions and of samples. Those that the file declares
come first, then the others that it suggests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxseis.io.blob import Blob
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BinaryHeader
from jaxseis.io.segy.fields import HEADER_BYTES
from jaxseis.io.segy.findings import Report
from jaxseis.io.segy.samples import SampleFormat
from jaxseis.io.segy.text import TEXT_BYTES, decode_text, is_text

MOST_EXTENDED = 1000  # textual headers searched for the one that ends them


@dataclass(frozen=True)
class Guess:
    """One way to divide the bytes from ``first`` to ``end`` into traces of one length."""

    extended: int
    first: int
    end: int
    header_bytes: int
    samples: int
    sample_bytes: int

    @property
    def stride(self) -> int:
        """Bytes of a trace."""
        return self.header_bytes + self.samples * self.sample_bytes

    @property
    def count(self) -> int:
        """Whole traces."""
        return max(0, self.end - self.first) // self.stride

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
    for extended in _textual_headers(blob, header, revision, assume, report):
        first = after + TEXT_BYTES * extended
        for end in _ends(blob, header, revision, first):
            for extensions in _extensions(header, revision):
                size = HEADER_BYTES * (1 + extensions)
                for samples in _samples(blob, header, revision, first, end, assume):
                    yield Guess(extended, first, end, size, samples, fmt.bytes)


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
    if revision >= (2, 0):
        place = header.whole(bh.FIRST_TRACE, "u8") - after + header.offset - TEXT_BYTES
        candidates += [place // TEXT_BYTES] if 0 <= place <= blob.size - after and place % TEXT_BYTES == 0 else []
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
        if "((SEG:ENDTEXT))" in decode_text(block).upper().replace(" ", "").replace("\n", ""):
            return n + 1
    return 0


def _readable(blob: Blob, after: int, room: int) -> int:
    """Blocks of text that nothing announced."""
    n = 0
    while n < min(room, MOST_EXTENDED) and is_text(blob.read(after + n * TEXT_BYTES, TEXT_BYTES)):
        n += 1
    return n


def _ends(blob: Blob, header: BinaryHeader, revision: tuple[int, int], first: int) -> list[int]:
    trailers = header.whole(bh.TRAILERS, "i4") if revision >= (2, 0) else 0
    fits = 0 < trailers <= (blob.size - first) // TEXT_BYTES
    return [blob.size - TEXT_BYTES * trailers, blob.size] if fits else [blob.size]


def _extensions(header: BinaryHeader, revision: tuple[int, int]) -> list[int]:
    declared = header.whole(bh.TRACE_HEADER_EXTENSIONS, "i4") if revision >= (2, 0) else 0
    return [declared, 0] if 0 < declared <= 1000 else [0]


def _samples(
    blob: Blob, header: BinaryHeader, revision: tuple[int, int], first: int, end: int, assume: Assume
) -> list[int]:
    if assume.samples is not None:
        return [assume.samples]
    long = header.whole(bh.LONG_SAMPLES, "i4") if revision >= (2, 0) else 0
    declared = [long, header.whole(bh.SAMPLES, "u2"), *_of_first_headers(blob, header.order, first)]
    declared.append(header.whole(bh.SAMPLES_ORIGINAL, "u2"))
    room = max(end - first, HEADER_BYTES + 8 * 2**16)  # a file without traces may declare any 16-bit number
    return list(dict.fromkeys(n for n in declared if 0 < n <= room))


def _of_first_headers(blob: Blob, order: str, first: int) -> list[int]:
    head = blob.read(first, HEADER_BYTES)
    return [int(head[114:116].view(f"{order}u2")[0])] if head.size == HEADER_BYTES else []
