"""Runs of traces into shots, and checks of each shot as a whole."""

from collections.abc import Sequence

import numpy as np

from jaxseis.io.segy._pieces import Asked, Piece
from jaxseis.io.segy.findings import counted
from jaxseis.io.segy.index import IndexedFile, ShotIndex

COMPONENT = 9  # identification codes from here on name a kind of recorder, or one of its components


def assembled(files: Sequence[IndexedFile], pieces: Sequence[Piece], asked: Asked) -> ShotIndex:
    """The index: runs sorted by shot, receivers with them; what was odd goes into the reports of the files."""
    _report_tallies(files, pieces)
    runs = _joined_up(pieces, "runs", (0, 3)).astype(int)
    keys = _joined_up(pieces, "keys", (0, len(asked.keys)))
    sources, records = _joined_up(pieces, "sources", (0, 3)), _joined_up(pieces, "records", (0,))
    codes, receivers = _joined_up(pieces, "codes", (0,)), _joined_up(pieces, "receivers", (0, 3))
    shot_of = _shots(keys, asked.grouping)
    order = np.argsort(shot_of, kind="stable")
    begins = np.searchsorted(shot_of[order], np.arange(shot_of.max(initial=-1) + 2))
    first = order[begins[:-1]]
    own = "FieldRecord" in [key.name for key in asked.keys]
    kinds = np.where(codes >= COMPONENT, codes, 1)
    _check(files, runs, np.any(sources != sources[first][shot_of], axis=1), *SOURCE_MOVES)
    _check(files, runs, (records != records[first][shot_of]) & (not own), *RECORDS_MERGED)
    _check(files, runs, kinds != kinds[first][shot_of], *COMPONENTS_MIXED)
    nowhere = not sources.any() and not receivers.any()
    _check(files, runs, np.full(len(runs), nowhere), *POSITIONS_MISSING)
    traces = _trace_order(runs[:, 2], order)
    joined, run_starts = _joined(runs[order], begins)
    return ShotIndex(
        files=tuple(files),
        keys={key.name: keys[first, i] for i, key in enumerate(asked.keys)},
        sources=sources[first],
        receivers=receivers[traces],
        delays=_joined_up(pieces, "delays", (0,))[traces],
        trace_starts=np.concatenate([[0], np.cumsum(runs[order, 2])])[begins],
        runs=joined,
        run_starts=run_starts,
        asked=repr(asked),
    )


SOURCE_MOVES = "source-moves", 73, "the shot's source is where its first trace says"
RECORDS_MERGED = "records-merged", 9, "one shot; keys with FieldRecord among them make several"
COMPONENTS_MIXED = "components-mixed", 29, "one shot; keys with TraceIdentificationCode among them part them"
POSITIONS_MISSING = "positions-missing", 73, "all sources and receivers at zero"


def _joined_up(pieces: Sequence[Piece], name: str, empty: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([getattr(p, name) for p in pieces] or [np.zeros(empty)])


def _report_tallies(files: Sequence[IndexedFile], pieces: Sequence[Piece]) -> None:
    """One finding for what is odd in the same way in several traces of a file, unless opening it has told already."""
    sums: dict[tuple[int, str, str], tuple[int, int, bool]] = {}
    for piece in pieces:
        for t in piece.tallies:
            offset, count, _ = sums.get((piece.file, t.name, t.assumed), (t.offset, 0, t.problem))
            sums[piece.file, t.name, t.assumed] = offset, count + t.count, t.problem
    told = [set(f.report.names) for f in files]
    for (file, name, assumed), (offset, count, problem) in sums.items():
        report = files[file].report
        if name not in told[file]:
            (report.problem if problem else report.note)(name, offset, counted(count, "trace"), assumed)


def _check(
    files: Sequence[IndexedFile], runs: np.ndarray, wrong: np.ndarray, name: str, byte: int, assumed: str
) -> None:
    """A finding in every file that has runs of which something is wrong."""
    for number in np.unique(runs[wrong, 0]):
        some = runs[wrong & (runs[:, 0] == number)]
        at = files[number].layout.place(int(some[0, 1]))[0] + byte - 1
        files[number].report.problem(name, at, counted(int(some[:, 2].sum()), "trace"), assumed)


def _shots(keys: np.ndarray, grouping: str) -> np.ndarray:
    """The shot of each run, numbered in the order in which shots come first."""
    if len(keys) == 0:
        return np.zeros(0, int)
    if grouping == "runs":
        return np.concatenate([[0], np.cumsum(np.any(keys[1:] != keys[:-1], axis=1))])
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.reshape(-1)]


def _trace_order(counts: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Numbers of the traces of runs put in another order."""
    starts = np.cumsum(counts) - counts
    sizes = counts[order]
    return np.repeat(starts[order] - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())


def _joined(runs: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of one shot that follow each other made one, and where the runs of each shot begin."""
    starts = np.ones(len(runs), bool)
    starts[1:] = (runs[1:, 0] != runs[:-1, 0]) | (runs[1:, 1] != runs[:-1, 1] + runs[:-1, 2])
    starts[begins[:-1]] = True
    kept = np.flatnonzero(starts)
    joined = runs[kept].copy()
    if len(kept):
        joined[:, 2] = np.add.reduceat(runs[:, 2], kept)
    return joined, np.searchsorted(kept, begins)
