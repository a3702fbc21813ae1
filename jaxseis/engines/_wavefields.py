"""A bounded cache of forward wavefields, so that a gradient need not repeat the propagation.

It only saves work: entries are found by the content of everything they depend on, and whoever misses
recomputes. An entry in use is out of the cache, so it cannot be evicted meanwhile.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from typing import Any

import jax
import numpy as np

_lock = threading.Lock()
_entries: OrderedDict[tuple[str, int], Any] = OrderedDict()


def limit_bytes() -> int:
    """Bytes of wavefields kept: ``JAXSEIS_WAVEFIELD_BYTES``, else a quarter of the memory."""
    given = os.environ.get("JAXSEIS_WAVEFIELD_BYTES")
    return int(given) if given else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def digest(static: Any, arrays: Any) -> str:
    """A key made of static facts and of the contents of a pytree of arrays."""
    key = hashlib.blake2b(f"{static} {jax.tree.structure(arrays)}".encode(), digest_size=16)
    for path, leaf in jax.tree_util.tree_leaves_with_path(arrays):
        array = np.ascontiguousarray(leaf)
        key.update(f"{path}{array.shape}{array.dtype}".encode())
        key.update(array.view(np.uint8).data if array.size else b"")
    return key.hexdigest()


def keep(key: str, shot: int, wavefield: Any) -> None:
    """Add a wavefield in place of one of the same key; the least recently used go (it too, if it is over the limit)."""
    drop(key, shot)
    with _lock:
        _entries[key, shot] = wavefield
        while _entries and sum(w.nbytes for w in _entries.values()) > limit_bytes():
            _, oldest = _entries.popitem(last=False)
            oldest.release()


def take(key: str, shot: int) -> Any | None:
    """Take a wavefield out of the cache, or None."""
    with _lock:
        return _entries.pop((key, shot), None)


def drop(key: str, shot: int) -> None:
    """Release a wavefield that is about to be computed again, so that its memory is used for that."""
    wavefield = take(key, shot)
    if wavefield is not None:
        wavefield.release()


def clear() -> None:
    """Forget all wavefields."""
    with _lock:
        while _entries:
            _entries.popitem()[1].release()
