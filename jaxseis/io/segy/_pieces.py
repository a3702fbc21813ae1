"""Some traces of one file as a scan sees them: runs of traces that agree, receivers, and what was odd."""

from dataclasses import dataclass

import numpy as np

from jaxseis.io.blob import open_blob
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.fields import Word, header_dtype, scaled
from jaxseis.io.segy.file import SegyFile
from jaxseis.io.segy.index import IndexedFile, StaleIndexError
from jaxseis.io.segy.layout import Layout
from jaxseis.io.segy.positions import METRES_PER_FOOT, HeaderGeometry

NOT_SEISMIC = (2, 8)  # identification codes from dead over dummy, time break, uphole, sweep, timing to water break
USUAL = np.isin(np.arange(-(2**15), 2**15), [0, *(sign * 10**n for sign in (1, -1) for n in range(5))])
"""Whether a scalar is one of the standard's, or zero, by its value plus 2^15."""
ANGLES = (2, 4)  # units of coordinates: seconds of arc, degrees, degrees with minutes and seconds


@dataclass(frozen=True)
class Asked:
    """What is asked of a scan."""

    keys: tuple[Word, ...]
    mode: str
    geometry: HeaderGeometry
    assume: Assume
    grouping: str

    @property
    def words(self) -> tuple[str | Word, ...]:
        """Every trace header word that is read."""
        checked = ("FieldRecord", "TraceIdentificationCode", "CoordinateUnits")
        lengths = ("TRACE_SAMPLE_COUNT", "TRACE_SAMPLE_INTERVAL", "DelayRecordingTime")
        return (*self.keys, *self.geometry.words(), *checked, *lengths, "SourceGroupScalar", "ElevationScalar")


@dataclass(frozen=True)
class Tally:
    """So many traces with a finding, the first of them at a byte."""

    name: str
    offset: int
    count: int
    assumed: str
    problem: bool


@dataclass(frozen=True)
class Piece:
    """What was found in some traces of one file.

    A run is traces one after another with equal keys, source, field record and identification code.

    Attributes:
        file: number of the file.
        traces: how many were read.
        runs: (runs, 3): file, first trace, number of traces.
        keys: of each run.
        sources: of each run, (runs, 3), metres.
        records: field record of each run.
        codes: identification code of each run.
        receivers: of each trace in a run, (n, 3), metres.
        delays: of each trace in a run, ms.
        tallies: what was odd.
    """

    file: int
    traces: int
    runs: np.ndarray
    keys: np.ndarray
    sources: np.ndarray
    records: np.ndarray
    codes: np.ndarray
    receivers: np.ndarray
    delays: np.ndarray
    tallies: tuple[Tally, ...]


def read_piece(number: int, entry: IndexedFile, first: int, count: int, asked: Asked) -> Piece:
    """The piece of ``count`` traces of a file, from ``first`` on."""
    layout = entry.layout
    with reopened(entry, asked.mode) as file:
        raw = file.raw_headers(np.arange(first, first + count))
    headers = raw.view(header_dtype(asked.words, layout.order)).reshape(-1)
    tallies = _tallies(headers, layout, first, asked.assume)
    dead = _dead(headers)
    traces = np.arange(first, first + count)[~dead]
    headers = headers[~dead] if dead.any() else headers
    unit = METRES_PER_FOOT if layout.feet else 1.0
    keys = np.stack([scaled(headers, key, layout.revision).astype(float) for key in asked.keys], axis=1)
    sources = asked.geometry.sources(headers, layout.revision) * unit
    records, codes = headers["FieldRecord"].astype(int), headers["TraceIdentificationCode"].astype(int)
    table = np.concatenate([keys, sources, records[:, None], codes[:, None]], axis=1)
    begins = np.flatnonzero(_begins_run(table, traces))
    lengths = np.diff(np.append(begins, len(traces)))
    return Piece(
        number,
        count,
        np.stack([np.full(len(begins), number), traces[begins], lengths], axis=1),
        keys[begins],
        sources[begins],
        records[begins],
        codes[begins],
        asked.geometry.receivers(headers, layout.revision) * unit,
        scaled(headers, "DelayRecordingTime", layout.revision).astype(float),
        tallies,
    )


def reopened(entry: IndexedFile, mode: str) -> SegyFile:
    """A file of an index, opened by the layout that is known."""
    try:
        blob = open_blob(entry.path)
    except FileNotFoundError as error:
        raise StaleIndexError(f"{entry.path} went away since it was scanned: scan again.") from error
    if blob.stamp != entry.stamp:
        blob.close()
        raise StaleIndexError(f"{entry.path} changed since it was scanned: scan again.")
    return SegyFile(blob, entry.layout, entry.report, mode)


def _dead(headers: np.ndarray) -> np.ndarray:
    code = headers["TraceIdentificationCode"]
    return (code >= NOT_SEISMIC[0]) & (code <= NOT_SEISMIC[1])


def _begins_run(table: np.ndarray, traces: np.ndarray) -> np.ndarray:
    begins = np.ones(len(traces), bool)
    begins[1:] = np.any(table[1:] != table[:-1], axis=1) | (np.diff(traces) != 1)
    return begins


def _tallies(headers: np.ndarray, layout: Layout, first: int, assume: Assume) -> tuple[Tally, ...]:
    """What is odd in words that traces should have in common, or that must be usual."""
    found = []

    def tally(wrong: np.ndarray, name: str, byte: int, assumed: str, problem: bool = True) -> None:
        if wrong.any():
            at = layout.place(first + int(np.argmax(wrong)))[0] + byte - 1
            found.append(Tally(name, at, int(wrong.sum()), assumed, problem))

    samples, interval = headers["TRACE_SAMPLE_COUNT"], headers["TRACE_SAMPLE_INTERVAL"].astype(np.uint16)
    if layout.lengths is None and layout.samples < 2**16 and assume.samples is None:
        tally((samples != 0) & (samples != layout.samples), "samples-disagree", 115, f"{layout.samples} samples")
    if assume.interval is None:
        wrong = (interval != 0) & (np.abs(interval - 1000 * layout.interval) >= 1)
        tally(wrong, "interval-disagrees", 117, f"{layout.interval:g} ms")
    units = headers["CoordinateUnits"]
    angles = (units >= ANGLES[0]) & (units <= ANGLES[1])
    tally(angles, "coordinates-are-angles", 89, "the numbers are taken as lengths: convert them")
    for name, byte in (("SourceGroupScalar", 71), ("ElevationScalar", 69)):
        tally(~USUAL[headers[name].astype(int) + 2**15], "scalar-odd", byte, "applied as it stands")
        tally(headers[name] == 0, "scalar-zero", byte, "taken as one", problem=False)
    tally(_dead(headers), "not-seismic", 29, "dead or auxiliary: left out of all shots", problem=False)
    delayed = headers["DelayRecordingTime"] != 0
    tally(delayed, "recording-delay", 109, "shots begin at time zero: moved by the delay", problem=False)
    return tuple(found)
