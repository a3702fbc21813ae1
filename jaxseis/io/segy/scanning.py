"""Scanning: from files to the index of their shots, reading trace headers only.

Traces with equal keys are a shot, wherever they are. Files go in order, each in pieces that threads share; a piece
gives its runs of traces that agree and the positions of its receivers. So memory grows with the number of
traces, a few bytes each, never with the files.
"""

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jaxseis import _checks
from jaxseis._progress import progress
from jaxseis.io.segy._grouping import assembled
from jaxseis.io.segy._pieces import Asked, read_piece
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.fields import Word, word
from jaxseis.io.segy.file import open_segy
from jaxseis.io.segy.finding_files import find_files
from jaxseis.io.segy.findings import MODES, SegyError
from jaxseis.io.segy.index import IndexedFile, ShotIndex, StaleIndexError
from jaxseis.io.segy.positions import HeaderGeometry

PIECE = 2**14  # traces
GROUPINGS = ("keys", "runs")


def scan(
    paths: Any,
    keys: str | Sequence[str | Word] = ("SourceX", "SourceY"),
    mode: str = "strict",
    geometry: HeaderGeometry = HeaderGeometry(),  # noqa: B008
    assume: Assume = Assume(),  # noqa: B008
    *,
    grouping: str = "keys",
    index: Any = None,
    threads: int | None = None,
    show: bool = True,
) -> ShotIndex:
    """The index of the shots in SEG-Y files; only trace headers are read (behind a URL, whole blocks of short traces).

    Arguments:
        paths: a file, a folder (its .sgy and .segy files, in the order of their names), a pattern such as
            "data/line*.sgy", a URL, or several of those, in order. A file that comes twice is read once.
        keys: trace header words that the traces of a shot have in common: names, or ``Word`` for bytes of your own.
        mode: "strict" refuses files with any inconsistency; "tolerant" reads what it can, and leaves out files that
            cannot be read, with a warning. See :func:`open_segy`.
        geometry: which words make up positions.
        assume: what you know better than the files.
        grouping: "keys": traces with equal keys are one shot wherever they are; "runs": only where no trace of
            another shot is between, from one file to the next too.
        index: file to keep the index in: taken from there if all files are as they were, else written.
        threads: how many read at a time.
        show: whether to show a progress bar.

    Dead and auxiliary traces (identification codes 2 to 8) belong to no shot. It is a finding if the source moves
    within a shot, field records are merged or components mixed.

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
    words = tuple(map(word, [keys] if isinstance(keys, (str, Word)) else keys))
    if not words:
        raise _checks.fail("keys", "at least one trace header word", "none")
    if index is not None and not Path(index).resolve().parent.is_dir():
        raise _checks.fail("index", "a file in a folder that exists", str(index))
    files, asked = find_files(paths), Asked(words, mode, geometry, assume, grouping)
    kept = _kept(index, files, asked)
    if kept is not None:
        return kept
    workers = min(32, 2 * (os.cpu_count() or 1)) if threads is None else _checks.whole("threads", threads, 1)
    found = _scan(files, asked, workers, show)
    if index is not None:
        found.save(index)
    return found


def _kept(path: Any, files: list[str], asked: Asked) -> ShotIndex | None:
    """The index in a file, if it is that of this scan and nothing has changed since."""
    if path is None or not Path(path).exists():
        return None
    try:
        index = ShotIndex.load(path)
    except StaleIndexError:
        return None
    return index if index.asked == repr(asked) and [f.path for f in index.files] == files else None


def _scan(files: list[str], asked: Asked, threads: int, show: bool) -> ShotIndex:
    with ThreadPoolExecutor(threads) as pool:
        opening = pool.map(lambda path: _open(path, asked), files)
        found = progress(opening, "opening", show and len(files) > 100)
        opened = [entry for entry in found if entry is not None]
        places = [(n, f, first) for n, f in enumerate(opened) for first in range(0, f.layout.count, PIECE)]

        def read(place: tuple[int, IndexedFile, int]) -> Any:
            number, entry, first = place
            return read_piece(number, entry, first, min(PIECE, entry.layout.count - first), asked)

        pieces = []
        with progress(sum(f.layout.count for f in opened), "scanning", show) as bar:
            for piece in pool.map(read, places):
                pieces.append(piece)
                bar.update(piece.traces)
    index = assembled(opened, pieces, asked)
    for file in opened:
        if asked.mode == "strict":
            file.report.refuse()
    return index


def _open(path: str, asked: Asked) -> IndexedFile | None:
    try:
        with open_segy(path, asked.mode, asked.assume) as file:
            return IndexedFile(path, file.blob.stamp, file.layout, file.report)
    except SegyError as error:
        if asked.mode == "strict":
            raise
        warnings.warn(f"Left out: {error}", stacklevel=2)
        return None
