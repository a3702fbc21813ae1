"""The files that a path, a folder, a pattern or a URL stands for."""

from collections.abc import Iterable
from glob import glob
from os import PathLike
from pathlib import Path
from typing import Any

from jaxseis.io.blob import filesystem, is_url

SUFFIXES = (".sgy", ".segy")


def find_files(paths: Any) -> list[str]:
    """Files and URLs that ``paths`` stands for, in order, each once: see :func:`scan`.

    Raises OSError if one of them stands for nothing.
    """
    if not isinstance(paths, (str, PathLike)) and isinstance(paths, Iterable):
        return list(dict.fromkeys(file for path in paths for file in find_files(path)))
    path = str(paths)
    found = _remote(path) if is_url(path) else _local(path)
    if not found:
        raise FileNotFoundError(
            f"paths: expected a SEG-Y file, a folder with files {', '.join(SUFFIXES)}, a pattern or a URL, "
            f"got {path}, where there is none."
        )
    return list(dict.fromkeys(found))


def _local(path: str) -> list[str]:
    if Path(path).is_dir():
        names = sorted(p for p in Path(path).iterdir() if p.is_file() and _is_record(p.name))
    elif Path(path).exists():
        names = [Path(path)]
    else:
        names = [p for p in map(Path, sorted(glob(path, recursive=True))) if p.is_file()]
    return [str(p.resolve()) for p in names]


def _remote(url: str) -> list[str]:
    fs, key = filesystem(url)
    if any(c in key for c in "*?["):
        return [fs.unstrip_protocol(k) for k in sorted(fs.glob(key))]
    if fs.isdir(key):
        names = (entry["name"] for entry in fs.ls(key, detail=True) if entry["type"] == "file")
        return [fs.unstrip_protocol(k) for k in sorted(names) if _is_record(k.rsplit("/", 1)[-1])]
    return [url] if fs.exists(key) else []


def _is_record(name: str) -> bool:
    """Whether a file of a folder counts: hidden ones are left by other programs."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
