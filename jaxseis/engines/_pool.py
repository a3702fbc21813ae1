"""Buffers that stay warm: fresh memory costs a page fault per 4 KiB, more than the arithmetic on it.

Idle memory is kept as plain bytes, so that it serves arrays of any shape and type that fit.
"""

import bisect
import os
import threading
from typing import Any

import numpy as np

from jaxseis.engines._kernel import aligned

_lock = threading.Lock()
_idle: list[tuple[int, int, np.ndarray]] = []  # size, identity (to break ties), bytes; ascending
LIMIT = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 8
"""Bytes of idle memory kept for reuse; more is given back to the system."""


def acquire(shape: tuple[int, ...], dtype: Any, zero: bool = True) -> np.ndarray:
    """An aligned array, zeroed unless its contents will be overwritten."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = _take(size)
    if memory is None:
        memory = aligned((size,), np.uint8)
    array = memory[:size].view(dtype).reshape(shape)
    if zero:
        array.fill(0)
    return array


def release(*arrays: np.ndarray) -> None:
    """Give the memory of acquired arrays back for reuse; the smallest idle pieces make room."""
    with _lock:
        for array in arrays:
            memory = _bytes_of(array)
            bisect.insort(_idle, (memory.nbytes, id(memory), memory), key=lambda entry: entry[:2])
        while sum(entry[0] for entry in _idle) > LIMIT:
            _idle.pop(0)


def clear() -> None:
    """Give all idle memory back to the system."""
    with _lock:
        _idle.clear()


def _take(size: int) -> np.ndarray | None:
    """The smallest idle piece that is large enough, unless half of it would be wasted."""
    with _lock:
        at = bisect.bisect_left(_idle, size, key=lambda entry: entry[0])
        return _idle.pop(at)[2] if at < len(_idle) and _idle[at][0] <= 2 * size + 4096 else None


def _bytes_of(array: np.ndarray) -> np.ndarray:
    """All the aligned bytes behind an acquired array."""
    raw = array
    while isinstance(raw.base, np.ndarray):
        raw = raw.base
    return raw[-raw.ctypes.data % 64 :][: (raw.nbytes - 64)]
