"""One SEG-Y file, open for reading."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import TimeAxis
from jaxseis.io.blob import Blob, Nearby, open_blob
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BINARY_BYTES, BinaryHeader
from jaxseis.io.segy.fields import HEADER_BYTES, Word, header_dtype, scaled, word
from jaxseis.io.segy.findings import MODES, Report, fatal
from jaxseis.io.segy.layout import FILE_HEADERS, Layout, find_layout
from jaxseis.io.segy.samples import decode
from jaxseis.io.segy.text import TEXT_BYTES, decode_text


def open_segy(path: Any, mode: str = "strict", assume: Assume = Assume()) -> "SegyFile":  # noqa: B008
    """Open a SEG-Y file of any revision, byte order and sample format for reading.

    Byte order, revision, lengths and interval follow from all that the file says and its size; see ``layout.py``. What
    contradicts itself is listed in ``report``.

    Arguments:
        path: a file, or a URL that fsspec can open, such as s3://bucket/key.
        mode: "strict" refuses a file with any inconsistency; "tolerant" reads what it can and reports what it assumed.
        assume: what you know better than the file.

    Returns the open file, which is also a context manager.
    Raises SegyError if the file cannot be read, or in strict mode if it contradicts itself; OSError if it is not there.

    ```python
    with open_segy("line.segy", mode="tolerant") as f:
        print(f.report)
        traces = f.traces(slice(0, 100))  # (100, samples)
    ```
    """
    if mode not in MODES:
        raise _checks.fail("mode", '"strict" or "tolerant"', repr(mode))
    blob = open_blob(path)
    try:
        report = Report(blob.path)
        layout = find_layout(blob, assume, report)
        if mode == "strict":
            report.refuse()
    except BaseException:
        blob.close()
        raise
    return SegyFile(blob, layout, report, mode)


class SegyFile:
    """A SEG-Y file open for reading; made by :func:`open_segy`.

    Attributes:
        path: of the file.
        layout: where everything is: byte order, revision, sample format, lengths.
        report: what was found wrong or doubtful.
        mode: "strict" or "tolerant".
    """

    def __init__(self, blob: Blob, layout: Layout, report: Report, mode: str):
        self.blob, self.layout, self.report, self.mode = blob, layout, report, mode
        self.path = blob.path

    def __len__(self) -> int:
        """Number of traces."""
        return self.layout.count

    def __enter__(self) -> "SegyFile":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.blob.close()

    @property
    def binary(self) -> dict[str, int]:
        """Words of the binary header by name, those of segyio's BinField."""
        at = self.layout.start + TEXT_BYTES
        return BinaryHeader(self.blob.read(at, BINARY_BYTES).tobytes(), self.layout.order, at).words()

    @property
    def samples(self) -> int:
        """Samples of a trace, of the longest where they differ."""
        return self.layout.samples

    @property
    def time(self) -> TimeAxis:
        """The time axis of a trace, ms."""
        return TimeAxis((self.samples - 1) * self.layout.interval, self.layout.interval)

    @property
    def text(self) -> str:
        """The textual header, 40 lines."""
        return decode_text(self.blob.read(self.layout.start, TEXT_BYTES))

    @property
    def extended_text(self) -> tuple[str, ...]:
        """The extended textual headers."""
        first = self.layout.start + FILE_HEADERS
        blocks = (self.blob.read(first + i * TEXT_BYTES, TEXT_BYTES) for i in range(self.layout.extended))
        return tuple(map(decode_text, blocks))

    def headers(self, keys: Sequence[str | Word], traces: Any = slice(None)) -> np.ndarray:
        """The words of some trace headers as a structured array, unscaled, with the scalars they need."""
        raw = self.raw_headers(self._numbers(traces))
        return raw.view(header_dtype(keys, self.layout.order)).reshape(-1)

    def header(self, key: str | Word, traces: Any = slice(None)) -> np.ndarray:
        """One word of every chosen trace header.

        Arguments:
            key: a name such as "SourceX" (those of segyio's TraceField), or a ``Word``.
            traces: a number, slice or list of trace numbers; all by default.

        Returns float64 in the unit of the file where a scalar word applies to the key, else whole numbers.
        """
        return scaled(self.headers([word(key)], traces), key, self.layout.revision)

    def raw_headers(self, numbers: np.ndarray) -> np.ndarray:
        """The bytes of trace headers, uint8 (n, 240)."""
        out = np.empty((len(numbers), HEADER_BYTES), np.uint8)
        at = 0
        for first, count in runs(numbers):
            out[at : at + count] = self._rows(first, count)
            at += count
        return out

    def _rows(self, first: int, count: int) -> np.ndarray:
        layout = self.layout
        if layout.offsets is not None:
            near = Nearby(self.blob)
            return np.stack([near.read(int(at), HEADER_BYTES) for at in layout.offsets[first : first + count]])
        return self.blob.rows(layout.first + first * layout.stride, layout.stride, HEADER_BYTES, count)

    def traces(self, traces: Any = slice(None)) -> np.ndarray:
        """The samples of some traces, (trace, sample); contiguous ones cost one read.

        Arguments:
            traces: a number, slice or list of trace numbers; all by default.

        Returns the sample format's own type in native byte order: float32 for IBM. Traces shorter than the longest
        are filled with zeros. Samples that are not finite are a finding, and refused in strict mode.
        """
        numbers = self._numbers(traces)
        parts = [self._read(first, count) for first, count in runs(numbers)]
        samples = np.concatenate(parts) if parts else np.zeros((0, self.samples), np.float32)
        self._check_finite(samples, numbers)
        return samples

    def _read(self, first: int, count: int) -> np.ndarray:
        layout = self.layout
        if layout.offsets is not None and layout.lengths is not None:
            places = zip(layout.offsets[first : first + count], layout.lengths[first : first + count], strict=True)
            return np.stack([self._short(int(at), int(n)) for at, n in places])
        block = self.blob.read(layout.first + first * layout.stride, count * layout.stride)
        if block.size < count * layout.stride:
            raise fatal(self.report, "size", f"{count} traces from trace {first} on", f"{block.size} bytes of them")
        raw = block.reshape(count, layout.stride)[:, layout.header_bytes :]
        return decode(np.ascontiguousarray(raw), layout.format, layout.order)

    def _short(self, at: int, samples: int) -> np.ndarray:
        layout = self.layout
        raw = self.blob.read(at + layout.header_bytes, samples * layout.format.bytes)
        return np.pad(decode(raw, layout.format, layout.order), (0, layout.samples - samples))

    def _numbers(self, traces: Any) -> np.ndarray:
        count = len(self)
        if isinstance(traces, slice):
            return np.arange(count)[traces]
        numbers = np.atleast_1d(np.asarray(traces))
        if numbers.size and not np.issubdtype(numbers.dtype, np.integer):
            raise _checks.fail("traces", "trace numbers", repr(traces))
        if np.any((numbers < -count) | (numbers >= count)):
            raise IndexError(f"traces: expected numbers from 0 to {count - 1}, got {numbers.min()} to {numbers.max()}.")
        return (numbers % max(count, 1)).astype(int)

    def _check_finite(self, samples: np.ndarray, numbers: np.ndarray) -> None:
        if samples.dtype.kind != "f" or np.isfinite(samples).all():
            return
        bad = ~np.isfinite(samples)
        trace, sample = (int(i) for i in np.argwhere(bad)[0])
        at = self.layout.place(int(numbers[trace]))[0] + self.layout.header_bytes
        value = f"{int(bad.sum())} samples of {int(bad.any(1).sum())} traces"
        self.report.problem(
            "samples-not-finite", at + sample * self.layout.format.bytes, value, "they are left as they are"
        )
        if self.mode == "strict":
            self.report.refuse()


def runs(numbers: np.ndarray) -> list[tuple[int, int]]:
    """Numbers as runs of consecutive ones, (first, count), in their order."""
    if len(numbers) == 0:
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    firsts = np.concatenate([[0], breaks])
    counts = np.diff(np.concatenate([firsts, [len(numbers)]]))
    return [(int(numbers[i]), int(n)) for i, n in zip(firsts, counts, strict=True)]
