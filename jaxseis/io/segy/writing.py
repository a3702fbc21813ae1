"""Writing SEG-Y files: every byte is set, and the final name appears when the file is whole.

Reference: SEG Technical Standards Committee, SEG-Y revision 2.1 (2023); revisions 0 (1975) and 1 (2002).
"""

import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import TimeAxis
from jaxseis.io._atomic import atomic
from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy.assume import ORDERS
from jaxseis.io.segy.binary_header import KNOWN_REVISIONS
from jaxseis.io.segy.fields import HEADER_BYTES, WORDS
from jaxseis.io.segy.samples import FORMATS, SampleFormat, encode
from jaxseis.io.segy.text import ENCODINGS, encode_text
from jaxseis.shots import Shots

SCALARS = (1, -10, -100, -1000, -10000)
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class SegyFormat:
    """How a file is written.

    Attributes:
        code: sample format, 1 (IBM) or 5 (IEEE floating point).
        revision: (0, 0), (1, 0), (2, 0) or (2, 1).
        byte_order: "big", or "little" from revision 2 on.
        encoding: of the textual header, "ebcdic" or "ascii".

    Raises ValueError for what the standard does not have.

    ```python
    SegyFormat(code=1, revision=(2, 1), byte_order="little", encoding="ascii")
    ```
    """

    code: int = 5
    revision: tuple[int, int] = (1, 0)
    byte_order: str = "big"
    encoding: str = "ebcdic"

    def __post_init__(self) -> None:
        if self.code not in (1, 5):
            raise _checks.fail("format.code", "1 (IBM) or 5 (IEEE)", self.code)
        if self.revision not in KNOWN_REVISIONS:
            raise _checks.fail("format.revision", f"one of {KNOWN_REVISIONS}", self.revision)
        if self.byte_order not in ORDERS:
            raise _checks.fail("format.byte_order", '"big" or "little"', repr(self.byte_order))
        if self.byte_order == "little" and self.revision < (2, 0):
            raise _checks.fail("format.byte_order", '"big" before revision 2', repr(self.byte_order))
        if self.encoding not in ENCODINGS:
            raise _checks.fail("format.encoding", '"ebcdic" or "ascii"', repr(self.encoding))

    @property
    def order(self) -> str:
        """Byte order of NumPy."""
        return ORDERS[self.byte_order]

    @property
    def samples(self) -> SampleFormat:
        """The sample format."""
        return FORMATS[self.code]


class TraceWriter:
    """Traces with chosen trace header words, one after another, into one file; the layer under all writing here.

    Arguments:
        path: the file; it appears under this name when the block ends without an error.
        samples: of a trace.
        interval: microseconds (or, of depths, millimetres).
        format: how it is written.
        text: textual header, at most 40 lines of 80 characters.
        binary: more words of the binary header: byte of the standard -> 2-byte number.

    A context manager. Raises ValueError for lengths and intervals that the revision cannot hold.
    """

    def __init__(
        self,
        path: Any,
        samples: int,
        interval: float,
        format: SegyFormat,
        text: str,
        binary: Mapping[int, int] | None = None,
    ):
        self.path, self.format, self.samples, self.interval, self.count = path, format, samples, interval, 0
        _check_samples(samples, format)
        _check_interval(interval, format)
        self._text = encode_text(text, format.encoding)
        self._binary = dict(binary or {})
        self._stack = ExitStack()
        self._out: BinaryIO | None = None

    def __enter__(self) -> "TraceWriter":
        try:
            temporary = self._stack.enter_context(atomic(self.path))
            self._out = self._stack.enter_context(open(temporary, "wb"))
            self._out.write(self._text + self._binary_header())
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is None and self.format.revision >= (2, 0) and self._out is not None:
            self._out.seek(len(self._text))
            self._out.write(self._binary_header())  # now that the number of traces is known
        self._stack.__exit__(*error)

    def write(self, traces: np.ndarray, words: Mapping[str, Any]) -> None:
        """Append traces (trace, sample), with trace header words by name: a number, or one for each trace."""
        if self._out is None:
            raise ValueError(f"{self.path}: write inside a with block, as in: with SegyWriter(...) as out.")
        _checks.shape_is("traces", traces, (len(traces), self.samples), ("trace", "sample"))
        headers = np.zeros(len(traces), self._header_dtype(words))
        for name, values in words.items():
            headers[name] = _fitting(name, values, headers.dtype[name])
        headers["TRACE_SAMPLE_COUNT"] = self.samples if self.samples < 2**16 else 0
        headers["TRACE_SAMPLE_INTERVAL"] = round(self.interval) if self.interval < 2**15 else 0
        headers["TRACE_SEQUENCE_LINE"] = headers["TRACE_SEQUENCE_FILE"] = self.count + 1 + np.arange(len(traces))
        body = encode(traces, self.format.samples, self.format.order)
        self._out.write(np.concatenate([headers.view(np.uint8).reshape(-1, HEADER_BYTES), body], axis=1).tobytes())
        self.count += len(traces)

    def _header_dtype(self, words: Mapping[str, Any]) -> np.dtype:
        always = ("TRACE_SEQUENCE_LINE", "TRACE_SEQUENCE_FILE", "TRACE_SAMPLE_COUNT", "TRACE_SAMPLE_INTERVAL")
        used = [WORDS[name] for name in dict.fromkeys((*words, *always))]
        kinds = [f"{self.format.order}{w.kind}" for w in used]
        offsets = [w.byte - 1 for w in used]
        names = [w.name for w in used]
        return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": HEADER_BYTES})

    def _binary_header(self) -> bytes:
        raw = np.zeros(bh.BINARY_BYTES, np.uint8)

        def put(byte: int, kind: str, value: float) -> None:
            number = np.array(value, f"{self.format.order}{kind}")
            raw[byte - bh.FIRST : byte - bh.FIRST + number.itemsize] = np.frombuffer(number.tobytes(), np.uint8)

        put(bh.INTERVAL, "i2", round(self.interval) if self.interval < 2**15 else 0)
        put(bh.SAMPLES, "u2", self.samples if self.samples < 2**16 else 0)
        put(bh.FORMAT, "i2", self.format.code)
        put(bh.MEASUREMENT, "i2", 1)  # metres
        for byte, value in self._binary.items():
            put(byte, "i2", value)
        major, minor = self.format.revision
        raw[bh.REVISION - bh.FIRST], raw[bh.REVISION - bh.FIRST + 1] = major, minor
        if major >= 1:
            put(bh.FIXED_LENGTH, "i2", 1)
        if major >= 2:
            put(bh.LONG_SAMPLES, "i4", self.samples)
            put(bh.LONG_INTERVAL, "f8", self.interval)
            put(bh.ENDIAN, "i4", bh.ENDIAN_CONSTANT)
            put(bh.TRACE_COUNT, "u8", self.count)
            put(bh.FIRST_TRACE, "u8", bh.BINARY_BYTES + len(self._text))
        return raw.tobytes()


def _check_samples(samples: int, format: SegyFormat) -> None:
    most = 2**15 - 1 if format.revision < (2, 0) else 2**31 - 1
    if not 1 <= samples <= most:
        remedy = "Revision (2, 1) holds more." if format.revision < (2, 0) else ""
        raise _checks.fail("samples", f"1 to {most} in a trace of revision {format.revision}", samples, remedy)


def _check_interval(interval: float, format: SegyFormat) -> None:
    whole = 1 <= interval < 2**15 and abs(interval - round(interval)) < 1e-6
    if not (whole or (format.revision >= (2, 0) and interval > 0)):
        raise _checks.fail(
            "interval",
            f"whole microseconds from 1 to {2**15 - 1} in revision {format.revision}",
            f"{interval:g}",
            "Revision (2, 1) holds any.",
        )


def _fitting(name: str, values: Any, kind: np.dtype) -> np.ndarray:
    whole = np.asarray(values)
    if np.any((whole < np.iinfo(kind).min) | (whole > np.iinfo(kind).max)):
        raise _checks.fail(name, f"numbers that fit {kind.itemsize} bytes", f"{whole.min()} to {whole.max()}")
    return whole


def scaled_words(groups: Mapping[str, np.ndarray], scalar_name: str) -> dict[str, Any]:
    """Lengths as whole numbers and the one scalar word with which nothing, or least, is lost.

    Arguments:
        groups: by trace header word, lengths in metres (trace,).
        scalar_name: the scalar word that applies to them.

    Returns the words. Raises ValueError for lengths too large for 32 bits; a warning says what is lost where ten
    thousandths of a metre do not suffice.
    """
    dtype = np.result_type(*groups.values())
    values = {name: np.asarray(v, float) for name, v in groups.items()}
    largest = max(float(np.abs(v).max(initial=0.0)) for v in values.values())
    fitting = [s for s in SCALARS if largest * abs(s) <= LARGEST]
    if not fitting:
        raise _checks.fail(" and ".join(groups), f"lengths of at most {LARGEST} m", f"{largest:g} m")
    exact = (s for s in fitting if all(_survives(v, abs(s), dtype) for v in values.values()))
    scalar = next(exact, fitting[-1])
    whole = {name: np.rint(v * abs(scalar)).astype(np.int64) for name, v in values.items()}
    lost = max(float(np.abs(whole[n] / abs(scalar) - v).max(initial=0.0)) for n, v in values.items())
    if not all(_survives(v, abs(scalar), dtype) for v in values.values()):
        warnings.warn(
            f"{' and '.join(groups)}: positions are rounded to 1/{abs(scalar)} m, by {lost:.2g} m at most.",
            stacklevel=_checks.stack_level(),
        )
    return {**whole, scalar_name: scalar}


def _survives(values: np.ndarray, scale: int, dtype: Any) -> bool:
    """Whether whole numbers of 1/scale are the values, but for a few units in their last place."""
    stored, last = np.rint(values * scale) / scale, 4 * np.finfo(dtype).eps
    return bool(np.all(np.abs(stored - values) <= last * np.abs(values).max(initial=0.0)))


class SegyWriter:
    """Shot records into one SEG-Y file, shot by shot.

    Arguments:
        path: the file. It appears under this name when the block ends; after an error or a kill there is none.
        time: time axis of the traces, ms.
        format: sample format, revision, byte order and encoding.
        text: textual header, at most 40 lines of 80 characters; one that says what the file is by default.
        first_record: field record of the first shot; the next ones count on.

    Positions are stored with the scalar that keeps them exact; where a tenth of a millimetre does not, a warning says
    what is lost. Depths are positive downwards: ``SourceDepth`` of a source, ``-ReceiverGroupElevation`` of a receiver.
    Raises ValueError for what the revision cannot hold.

    ```python
    with SegyWriter("shots.segy", time) as out:
        for i in range(F.shots):
            out.write(Shots(F[i](m) @ q, F.sources.geometry[i], F.receivers.geometry[i], time))
    ```
    """

    def __init__(
        self,
        path: Any,
        time: TimeAxis,
        format: SegyFormat = SegyFormat(),  # noqa: B008
        text: str = "",
        first_record: int = 1,
    ):
        _checks.kind_is("format", format, SegyFormat, "a SegyFormat")
        self.time, self.record = time, _checks.whole("first_record", first_record, 0)
        self._traces = TraceWriter(path, time.size, 1000 * time.step, format, text or _default_text(time, format))

    def __enter__(self) -> "SegyWriter":
        self._traces.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._traces.__exit__(*error)

    def write(self, shots: Shots) -> None:
        """Append shots; masked receivers are left out.

        Raises ValueError for another time axis, or several sources in a shot.
        """
        if shots.time != self.time:
            raise _checks.fail("shots.time", f"{self.time}, as the file", shots.time)
        if shots.sources.points != 1:
            raise _checks.fail("shots.sources", "one source in each shot", f"{shots.sources.points} at once")
        for i in range(len(shots)):
            self._write_shot(shots[i])

    def _write_shot(self, shot: Shots) -> None:
        source = np.asarray(shot.sources.positions)[0, 0]
        receivers = np.asarray(shot.receivers.positions)[0]
        live = np.ones(len(receivers), bool) if shot.receivers.mask is None else np.asarray(shot.receivers.mask)[0]
        if not live.any():
            raise _checks.fail("shots.receivers", "at least one in each shot", f"none in field record {self.record}")
        words = {
            "FieldRecord": self.record,
            "EnergySourcePoint": self.record,
            "TraceNumber": 1 + np.arange(live.sum()),
            "TraceIdentificationCode": 1,
            "CoordinateUnits": 1,
        }
        traces = np.asarray(shot.traces[0]).T[live]
        self._traces.write(traces, words | position_words(source, receivers[live]))
        self.record += 1


def position_words(source: np.ndarray, receivers: np.ndarray) -> dict[str, Any]:
    """Trace header words of one source (ndim,) and its receivers (trace, ndim), positions (x[, y], z) in metres."""
    table = np.broadcast_to(source, receivers.shape)
    zero = np.zeros(len(receivers), receivers.dtype)
    y = (table[:, 1], receivers[:, 1]) if receivers.shape[1] == 3 else (zero, zero)
    x = (table[:, 0], receivers[:, 0]) if receivers.shape[1] > 1 else (zero, zero)
    lengths = {"SourceX": x[0], "SourceY": y[0], "GroupX": x[1], "GroupY": y[1]}
    depths = {"SourceDepth": table[:, -1], "ReceiverGroupElevation": -receivers[:, -1]}
    offset = np.rint(np.hypot(x[1] - x[0], y[1] - y[0])).astype(np.int64)
    return {
        "offset": offset,
        **scaled_words(lengths, "SourceGroupScalar"),
        **scaled_words(depths, "ElevationScalar"),
    }


def write_shots(
    path: Any,
    shots: Shots,
    format: SegyFormat = SegyFormat(),  # noqa: B008
    text: str = "",
    first_record: int = 1,
) -> None:
    """Write shots to one SEG-Y file; see :class:`SegyWriter`.

    ```python
    write_shots("shots.segy", Shots(F(m) @ q, sources, receivers, time))
    ```
    """
    with SegyWriter(path, shots.time, format, text, first_record) as out:
        out.write(shots)


def _default_text(time: TimeAxis, format: SegyFormat) -> str:
    return numbered(
        "SHOT RECORDS WRITTEN BY JAXSEIS",
        f"{time.size} SAMPLES OF {time.step:g} MS, {format.samples.name.upper()}",
        f"SEG-Y REVISION {format.revision[0]}.{format.revision[1]}, {format.byte_order.upper()}-ENDIAN",
        "POSITIONS IN METRES: SOURCE X Y BYTES 73-80, RECEIVER X Y 81-88, SCALAR 71",
        "DEPTHS: SOURCE BYTES 49-52, MINUS RECEIVER ELEVATION 41-44, SCALAR 69",
    )


def numbered(*lines: str) -> str:
    """Lines of a textual header with their numbers, all 40."""
    filled = [*lines, *[""] * (38 - len(lines)), "SEG Y", "END TEXTUAL HEADER"]
    return "\n".join(f"C{i:2d} {line}".rstrip() for i, line in enumerate(filled, 1))
