"""Bytes of SEG-Y files from a description, right or wrong in any field: made without the library and without segyio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CARDS, BINARY, HEADER = 3200, 400, 240  # bytes of a block of text, of the binary header, of a trace header
ENDIAN = 16909060  # 01 02 03 04, the constant of revision 2

# name: (first byte, counted from 1, and kind of the number)
BINARY_FIELDS = {
    "Interval": (3217, "u2"),
    "IntervalOriginal": (3219, "u2"),
    "Samples": (3221, "u2"),
    "SamplesOriginal": (3223, "u2"),
    "Format": (3225, "i2"),
    "SortingCode": (3229, "i2"),
    "MeasurementSystem": (3255, "i2"),
    "ExtSamples": (3269, "u4"),
    "ExtInterval": (3273, "f8"),
    "ExtSamplesOriginal": (3289, "u4"),
    "IntegerConstant": (3297, "u4"),
    "SEGYRevision": (3501, "u1"),
    "SEGYRevisionMinor": (3502, "u1"),
    "TraceFlag": (3503, "i2"),
    "ExtendedHeaders": (3505, "i2"),
    "ExtraTraceHeaders": (3507, "i2"),  # of four bytes in revision 2.0
    "SurveyType": (3509, "i2"),
    "TraceCount": (3513, "u8"),
    "FirstTrace": (3521, "u8"),
    "Trailers": (3529, "i4"),
}
TRACE_FIELDS = {
    "TRACE_SEQUENCE_LINE": (1, "i4"),
    "TRACE_SEQUENCE_FILE": (5, "i4"),
    "FieldRecord": (9, "i4"),
    "TraceNumber": (13, "i4"),
    "EnergySourcePoint": (17, "i4"),
    "CDP": (21, "i4"),
    "TraceIdentificationCode": (29, "i2"),
    "offset": (37, "i4"),
    "ReceiverGroupElevation": (41, "i4"),
    "SourceSurfaceElevation": (45, "i4"),
    "SourceDepth": (49, "i4"),
    "ElevationScalar": (69, "i2"),
    "SourceGroupScalar": (71, "i2"),
    "SourceX": (73, "i4"),
    "SourceY": (77, "i4"),
    "GroupX": (81, "i4"),
    "GroupY": (85, "i4"),
    "CoordinateUnits": (89, "i2"),
    "DelayRecordingTime": (109, "i2"),
    "TRACE_SAMPLE_COUNT": (115, "u2"),
    "TRACE_SAMPLE_INTERVAL": (117, "u2"),
}


def random_samples(seed: int, traces: int, samples: int, largest: int = 8000, step: float = 0.125) -> np.ndarray:
    """``(traces, samples)`` random multiples of ``step``: exact in every format whose range they fit."""
    return np.random.default_rng(seed).integers(-largest, largest + 1, (traces, samples)) * step


SAMPLES = random_samples(1, 7, 50)  # no other number of samples up to 65535 but 10, 17 and 94 divides the same file
INTERVAL = 2.0  # milliseconds


def cards(*lines: str) -> str:
    """A textual header: 40 lines of 80 characters, the first ones given."""
    return "".join(f"C{i + 1:2d} {line:<76.76}" for i, line in enumerate([*lines, *[""] * (40 - len(lines))]))


@dataclass(frozen=True)
class SegyFile:
    """What a file holds. The headers agree with it unless ``binary``, ``headers`` or ``patch`` say otherwise."""

    samples: Any = field(default_factory=lambda: SAMPLES)  # (traces, samples), or a list of traces of any length
    code: int = 5  # how the samples are stored
    interval: int = 2000  # microseconds
    order: str = ">"  # or "<"
    revision: tuple[int, int] = (1, 0)
    text: str | bytes = field(default_factory=lambda: cards("CLIENT: NOBODY", "AREA: NOWHERE"))
    encoding: str = "cp037"
    extended: Sequence[str] = ()  # extended textual headers
    extra_headers: int = 0  # headers of 240 bytes more in each trace
    binary: Mapping[str, float] = field(default_factory=dict)  # of BINARY_FIELDS
    headers: Mapping[str, Any] = field(default_factory=dict)  # of TRACE_FIELDS: one number, or one a trace
    prefix: bytes = b""
    trailer: bytes = b""
    cut: int = 0  # bytes lost from the end
    patch: Mapping[int, bytes] = field(default_factory=dict)  # offset from 0, without the prefix: what is there instead


def build(file: SegyFile) -> bytes:
    """The bytes of the file."""
    texts = b"".join(_block(text, file.encoding) for text in (file.text, *file.extended))
    data = bytearray(texts[:CARDS] + _binary_header(file) + texts[CARDS:] + b"".join(_traces(file)) + file.trailer)
    for offset, new in file.patch.items():
        data[offset : offset + len(new)] = new
    return file.prefix + bytes(data[: len(data) - file.cut])


def first_trace(file: SegyFile) -> int:
    """Offset of the first trace, without the prefix."""
    return CARDS + BINARY + CARDS * len(file.extended)


def _block(text: str | bytes, encoding: str) -> bytes:
    return text if isinstance(text, bytes) else f"{text:<{CARDS}}".encode(encoding)


def _binary_header(file: SegyFile) -> bytes:
    lengths = {len(trace) for trace in file.samples}
    samples, (major, minor) = max(lengths, default=0), file.revision
    long = samples > 65535
    values = {
        "Interval": file.interval,
        "Samples": 0 if long else samples,
        "Format": file.code,
        "SortingCode": 1,
        "MeasurementSystem": 1,
        "ExtSamples": samples if long else 0,
        "IntegerConstant": ENDIAN if major >= 2 else 0,
        "SEGYRevision": major,
        "SEGYRevisionMinor": minor,
        "TraceFlag": int(major >= 1 and len(lengths) == 1),
        "ExtendedHeaders": len(file.extended),
        "ExtraTraceHeaders": file.extra_headers,
    }
    wide = {"ExtraTraceHeaders": (3507, "i4")} if file.revision == (2, 0) else {}
    return _header(BINARY, CARDS, BINARY_FIELDS | wide, values | dict(file.binary), file.order)


def _header(size: int, start: int, fields: Mapping, values: Mapping, order: str) -> bytes:
    data = bytearray(size)
    for name, value in values.items():
        byte, kind = fields[name]
        number = np.array(value).astype(order + kind).tobytes()  # wraps: -1 is 65535 in two bytes
        data[byte - 1 - start : byte - 1 - start + len(number)] = number
    return bytes(data)


def _traces(file: SegyFile):
    number = len(file.samples)
    lengths = np.array([len(trace) for trace in file.samples])
    values = default_headers(number) | {
        "TRACE_SAMPLE_COUNT": np.where(lengths > 65535, 0, lengths),
        "TRACE_SAMPLE_INTERVAL": file.interval,
    }
    table = {name: np.broadcast_to(value, number) for name, value in (values | dict(file.headers)).items()}
    for i, trace in enumerate(file.samples):
        yield _header(HEADER, 0, TRACE_FIELDS, {name: column[i] for name, column in table.items()}, file.order)
        yield b"".join(bytes(232) + f"SEG{j:05}".encode() for j in range(1, file.extra_headers + 1))
        yield encode(np.asarray(trace), file.code, file.order)


def default_headers(number: int) -> dict[str, Any]:
    """Shots of four traces, the last one shorter; coordinates in decimetres, depths in metres."""
    i = np.arange(number)
    shot = i // 4
    return {
        "TRACE_SEQUENCE_LINE": i + 1,
        "TRACE_SEQUENCE_FILE": i + 1,
        "FieldRecord": 101 + shot,
        "TraceNumber": i % 4 + 1,
        "EnergySourcePoint": 11 + shot,
        "TraceIdentificationCode": 1,
        "SourceDepth": 6,
        "ElevationScalar": 1,
        "SourceGroupScalar": -10,
        "SourceX": 4000 + 500 * shot,
        "SourceY": -70,
        "GroupX": 4000 + 500 * shot + 125 * (i % 4),
        "GroupY": -70,
        "CoordinateUnits": 1,
    }


# --- formats of samples --------------------------------------------------------------------------

NATIVE = {2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1"}


def encode(values: np.ndarray, code: int, order: str = ">") -> bytes:
    """Samples in one of the formats of SEG-Y."""
    if code == 1:
        return ibm(values).astype(order + "u4").tobytes()
    if code == 4:  # a byte of zeros, the gain (here 0) and 16 bits
        return (values.astype("i4") & 0xFFFF).astype(order + "u4").tobytes()
    if code in (7, 15):
        low = values.astype(order + "i4").view("u1").reshape(-1, 4)
        return (low[:, 1:] if order == ">" else low[:, :3]).tobytes()
    return values.astype(order + NATIVE[code]).tobytes()


def ibm(values: np.ndarray) -> np.ndarray:
    """Words of IBM hexadecimal floating point: sign, exponent of 16 (excess 64) and a fraction of 24 bits."""
    fraction, power = np.frexp(np.abs(values))
    sixteens = -(-power // 4)
    mantissa = np.rint(np.ldexp(fraction, power - 4 * sixteens + 24)).astype("u8")
    carried = mantissa == 1 << 24
    mantissa, sixteens = np.where(carried, mantissa >> 4, mantissa), sixteens + carried
    word = np.signbit(values).astype("u8") << 31 | (sixteens + 64).astype("u8") << 24 | mantissa
    return np.where(mantissa == 0, 0, word)
