"""Where the traces of a file are: at equal distances, or each after the one before."""

from dataclasses import dataclass

import numpy as np

from jaxseis.io.blob import Blob, Nearby
from jaxseis.io.segy._evidence import PROBES
from jaxseis.io.segy._guess import Guess
from jaxseis.io.segy.fields import HEADER_BYTES


@dataclass(frozen=True)
class Traces:
    """The traces of a file: as in a guess, or with offsets and lengths of their own."""

    extended: int
    first: int
    header_bytes: int
    samples: int
    sample_bytes: int
    count: int
    heads: np.ndarray
    offsets: np.ndarray | None = None
    lengths: np.ndarray | None = None

    def place(self, trace: int) -> tuple[int, int]:
        """Byte and samples of one trace."""
        if self.offsets is not None and self.lengths is not None:
            return int(self.offsets[trace]), int(self.lengths[trace])
        return self.first + trace * (self.header_bytes + self.samples * self.sample_bytes), self.samples


def walk(blob: Blob, guesses: list[Guess], order: str, nothing_else: bool) -> Traces | None:
    """Traces of different lengths, each as its header says, from where one of the guesses begins.

    They must end where the file does; or before, in a plausible way, if there is nothing else.
    """
    near = Nearby(blob)
    for guess in {(g.first, g.header_bytes, g.end): g for g in guesses}.values():
        offsets, lengths, end = _steps(near, guess, order)
        if len(lengths) == 0 or min(lengths) == max(lengths):
            continue
        whole = end == guess.end
        if whole or (nothing_else and _plausible(near, offsets, order)):
            heads = np.stack([near.read(at, HEADER_BYTES) for at in offsets[:PROBES]])
            return Traces(
                guess.extended,
                guess.first,
                guess.header_bytes,
                max(lengths),
                guess.sample_bytes,
                len(lengths),
                heads,
                np.array(offsets, np.int64),
                np.array(lengths, np.int64),
            )
    return None


def _steps(near: Nearby, guess: Guess, order: str) -> tuple[list[int], list[int], int]:
    """Offsets and lengths of whole traces from ``first`` on, and where the last ends."""
    at, offsets, lengths = guess.first, [], []
    while at + guess.header_bytes < guess.end:
        samples = int(near.read(at + 114, 2).view(f"{order}u2")[0])
        after = at + guess.header_bytes + samples * guess.sample_bytes
        if samples == 0 or after > guess.end:
            break
        offsets.append(at)
        lengths.append(samples)
        at = after
    return offsets, lengths, at


def _plausible(near: Nearby, offsets: list[int], order: str) -> bool:
    """Whether several headers have one positive interval."""
    intervals = [int(near.read(at + 116, 2).view(f"{order}i2")[0]) for at in offsets[:PROBES]]
    return len(offsets) > 2 and min(intervals) == max(intervals) > 0
