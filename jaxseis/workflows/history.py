"""What happened in each iteration, in memory and as a table on disk."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxseis import _checks

LOG = "log.csv"


class Row(NamedTuple):
    """One iteration: its number from 0, corner of the band (Hz), relative misfit, seconds, and its shots."""

    iteration: int
    band_hz: float
    misfit: float
    seconds: float
    shots: str

    @staticmethod
    def of(iteration: int, band: float, misfit: Any, seconds: float, shots: np.ndarray) -> "Row":
        """A row of numbers of any kind; an error unless the misfit is finite."""
        listed = " ".join(map(str, shots))
        if not np.isfinite(misfit):
            remedy = "Look at these shots with `jaxseis plot gather`: are all samples finite?"
            where = f"{float(misfit)} in iteration {iteration}, with shots {listed}"
            raise _checks.fail("misfit", "a finite number", where, remedy)
        return Row(iteration, float(band), float(misfit), round(seconds, 3), listed)


class History:
    """Rows, written to ``log.csv`` in a folder as they come, or nowhere without a folder.

    Arguments:
        folder: where the table is; one that is there is replaced.
        rows: of a checkpoint: what came after it is done again.
    """

    def __init__(self, folder: Path | None, rows: Sequence[Sequence[Any]] = ()):
        self.rows = [Row(*row) for row in rows]
        self._path = None if folder is None else folder / LOG
        self._write("w", [Row._fields, *self.rows])

    def add(self, row: Row) -> None:
        """One more row."""
        self.rows.append(row)
        self._write("a", [row])

    def _write(self, mode: str, rows: Sequence[Sequence[Any]]) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open(mode, newline="") as file:
                csv.writer(file).writerows(rows)
