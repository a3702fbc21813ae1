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

from jaxseis import _checks
from jaxseis.engines._problem import Problem

LARGE = 1_000_000
"""Nodes from which the threads work inside one shot instead of on several shots."""
SMALL = 100_000
"""Nodes below which a shot that is alone has one thread: to wait for others in every step would take longer."""


def threads() -> int:
    """Threads used for propagation: ``JAXSEIS_THREADS``, else the processors this process may use."""
    given = os.environ.get("JAXSEIS_THREADS", "0")
    if not given.isdigit():
        raise _checks.fail("JAXSEIS_THREADS", "a number of threads", repr(given))
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return int(given) or available or 1


@lru_cache
def _executor(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="jaxseis")


def over_shots(problem: Problem, shots: int, work: Callable[..., Any]) -> Iterator[Any]:
    """``work(shot, parallel)`` for every shot, results in order."""
    workers, nodes = threads(), np.prod(problem.shape)
    if workers == 1 or shots == 1 or nodes >= LARGE:
        return map(partial(work, parallel=workers > 1 and nodes >= SMALL), range(shots))
    return _executor(workers).map(partial(work, parallel=False), range(shots))
