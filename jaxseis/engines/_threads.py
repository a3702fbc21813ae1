"""Shots over threads.

Shots run in a thread pool (a kernel call releases the interpreter lock), or one after another with the
threads inside the kernel where grids are large.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np

from jaxseis.engines._problem import Problem

LARGE = 1_000_000
"""Nodes from which the threads work inside one shot instead of on several shots."""


def threads() -> int:
    """Threads used for propagation: ``JAXSEIS_THREADS``, else the processors this process may use."""
    return int(os.environ.get("JAXSEIS_THREADS", 0)) or len(os.sched_getaffinity(0))


@lru_cache
def _executor(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="jaxseis")


def over_shots(problem: Problem, shots: int, work: Callable[..., Any]) -> Iterator[Any]:
    """``work(shot, parallel)`` for every shot, results in order."""
    workers = threads()
    if workers == 1 or shots == 1 or np.prod(problem.shape) >= LARGE:
        return map(partial(work, parallel=workers > 1), range(shots))
    return _executor(workers).map(partial(work, parallel=False), range(shots))
