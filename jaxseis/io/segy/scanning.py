"""Scanning: from files to the index of their shots, reading trace headers only.

Traces with equal keys are a shot, wherever they are. Files go in order, each in pieces that threads share;
a piece gives a table of its runs, traces with equal keys one after another, and the positions of its receivers. So
memory grows with the number of traces, a few bytes each, never with the files.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis._progress import progress
from jaxseis.io.blob import filesystem, is_url, open_blob
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.fields import Word, header_dtype, scaled, word
from jaxseis.io.segy.file import SegyFile, open_segy
from jaxseis.io.segy.findings import MODES
from jaxseis.io.segy.index import IndexedFile, ShotIndex, StaleIndexError
from jaxseis.io.segy.positions import METRES_PER_FOOT, HeaderGeometry

SUFFIXES = (".sgy", ".segy")
PIECE = 2**14  # traces
NOT_SEISMIC = range(2, 9)  # identification codes: dead, dummy, time break, uphole, sweep, timing, water break
USUAL_SCALARS = [0, *(sign * 10**n for sign in (1, -1) for n in range(5))]
GROUPINGS = ("keys", "runs")


@dataclass(frozen=True)
class Scan:
    """What is asked of a scan."""

    keys: tuple[Word, ...]
    mode: str
    geometry: HeaderGeometry
    assume: Assume
    grouping: str

    @property
    def dtype_words(self) -> tuple[str | Word, ...]:
        """Every trace header word that is read."""
        checked = ("TraceIdentificationCode", "CoordinateUnits", "TRACE_SAMPLE_COUNT", "TRACE_SAMPLE_INTERVAL")
        scalars = ("SourceGroupScalar", "ElevationScalar", "DelayRecordingTime")
        return (*self.keys, *self.geometry.words(), *checked, *scalars)


def scan(
    paths: Any,
    keys: Sequence[str | Word] = ("SourceX", "SourceY"),
    mode: str = "strict",
    geometry: HeaderGeometry = HeaderGeometry(),  # noqa: B008
    assume: Assume = Assume(),  # noqa: B008
    *,
    grouping: str = "keys",
    index: Any = None,
    threads: int | None = None,
    show: bool = True,
) -> ShotIndex:
    """The index of the shots in SEG-Y files; only trace headers are read.

    Arguments:
        paths: a file, a folder (its .sgy and .segy files, in the order of their names), a pattern such as
            "data/line*.sgy", a URL, or a list of those, in order.
        keys: trace header words that the traces of a shot have in common: names, or ``Word`` for bytes of your own.
        mode: "strict" refuses files with any inconsistency; "tolerant" reads what it can. See :func:`open_segy`.
        geometry: which words make up positions.
        assume: what you know better than the files.
        grouping: "keys": traces with equal keys are one shot wherever they are; "runs": only where nothing is between.
        index: file to keep the index in: taken from there if all files are as they were, else written.
        threads: how many read at a time.
        show: whether to show a progress bar.

    Dead and auxiliary traces (identification codes 2 to 8) belong to no shot.

    Returns the index; shots stand in the order in which they come first. Raises SegyError for files that cannot
    be read, OSError if there are none.

    ```python
    index = scan("survey/", index="survey.npz")
    print(index)
    ```
    """
    if mode not in MODES:
        raise _checks.fail("mode", '"strict" or "tolerant"', repr(mode))
    if grouping not in GROUPINGS:
        raise _checks.fail("grouping", '"keys" or "runs"', repr(grouping))
    words = tuple(map(word, keys))
    if not words:
        raise _checks.fail("keys", "at least one trace header word", "none")
    files = find_files(paths)
    asked = Scan(words, mode, geometry, assume, grouping)
    kept = _kept(index, files, asked)
    if kept is not None:
        return kept
    found = _scan(files, asked, threads or min(32, 2 * (os.cpu_count() or 1)), show)
    if index is not None:
        found.save(index)
    return found


def find_files(paths: Any) -> list[str]:
    """Files and URLs that ``paths`` stands for, in order: see :func:`scan`.

    Raises OSError if one of them stands for nothing.
    """
    if isinstance(paths, (list, tuple)):
        return [file for path in paths for file in find_files(path)]
    path = str(paths)
    found = _remote_files(path) if is_url(path) else _local_files(path)
    if not found:
        raise FileNotFoundError(f"paths: expected a SEG-Y file, a folder with files {', '.join(SUFFIXES)}, a pattern "
                                f"or a URL, got {path}, where there is none.")  # fmt: skip
    return found


def _local_files(path: str) -> list[str]:
    if Path(path).is_dir():
        return sorted(str(p.resolve()) for p in Path(path).iterdir() if p.is_file() and _has_suffix(p.name))
    if Path(path).exists():
        return [str(Path(path).resolve())]
    return sorted(str(Path(p).resolve()) for p in glob(path, recursive=True) if Path(p).is_file())


def _remote_files(url: str) -> list[str]:
    fs, key = filesystem(url)
    if any(c in key for c in "*?["):
        return [fs.unstrip_protocol(k) for k in sorted(fs.glob(key))]
    if fs.isdir(key):
        names = (entry["name"] for entry in fs.ls(key, detail=True) if entry["type"] == "file")
        return [fs.unstrip_protocol(k) for k in sorted(names) if _has_suffix(k)]
    return [url] if fs.exists(key) else []


def _has_suffix(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _kept(path: Any, files: list[str], asked: Scan) -> ShotIndex | None:
    """The index in a file, if it is that of this scan and nothing has changed since."""
    if path is None or not Path(path).exists():
        return None
    try:
        index = ShotIndex.load(path)
    except StaleIndexError:
        return None
    return index if index.asked == repr(asked) and [f.path for f in index.files] == files else None


def _scan(files: list[str], asked: Scan, threads: int, show: bool) -> ShotIndex:
    with ThreadPoolExecutor(threads) as pool:
        opening = pool.map(lambda path: _open(path, asked), files)
        opened = list(progress(opening, "opening", show and len(files) > 100))
        pieces = [(n, f, first) for n, f in enumerate(opened) for first in range(0, f.layout.count, PIECE)]
        tables = []
        with progress(sum(f.layout.count for f in opened), "scanning", show) as bar:
            for table in pool.map(lambda piece: _read_piece(piece[0], piece[1], piece[2], asked), pieces):
                tables.append(table)
                bar.update(table.read)
    for file in opened:
        if asked.mode == "strict":
            file.report.refuse()
    return _assembled(tuple(opened), tables, asked)


def _open(path: str, asked: Scan) -> IndexedFile:
    with open_segy(path, asked.mode, asked.assume) as file:
        return IndexedFile(path, file.blob.stamp, file.layout, file.report)


@dataclass(frozen=True)
class Piece:
    """What was found in some traces of one file.

    ``runs`` are rows (file, first trace, traces); ``values`` the keys of each run (runs, keys); ``sources`` its source.
    """

    read: int
    runs: np.ndarray
    values: np.ndarray
    sources: np.ndarray
    receivers: np.ndarray
    delays: np.ndarray


def _read_piece(number: int, entry: IndexedFile, first: int, asked: Scan) -> Piece:
    count = min(PIECE, entry.layout.count - first)
    with reopened(entry, asked.mode) as file:
        raw = file.raw_headers(np.arange(first, first + count))
    headers = raw.view(header_dtype(asked.dtype_words, entry.layout.order)).reshape(-1)
    _check_headers(headers, entry, first)
    live = ~np.isin(headers["TraceIdentificationCode"], NOT_SEISMIC)
    traces = first + np.flatnonzero(live)
    headers = headers[live]
    unit = METRES_PER_FOOT if entry.layout.feet else 1.0
    values = np.stack([scaled(headers, key).astype(float) for key in asked.keys], axis=1)
    sources = asked.geometry.sources(headers) * unit
    begins = np.flatnonzero(_begins_run(values, traces))
    _check_sources(sources, begins, entry, first)
    runs = np.stack([np.full(len(begins), number), traces[begins], np.diff(np.append(begins, len(traces)))], axis=1)
    receivers, delays = asked.geometry.receivers(headers) * unit, scaled(headers, "DelayRecordingTime")
    return Piece(count, runs, values[begins], sources[begins], receivers, delays)


def reopened(entry: IndexedFile, mode: str) -> SegyFile:
    """A file of an index, opened by the layout that is known."""
    blob = open_blob(entry.path)
    if blob.stamp != entry.stamp:
        blob.close()
        raise StaleIndexError(f"{entry.path} changed since it was scanned: scan again.")
    return SegyFile(blob, entry.layout, {}, entry.report, mode)


def _begins_run(values: np.ndarray, traces: np.ndarray) -> np.ndarray:
    begins = np.ones(len(traces), bool)
    begins[1:] = np.any(values[1:] != values[:-1], axis=1) | (np.diff(traces) != 1)
    return begins


def _check_headers(headers: np.ndarray, entry: IndexedFile, first: int) -> None:
    """Findings about words that traces should have in common."""
    layout, report = entry.layout, entry.report

    def tell(wrong: np.ndarray, name: str, byte: int, assumed: str, found: Any = report.problem) -> None:
        if wrong.any():
            at = layout.first + (first + int(np.argmax(wrong))) * layout.stride + byte - 1
            found(name, at, f"{int(wrong.sum())} of the traces from {first} on", assumed)

    samples, interval = headers["TRACE_SAMPLE_COUNT"], headers["TRACE_SAMPLE_INTERVAL"]
    if layout.lengths is None and layout.samples < 2**16:
        tell((samples != 0) & (samples != layout.samples), "samples-disagree", 115, f"{layout.samples} samples")
    expected = round(1000 * layout.interval)
    tell((interval != 0) & (interval != expected), "interval-disagrees", 117, f"{layout.interval:g} ms")
    angles = np.isin(headers["CoordinateUnits"], (2, 3, 4))
    tell(angles, "coordinates-are-angles", 89, "the numbers are taken as lengths: convert them")
    for word_name, byte in (("SourceGroupScalar", 71), ("ElevationScalar", 69)):
        scalars = headers[word_name]
        tell(~np.isin(scalars, USUAL_SCALARS), "scalar-odd", byte, "applied as it stands")
        tell(scalars == 0, "scalar-zero", byte, "taken as one", report.note)
    dead = np.isin(headers["TraceIdentificationCode"], NOT_SEISMIC)
    tell(dead, "not-seismic", 29, "dead or auxiliary: left out of all shots", report.note)


def _check_sources(sources: np.ndarray, begins: np.ndarray, entry: IndexedFile, first: int) -> None:
    """A finding if the source moves among traces that are one shot."""
    if len(begins) == 0:
        return
    counts = np.diff(np.append(begins, len(sources)))
    moved = np.any(sources != np.repeat(sources[begins], counts, axis=0), axis=1)
    if moved.any():
        at = entry.layout.first + (first + int(np.argmax(moved))) * entry.layout.stride + 72
        value = f"{int(moved.sum())} of the traces from {first} on"
        entry.report.problem("source-moves", at, value, "the position in the first trace of the shot")


def _assembled(files: tuple[IndexedFile, ...], pieces: list[Piece], asked: Scan) -> ShotIndex:
    """Runs sorted by shot, and the receivers with them."""
    runs = np.concatenate([p.runs for p in pieces] or [np.zeros((0, 3), int)])
    values = np.concatenate([p.values for p in pieces] or [np.zeros((0, len(asked.keys)))])
    sources = np.concatenate([p.sources for p in pieces] or [np.zeros((0, 3))])
    receivers = np.concatenate([p.receivers for p in pieces] or [np.zeros((0, 3))])
    delays = np.concatenate([p.delays for p in pieces] or [np.zeros(0)])
    shot_of = _shots(values, runs, asked.grouping)
    order = np.argsort(shot_of, kind="stable")
    begins = np.searchsorted(shot_of[order], np.arange(shot_of.max(initial=-1) + 2))
    traces = _trace_order(runs[:, 2], order)
    trace_starts = np.concatenate([[0], np.cumsum(runs[order, 2])])[begins]
    first = order[begins[:-1]]
    return ShotIndex(
        files=files,
        keys={key.name: values[first, i] for i, key in enumerate(asked.keys)},
        sources=sources[first],
        receivers=receivers[traces],
        delays=delays[traces],
        trace_starts=trace_starts,
        runs=_joined(runs[order], begins)[0],
        run_starts=_joined(runs[order], begins)[1],
        asked=repr(asked),
    )


def _shots(values: np.ndarray, runs: np.ndarray, grouping: str) -> np.ndarray:
    """The shot of each run, numbered in the order in which shots come first."""
    if len(values) == 0:
        return np.zeros(0, int)
    if grouping == "runs":
        follows = np.zeros(len(runs), bool)
        follows[1:] = _follows(runs) & np.all(values[1:] == values[:-1], axis=1)
        return np.cumsum(~follows) - 1
    _, first, inverse = np.unique(values, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.reshape(-1)]


def _follows(runs: np.ndarray) -> np.ndarray:
    """Whether each run but the first begins where the one before it ends: pieces cut them."""
    return (runs[1:, 0] == runs[:-1, 0]) & (runs[1:, 1] == runs[:-1, 1] + runs[:-1, 2])


def _trace_order(counts: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Numbers of the traces of runs put in another order."""
    starts = np.cumsum(counts) - counts
    sizes = counts[order]
    return np.repeat(starts[order] - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())


def _joined(runs: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of one shot that follow each other made one, and where the runs of each shot begin."""
    starts = np.ones(len(runs), bool)
    starts[1:] = ~_follows(runs)
    starts[begins[:-1]] = True
    kept = np.flatnonzero(starts)
    joined = runs[kept].copy()
    joined[:, 2] = np.add.reduceat(runs[:, 2], kept) if len(kept) else joined[:, 2]
    return joined, np.searchsorted(kept, begins)
