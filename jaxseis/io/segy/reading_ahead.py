"""Reading batches of shots on another thread while the ones before are in use."""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.shots import Shots


def read_ahead(shots: Any, selections: Iterable[np.ndarray], ahead: int = 1) -> Iterator[tuple[np.ndarray, Shots]]:
    """Selected shots in memory, one selection after another, each with its numbers.

    Arguments:
        shots: shots out of core.
        selections: numbers of shots, (n,) each; perhaps without end.
        ahead: how many selections are read before they are asked for; 0 reads on the caller's thread.

    An error in reading is raised when the selection's turn comes.

    ```python
    for numbers, batch in read_ahead(shots, [np.array([3, 1]), np.array([0, 2])]):
        print(numbers, batch.traces.shape)
    ```
    """
    ahead = _checks.whole("ahead", ahead, 0)
    order = iter(selections)
    return _reading(shots, order, ahead) if ahead else ((s, shots[s].load()) for s in order)


def _reading(shots: Any, order: Iterator[np.ndarray], ahead: int) -> Iterator[tuple[np.ndarray, Shots]]:
    pool = ThreadPoolExecutor(1, thread_name_prefix="jaxseis-read")
    try:
        waiting = deque((s, pool.submit(shots[s].load)) for s in islice(order, ahead))
        while waiting:
            selection, future = waiting.popleft()
            waiting.extend((s, pool.submit(shots[s].load)) for s in islice(order, 1))
            yield selection, future.result()
    finally:
        if not sys.is_finalizing():  # the parts a pool is made of are gone by then
            pool.shutdown(wait=True, cancel_futures=True)
