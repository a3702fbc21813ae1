"""What the trace headers that a guess finds say about it."""

from dataclasses import dataclass

import numpy as np

from jaxseis.io.blob import Blob
from jaxseis.io.segy._guess import Guess
from jaxseis.io.segy.fields import HEADER_BYTES

PROBES = 12  # trace headers looked at for every guess
ALIKE = 0.75  # share of the headers that must agree


@dataclass(frozen=True)
class Evidence:
    """What the headers that a guess finds have in common.

    ``alike`` is the share of them with the commonest pair of (samples, interval), ``samples`` and ``interval`` that
    pair: zeros say nothing. ``similar`` is the share of bytes that each header has in common with the next.
    """

    heads: np.ndarray
    alike: float
    samples: int
    interval: int
    similar: float

    @property
    def silent(self) -> bool:
        """Whether the headers hold zeros."""
        return self.samples == 0 and self.interval == 0


def find_evidence(blob: Blob, guess: Guess, order: str) -> Evidence:
    last = guess.count - 1
    spread = (last * i // (PROBES - 5) for i in range(PROBES - 4))
    which = sorted({*range(min(4, guess.count)), *spread})
    heads = np.stack([blob.read(guess.first + int(i) * guess.stride, HEADER_BYTES) for i in which])
    pairs, counts = np.unique(np.ascontiguousarray(heads[:, 114:118]).view("u4"), return_counts=True)
    samples, interval = (int(v) for v in pairs[np.argmax(counts)].reshape(1).view(f"{order}u2"))
    similar = float((heads[1:] == heads[:-1]).mean()) if len(heads) > 1 else 0.0
    return Evidence(heads, float(counts.max() / len(which)), samples, interval, similar)
