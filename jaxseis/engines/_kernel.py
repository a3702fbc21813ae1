"""Compiled kernels on disk: a shared library and the order of its arguments.

Building a kernel (Devito's symbolic lowering, then the C compiler) takes seconds and is not
thread-safe; a built one is a plain C function. So each is built once, under a lock, and kept in a
cache folder as a library and a manifest. Later processes load it with ctypes, without Devito.
The folder is ``$JAXSEIS_CACHE``, else ``jaxseis`` in the user's cache folder.
"""

import ctypes
import dataclasses
import hashlib
import inspect
import json
import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

_lock = threading.RLock()
_loaded: dict[Any, "Kernel"] = {}
BLOCK = 16
"""Nodes along each side of a cache block, in kernels that have blocks."""
builds = 0
"""Kernels built (not loaded) by this process: tests assert that new arrays build none."""


class _DataObject(ctypes.Structure):
    """The leading members of Devito's array descriptor; its C code reads ``data`` and ``size``."""

    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.POINTER(ctypes.c_int)), ("nbytes", ctypes.c_ulong)] + [
        (name, ctypes.c_void_p) for name in ("npsize", "dsize", "hsize", "hofs", "oofs", "dmap")
    ]


@dataclass(frozen=True)
class ArrayArgument:
    """An array of a kernel: its dimensions by name, and its halo on both sides of each."""

    dimensions: tuple[str, ...]
    halo: tuple[tuple[int, int], ...]
    dtype: str

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape, halo included, for the given sizes of the dimensions."""
        return tuple(sizes[d] + low + high for d, (low, high) in zip(self.dimensions, self.halo, strict=True))


@dataclass(frozen=True)
class Kernel:
    """A C function, and for each argument its name and kind (array, int, real, block, first, last or timers)."""

    function: Any
    arguments: tuple[tuple[str, str], ...]
    arrays: dict[str, ArrayArgument]
    real: str

    def bind(self, arrays: Mapping[str, np.ndarray], scalars: Mapping[str, float]) -> "Call":
        """The kernel with all its arguments but the range of time steps."""
        return Call(self, arrays, scalars)


class Call:
    """A kernel ready to run: ``call(first, last)`` advances the steps first..last."""

    def __init__(self, kernel: Kernel, arrays: Mapping[str, np.ndarray], scalars: Mapping[str, float]):
        real = ctypes.c_float if kernel.real == "float32" else ctypes.c_double
        self._function = kernel.function
        self._first, self._last = ctypes.c_int(), ctypes.c_int()
        self._kept: list[Any] = []  # the descriptors must outlive the call
        make = {
            "array": lambda name: self._describe(name, arrays[name], kernel.arrays[name]),
            "int": lambda name: ctypes.c_int(int(scalars[name])),
            "real": lambda name: real(scalars[name]),
            "block": lambda name: ctypes.c_int(BLOCK),
            "first": lambda name: self._first,
            "last": lambda name: self._last,
            "timers": lambda name: ctypes.cast((ctypes.c_double * 256)(), ctypes.c_void_p),
        }
        self._arguments = [make[kind](name) for name, kind in kernel.arguments]

    def _describe(self, name: str, array: np.ndarray, expected: ArrayArgument) -> Any:
        if array.dtype != expected.dtype or not array.flags.c_contiguous or array.ndim != len(expected.dimensions):
            raise TypeError(f"Kernel array {name}: expected contiguous {expected}, got {array.dtype} {array.shape}.")
        size = (ctypes.c_int * array.ndim)(*array.shape)
        descriptor = _DataObject(array.ctypes.data, size)
        self._kept += [array, size, descriptor]
        return ctypes.pointer(descriptor)

    def __call__(self, first: int, last: int) -> None:
        self._first.value, self._last.value = first, last
        self._function(*self._arguments)


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialised array that starts on a cache line: kernels assume it."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    return raw[offset : offset + size].view(dtype).reshape(shape)


def aligned_copy(value: Any, dtype: Any) -> np.ndarray:
    """An aligned copy in the given type."""
    array = aligned(np.shape(value), dtype)
    array[...] = value
    return array


def load(signature: Any, build: Callable[[Any, Path], Any]) -> Kernel:
    """The kernel of ``signature`` (hashable, with a stable repr): loaded, read from the cache or built."""
    with _lock:
        if signature not in _loaded:
            _loaded[signature] = _from_disk(signature, build)
        return _loaded[signature]


def compiler() -> str | None:
    """The C compiler that would be used, or None: the one that CC names, else gcc or clang."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["gcc", "clang"]
    return next(filter(None, map(shutil.which, names)), None)


def cache_folder() -> Path:
    """Where built kernels are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("JAXSEIS_CACHE") or Path(base) / "jaxseis")


def _from_disk(signature: Any, build: Callable[[Any, Path], Any]) -> Kernel:
    key = hashlib.sha256(f"{_environment()} {signature!r} {_law(signature.equation)}".encode()).hexdigest()[:32]
    library, manifest = (cache_folder() / f"{key}{suffix}" for suffix in (".so", ".json"))
    if not (library.exists() and manifest.exists()):
        _build(signature, build, library, manifest)
    facts = json.loads(manifest.read_text())
    arrays = {
        name: ArrayArgument(tuple(a["dimensions"]), tuple(map(tuple, a["halo"])), a["dtype"])
        for name, a in facts["arrays"].items()
    }
    function = getattr(ctypes.CDLL(str(library)), facts["function"])
    return Kernel(function, tuple(map(tuple, facts["arguments"])), arrays, facts["real"])


def _build(signature: Any, build: Callable[[Any, Path], Any], library: Path, manifest: Path) -> None:
    global builds
    builds += 1
    with tempfile.TemporaryDirectory() as folder:
        built, facts = build(signature, Path(folder))
        library.parent.mkdir(parents=True, exist_ok=True)
        _place(manifest, lambda path: path.write_text(json.dumps(facts, indent=1)))
        _place(library, lambda path: shutil.copyfile(built, path))


def _place(target: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the target, then rename: another process never sees half a file."""
    handle, name = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    write(Path(name))
    os.replace(name, target)


def _law(equation: Any) -> str:
    """The source of an equation, which need not be one of ours, of its bases and of those inside it; unknown where it
    was typed at a prompt."""
    inside = [getattr(equation, f.name) for f in dataclasses.fields(equation)]
    sources = [_source(cls) for cls in type(equation).__mro__]
    return "".join([*sources, *(_law(x) for x in inside if dataclasses.is_dataclass(x))])


def _source(cls: type) -> str:
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


@lru_cache
def _environment() -> str:
    """What a library depends on besides its signature: generator sources, packages, compiler, flags, processor."""
    here = Path(__file__).parent.parent
    names = ("devito", "_compile", "_problem", "_symbols", "_stage", "_step", "_surface", "_relaxation", "_sensitivity")
    generators = [here / "engines" / f"{name}.py" for name in names]
    sources = [*sorted((here / "equations").glob("*.py")), here / "differences.py", here / "closure.py", *generators]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    versions = [version(package) for package in ("devito", "sympy", "numpy", "scipy")]
    flags = [
        f"{k}={v}" for k, v in sorted(os.environ.items()) if k in ("CC", "CFLAGS", "LDFLAGS") or k[:7] == "DEVITO_"
    ]
    return " ".join([digest, *versions, str(compiler()), *flags, platform.machine(), _processor()])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
