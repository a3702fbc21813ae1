"""Buffers that stay warm: fresh memory costs a page fault per 4 KiB, more than the arithmetic on it."""

import threading
from collections import defaultdict
from typing import Any

import numpy as np

from jaxseis.engines._kernel import aligned

_lock = threading.Lock()
_free: dict[tuple[tuple[int, ...], str], list[np.ndarray]] = defaultdict(list)
_free_bytes = 0
limit_bytes = 4 * 2**30
"""Bytes of idle buffers kept for reuse; more are given back to the system."""


def acquire(shape: tuple[int, ...], dtype: Any, zero: bool = True) -> np.ndarray:
    """An aligned buffer, zeroed unless its contents will be overwritten."""
    global _free_bytes
    with _lock:
        waiting = _free[tuple(shape), np.dtype(dtype).name]
        buffer = waiting.pop() if waiting else None
        _free_bytes -= buffer.nbytes if buffer is not None else 0
    if buffer is None:
        buffer = aligned(tuple(shape), dtype)
    if zero:
        buffer.fill(0)
    return buffer


def release(*buffers: np.ndarray) -> None:
    """Give buffers back for reuse."""
    global _free_bytes
    with _lock:
        for buffer in buffers:
            if _free_bytes + buffer.nbytes <= limit_bytes:
                _free[buffer.shape, buffer.dtype.name].append(buffer)
                _free_bytes += buffer.nbytes
