"""Bytes of a file, on disk or behind a URL, read where they are wanted.

A file on disk is read by one ``pread`` for a range, and through short-lived memory maps for headers, so that
memory does not grow with the file. A URL is read by requests of byte ranges through fsspec.
"""

import mmap
import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jaxseis import _checks

WINDOW = 8 * 2**20  # bytes of a file that are mapped at a time
REQUEST = 8 * 2**20  # bytes asked of a server at a time
NEARBY = 2**20  # bytes read at once where small reads go on from each other
SMALL = 2**18  # bytes: files up to this are read once
FAR = 64 * 2**10  # bytes: rows further apart than this are fetched one by one from a server


class Blob(Protocol):
    """Read-only bytes of known size. ``stamp`` changes when they do."""

    path: str
    size: int
    stamp: str

    def read(self, offset: int, count: int) -> np.ndarray:
        """uint8 (count,) from ``offset`` on: one read; fewer at the end of the file."""
        ...

    def rows(self, offset: int, stride: int, width: int, count: int) -> np.ndarray:
        """uint8 (count, width): ``width`` bytes at ``offset + i * stride``, all inside the file."""
        ...

    def changed(self) -> bool:
        """Whether the bytes are known to be others than when it was opened."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


def is_url(path: Any) -> bool:
    """Whether a path is a URL such as s3://bucket/key."""
    return "://" in str(path)


def open_blob(path: Any) -> Blob:
    """The bytes of a file or URL.

    Raises OSError if there is no such file, ImportError if fsspec is needed and missing.
    """
    return RemoteBlob(str(path)) if is_url(path) else LocalBlob(path)


def stamp_of(path: Any) -> str:
    """The stamp that the bytes of a path have now; the same as long as they do not change."""
    blob = open_blob(path)
    try:
        return blob.stamp
    finally:
        blob.close()


class LocalBlob:
    """A file on disk."""

    def __init__(self, path: Any):
        self.path = str(path)
        if Path(path).is_dir():
            raise IsADirectoryError(f"path: expected a file, got the folder {path}.")
        self._fd = os.open(path, os.O_RDONLY)
        self._close = weakref.finalize(self, os.close, self._fd)
        self.size = os.fstat(self._fd).st_size
        self.stamp = self._stamp()
        self._whole = self._pread(0, self.size) if self.size <= SMALL else None

    def _stamp(self) -> str:
        status = os.fstat(self._fd)
        return f"{status.st_size} {status.st_mtime_ns}"

    def changed(self) -> bool:
        """Whether it was written to since it was opened."""
        return self._stamp() != self.stamp

    def read(self, offset: int, count: int) -> np.ndarray:
        """One range."""
        if self._whole is not None:
            return self._whole[offset : offset + count]
        return self._pread(offset, count)

    def _pread(self, offset: int, count: int) -> np.ndarray:
        out = bytearray(max(0, min(count, self.size - offset)))
        view, done = memoryview(out), 0
        while done < len(out):
            got = os.preadv(self._fd, [view[done:]], offset + done)
            if got == 0:
                raise OSError(f"{self.path} ended at byte {offset + done}, where it had {self.size}: was it changed?")
            done += got
        return np.frombuffer(out, np.uint8)

    def rows(self, offset: int, stride: int, width: int, count: int) -> np.ndarray:
        """Ranges at equal distances, through windows of a memory map."""
        if self.changed():
            raise OSError(f"{self.path} changed while it was read.")
        if self._whole is not None:
            return np.lib.stride_tricks.as_strided(self._whole[offset:], (count, width), (stride, 1)).copy()
        out = np.empty((count, width), np.uint8)
        at_once = max(1, WINDOW // stride)
        for first in range(0, count, at_once):
            some = min(at_once, count - first)
            self._window(offset + first * stride, stride, out[first : first + some])
        return out

    def _window(self, offset: int, stride: int, out: np.ndarray) -> None:
        start = offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        length = offset - start + (len(out) - 1) * stride + out.shape[1]
        with mmap.mmap(self._fd, length, access=mmap.ACCESS_READ, offset=start) as mapped:
            source = np.ndarray(out.shape, np.uint8, mapped, offset - start, (stride, 1))
            out[:] = source
            del source  # a map with views cannot be closed

    def close(self) -> None:
        """Close the file."""
        self._close()


class RemoteBlob:
    """An object behind a URL, read in ranges."""

    def __init__(self, url: str):
        self.path = url
        self._fs, self._key = filesystem(url)
        facts = self._fs.info(self._key)
        if facts.get("type") == "directory" or facts.get("size") is None:
            raise OSError(f"{url} is a folder, or its server does not tell its size.")
        self.size = int(facts["size"])
        version = next(
            (facts[k] for k in ("ETag", "etag", "mtime", "LastModified", "updated", "created") if k in facts), ""
        )
        self.stamp = f"{self.size} {version}"

    def read(self, offset: int, count: int) -> np.ndarray:
        """One request."""
        end = min(offset + count, self.size)
        if end <= offset:
            return np.empty(0, np.uint8)
        data = self._fs.cat_file(self._key, start=offset, end=end)
        if len(data) != end - offset:
            raise OSError(
                f"{self.path}: asked for {end - offset} bytes at {offset}, got {len(data)}. "
                "The server must support requests of byte ranges."
            )
        return np.frombuffer(data, np.uint8)

    def rows(self, offset: int, stride: int, width: int, count: int) -> np.ndarray:
        """Whole blocks where rows lie close together, else a request for each row, several at a time."""
        at_once = 1 if stride > FAR else max(1, REQUEST // stride)
        out = np.empty((count, width), np.uint8)

        def fetch(first: int) -> None:
            some = min(at_once, count - first)
            block = self.read(offset + first * stride, (some - 1) * stride + width)
            out[first : first + some] = np.lib.stride_tricks.as_strided(block, (some, width), (stride, 1))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(fetch, range(0, count, at_once)))
        return out

    def changed(self) -> bool:
        """Not known without asking the server again."""
        return False

    def close(self) -> None:
        """Nothing is held."""


class Nearby:
    """Small reads that go on from each other, out of larger ones."""

    def __init__(self, blob: Blob):
        self._blob, self._start, self._block = blob, 0, np.empty(0, np.uint8)

    def read(self, offset: int, count: int) -> np.ndarray:
        """As the blob reads."""
        if not self._start <= offset <= offset + count <= self._start + self._block.size:
            self._start, self._block = offset, self._blob.read(offset, max(count, NEARBY))
        return self._block[offset - self._start : offset - self._start + count]


def filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(f"Reading {url} needs fsspec: pip install 'jaxseis[cloud]'.") from error
    try:
        return url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise _checks.fail("path", "a URL that fsspec can open", repr(url), str(error)) from error
