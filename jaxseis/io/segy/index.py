"""The index of a survey: which traces of which files belong to which shot, and where they were recorded."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np

from jaxseis import _checks
from jaxseis.io._atomic import atomic
from jaxseis.io.blob import stamp_of
from jaxseis.io.segy.findings import Finding, Report, counted
from jaxseis.io.segy.layout import Layout
from jaxseis.io.segy.samples import FORMATS

VERSION = 1


class StaleIndexError(ValueError):
    """Files have changed, or are gone, since they were scanned."""


@dataclass(frozen=True)
class IndexedFile:
    """One file of an index.

    Attributes:
        path: of the file, absolute, or its URL.
        stamp: changes when the file does.
        layout: how it is read.
        report: what was found in it.
    """

    path: str
    stamp: str
    layout: Layout
    report: Report


@dataclass(frozen=True)
class ShotIndex:
    """The shots of a survey; made by :func:`scan`, kept in a file by :meth:`save`.

    Attributes:
        files: the files, in order.
        keys: by name, the value that the traces of each shot have in common, (shots,).
        sources: (shots, 3), survey coordinates X, Y and depth Z, metres.
        receivers: (traces, 3), all shots one after another.
        delays: (traces,), time of the first sample, ms.
        trace_starts: (shots + 1,): shot i has traces ``trace_starts[i]`` to ``trace_starts[i + 1] - 1``.
        runs: (runs, 3), file, first trace and number of traces of every run of consecutive ones.
        run_starts: (shots + 1,): shot i has runs ``run_starts[i]`` to ``run_starts[i + 1] - 1``.
        asked: what the scan was asked for.
    """

    files: tuple[IndexedFile, ...]
    keys: Mapping[str, np.ndarray]
    sources: np.ndarray
    receivers: np.ndarray
    delays: np.ndarray
    trace_starts: np.ndarray
    runs: np.ndarray
    run_starts: np.ndarray
    asked: str = ""

    def __len__(self) -> int:
        """Number of shots."""
        return len(self.sources)

    @property
    def traces(self) -> int:
        """Number of traces."""
        return len(self.receivers)

    def runs_of(self, shot: int) -> np.ndarray:
        """The runs (n, 3) of one shot."""
        return self.runs[self.run_starts[shot] : self.run_starts[shot + 1]]

    def traces_of(self, shot: int) -> slice:
        """Where the traces of one shot are in ``receivers`` and ``delays``."""
        return slice(int(self.trace_starts[shot]), int(self.trace_starts[shot + 1]))

    @property
    def report(self) -> str:
        """The reports of all files in which anything was found."""
        return "\n".join(str(f.report) for f in self.files if len(f.report)) or "nothing found in any file"

    def __str__(self) -> str:
        counts = np.diff(self.trace_starts)
        per_shot = f"{counts.min()} to {counts.max()}" if counts.size and np.ptp(counts) else str(counts[:1].sum())
        lines = [f"{len(self)} shots, {self.traces} traces ({per_shot} a shot) in {len(self.files)} files"]
        lines += [
            f"  {name} {axis}: {values.min():.6g} to {values.max():.6g} m"
            for name, table in (("sources", self.sources), ("receivers", self.receivers))
            for axis, values in zip("XYZ", table.T, strict=True)
            if values.size
        ]
        axes = sorted({(f.layout.samples, f.layout.interval) for f in self.files})
        lines += [f"  {samples} samples of {interval:g} ms" for samples, interval in axes]
        problems = sum(len(f.report.problems) for f in self.files)
        notes = sum(len(f.report) for f in self.files) - problems
        return "\n".join([*lines, f"  {counted(problems, 'problem')}, {counted(notes, 'note')}"])

    def save(self, path: Any) -> None:
        """Write the index to a NumPy archive (.npz), whole or not at all."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        facts = {
            "version": VERSION,
            "asked": self.asked,
            "keys": list(self.keys),
            "files": [_file_facts(f) for f in self.files],
        }
        arrays |= {f"key {name}": values for name, values in self.keys.items()}
        arrays |= _varied_lengths(self.files)
        with atomic(path) as temporary, open(temporary, "wb") as out:
            np.savez_compressed(out, facts=np.array(json.dumps(facts)), **arrays)

    @staticmethod
    def load(path: Any) -> "ShotIndex":
        """The index that :meth:`save` wrote.

        Raises StaleIndexError if a file has changed or is gone since, ValueError if the archive is no index.
        """
        index = _load(path)
        changed = [f.path for f in index.files if _stamp_now(f.path) != f.stamp]
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            raise StaleIndexError(
                f"{path}: {', '.join(changed[:3])}{more} changed or went away since the scan: scan again."
            )
        return index


_ARRAYS = ("sources", "receivers", "delays", "trace_starts", "runs", "run_starts")


def _load(path: Any) -> ShotIndex:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            contents = {name: archive[name] for name in archive.files}
        facts = json.loads(str(contents["facts"]))
    except FileNotFoundError:
        raise
    except (KeyError, ValueError, EOFError, OSError, BadZipFile, zlib.error) as error:
        raise _checks.fail("path", "an index that ShotIndex.save wrote", str(path), "Scan again.") from error
    if facts.get("version") != VERSION:
        raise StaleIndexError(f"{path}: an index of version {facts.get('version')}, not {VERSION}: scan again.")
    files = tuple(_file_of(entry, number, contents) for number, entry in enumerate(facts["files"]))
    keys = {name: contents[f"key {name}"] for name in facts["keys"]}
    return ShotIndex(files, keys, **{name: contents[name] for name in _ARRAYS}, asked=facts["asked"])


def _stamp_now(path: str) -> str | None:
    try:
        return stamp_of(path)
    except OSError:
        return None


def _file_facts(entry: IndexedFile) -> dict[str, Any]:
    layout = {k: v for k, v in vars(entry.layout).items() if k not in ("format", "offsets", "lengths")}
    layout["code"] = entry.layout.format.code
    return {
        "path": entry.path,
        "stamp": entry.stamp,
        "layout": layout,
        "findings": [asdict(f) for f in entry.report],
    }


def _varied_lengths(files: tuple[IndexedFile, ...]) -> dict[str, np.ndarray]:
    """Tables of files whose traces differ in length."""
    varied = {number: f.layout for number, f in enumerate(files) if f.layout.offsets is not None}
    return {f"{name} {n}": getattr(x, name) for n, x in varied.items() for name in ("offsets", "lengths")}


def _file_of(facts: dict[str, Any], number: int, contents: dict[str, np.ndarray]) -> IndexedFile:
    words: dict[str, Any] = dict(facts["layout"])
    code = words.pop("code")
    words |= {name: contents.get(f"{name} {number}") for name in ("offsets", "lengths")}
    words["revision"] = tuple(words["revision"])
    layout = Layout(format=FORMATS[code], **words)
    report = Report(facts["path"], [Finding(**f) for f in facts["findings"]])
    return IndexedFile(facts["path"], facts["stamp"], layout, report)
