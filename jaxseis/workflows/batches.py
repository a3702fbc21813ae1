"""Batches of shots, the same ones from memory and from files."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import jax
import numpy as np

from jaxseis import io
from jaxseis.objectives import shot_batches
from jaxseis.shots import Shots

Batch = tuple[np.ndarray, Shots]


def random_batches(shots: Any, seed: int, size: int, first: int = 0) -> Iterator[Batch]:
    """Random batches without end, read ahead on a thread where they come from files.

    Arguments:
        shots: ``Shots`` or ``io.SegyShots``.
        seed: of the order; the same for both gives the same batches.
        size: shots in a batch; all if there are fewer.
        first: how many batches to leave out at the start.

    Yields the numbers of the shots and the shots.

    ```python
    numbers, batch = next(random_batches(observed, seed=0, size=4))
    ```
    """
    numbers = shot_batches(jax.random.key(seed), len(shots), min(size, len(shots)))
    return _batches(shots, islice(numbers, first, None))


def batches_in_order(shots: Any, size: int) -> Iterator[Batch]:
    """All shots once, ``size`` at a time; the last batch may be smaller."""
    numbers = np.arange(len(shots))
    return _batches(shots, (numbers[i : i + size] for i in range(0, len(shots), size)))


def in_memory(shots: Any) -> Shots:
    """The shots with their traces."""
    return shots if isinstance(shots, Shots) else shots.load()


def _batches(shots: Any, order: Iterator[np.ndarray]) -> Iterator[Batch]:
    if isinstance(shots, Shots):
        return ((numbers, shots[numbers]) for numbers in order)
    return io.read_ahead(shots, order)
