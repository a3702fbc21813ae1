"""Words of the trace header: names, bytes, types, and the scalars that apply to them.

Names and bytes are those of segyio's ``TraceField``. A scalar word s means: multiply by s where it is positive,
divide by -s where it is negative; zero means one.

Reference: SEG Technical Standards Committee, SEG-Y revision 2.1 (2023).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import segyio

from jaxseis import _checks

HEADER_BYTES = 240
FIRST_UNASSIGNED = 181  # in revision 0

_BY_COORDINATE_SCALAR = ("SourceX", "SourceY", "GroupX", "GroupY", "CDP_X", "CDP_Y")
_BY_ELEVATION_SCALAR = (
    "ReceiverGroupElevation",
    "SourceSurfaceElevation",
    "SourceDepth",
    "ReceiverDatumElevation",
    "SourceDatumElevation",
    "SourceWaterDepth",
    "GroupWaterDepth",
)
_BY_TIME_SCALAR = (
    "SourceUpholeTime",
    "GroupUpholeTime",
    "SourceStaticCorrection",
    "GroupStaticCorrection",
    "TotalStaticApplied",
    "LagTimeA",
    "LagTimeB",
    "DelayRecordingTime",
    "MuteTimeStart",
    "MuteTimeEND",
)
SCALAR_OF = (
    dict.fromkeys(_BY_COORDINATE_SCALAR, "SourceGroupScalar")
    | dict.fromkeys(_BY_ELEVATION_SCALAR, "ElevationScalar")
    | dict.fromkeys(_BY_TIME_SCALAR, "ScalarTraceHeader")
    | {"ShotPoint": "ShotPointScalar"}
)


@dataclass(frozen=True)
class Word:
    """A word of the trace header.

    Attributes:
        name: what it is called.
        byte: where it begins, counted from one as in the standard.
        kind: NumPy type without byte order.
        scalar: name of the word that scales it, or None.
    """

    name: str
    byte: int
    kind: str
    scalar: str | None = None


def _words() -> dict[str, Word]:
    """Every word of the standard: it ends where the next begins. Counts of samples are unsigned."""
    starts = sorted(segyio.tracefield.keys.items(), key=lambda item: item[1])
    ends = [byte for _, byte in starts[1:]] + [HEADER_BYTES + 1]
    words = {}
    for (name, byte), end in zip(starts, ends, strict=True):
        kind = "u2" if name == "TRACE_SAMPLE_COUNT" else f"i{end - byte}"
        words[name] = Word(name, byte, kind, SCALAR_OF.get(name))
    return words


WORDS = _words()


def word(key: "str | Word") -> Word:
    """The word of a name; a Word is taken as it is.

    Raises ValueError for a name that the standard does not have.
    """
    if isinstance(key, Word):
        return key
    if key not in WORDS:
        alike = [name for name in WORDS if name.lower().replace("_", "") == str(key).lower().replace("_", "")]
        hint = f"Is it {alike[0]}?" if alike else 'Another word is Word("Shot", byte=181, kind="i4").'
        raise _checks.fail("key", "the name of a trace header word, such as SourceX or FieldRecord", repr(key), hint)
    return WORDS[key]


def header_dtype(keys: Iterable["str | Word"], order: str) -> np.dtype:
    """The structured type that reads the given words, and their scalars, from whole headers of 240 bytes."""
    words: dict[str, Word] = {}
    for w in map(word, keys):
        for needed in (w, *([WORDS[w.scalar]] if w.scalar else [])):
            if words.setdefault(needed.name, needed) != needed:
                raise _checks.fail("keys", "different names for different words", f"two words {needed.name}")
    kinds = [f"{order}{w.kind}" for w in words.values()]
    offsets = [w.byte - 1 for w in words.values()]
    for w in words.values():
        if not 1 <= w.byte <= HEADER_BYTES + 1 - np.dtype(w.kind).itemsize:
            raise _checks.fail("word", f"bytes 1 to {HEADER_BYTES} of the trace header", f"{w.name} at byte {w.byte}")
    return np.dtype({"names": list(words), "formats": kinds, "offsets": offsets, "itemsize": HEADER_BYTES})


def scaled(headers: np.ndarray, key: "str | Word", revision: tuple[int, int]) -> np.ndarray:
    """The values of a word in its unit: float64 where a scalar applies to it, otherwise as stored.

    Scalars that came with revision 1 are not applied before: their bytes could hold anything.
    """
    w = word(key)
    values = headers[w.name]
    if w.scalar is None or (revision < (1, 0) and WORDS[w.scalar].byte > FIRST_UNASSIGNED):
        return values.astype(values.dtype.newbyteorder("="))
    return apply_scalar(values, headers[w.scalar])


def apply_scalar(values: np.ndarray, scalar: np.ndarray) -> np.ndarray:
    """``values`` times ``scalar`` where that is positive, over its size where negative, unchanged where zero."""
    s = scalar.astype(float)
    return np.where(s < 0, values / np.where(s < 0, -s, 1.0), values * np.where(s > 0, s, 1.0))
