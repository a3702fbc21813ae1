"""The binary file header: 400 bytes at 3200, and what its words mean.

Reference: SEG Technical Standards Committee, SEG-Y revision 2.1 (2023). Bytes are counted from one, as there.
"""

from dataclasses import dataclass

import numpy as np
import segyio

BINARY_BYTES = 400
FIRST = 3201  # the standard's number of the first byte

INTERVAL, INTERVAL_ORIGINAL, SAMPLES, SAMPLES_ORIGINAL, FORMAT = 3217, 3219, 3221, 3223, 3225
MEASUREMENT = 3255
REVISION, FIXED_LENGTH, EXTENDED_HEADERS = 3501, 3503, 3505
# from revision 2 on
LONG_SAMPLES, LONG_INTERVAL, ENDIAN = 3269, 3273, 3297
TRACE_HEADER_EXTENSIONS, TRACE_COUNT, FIRST_TRACE, TRAILERS = 3507, 3513, 3521, 3529
ENDIAN_CONSTANT = 0x01020304
KNOWN_REVISIONS = ((0, 0), (1, 0), (2, 0), (2, 1))


@dataclass(frozen=True)
class BinaryHeader:
    """The bytes of the header and the order in which they are read.

    Attributes:
        raw: the 400 bytes.
        order: ">" or "<".
        offset: where they stand in the file.
    """

    raw: bytes
    order: str
    offset: int = 3200

    def get(self, byte: int, kind: str) -> int | float:
        """The number of NumPy type ``kind`` that begins at a byte of the standard."""
        at = byte - FIRST
        return np.frombuffer(self.raw, f"{self.order}{kind}", 1, at)[0].item()

    def whole(self, byte: int, kind: str) -> int:
        """A whole number."""
        return int(self.get(byte, kind))

    def at(self, byte: int) -> int:
        """Where a byte of the standard stands in the file."""
        return self.offset + byte - FIRST

    def words(self) -> dict[str, int]:
        """All words by the names of segyio's ``BinField``; the unassigned ones are left out."""
        starts = sorted(segyio.binfield.keys.items(), key=lambda item: item[1])
        ends = [byte for _, byte in starts[1:]]
        named = zip(starts, ends, strict=False)
        return {
            name: self.whole(byte, f"i{size}")
            for (name, byte), end in named
            for size in [min(end - byte, 4)]
            if size in (1, 2, 4) and not name.startswith("Unassigned")
        }


def stated_revision(header: BinaryHeader) -> tuple[int, int] | None:
    """The revision (major, minor), or None if it is none that the standard has.

    Little-endian writers may store the two bytes as one word, which puts the minor one first.
    """
    pair = (header.raw[REVISION - FIRST], header.raw[REVISION - FIRST + 1])
    if pair not in KNOWN_REVISIONS and header.order == "<":
        pair = (pair[1], pair[0])
    return pair if pair in KNOWN_REVISIONS else None
