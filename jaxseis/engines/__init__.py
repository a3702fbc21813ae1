"""Engines: what solves a discrete problem."""

import warnings
from functools import lru_cache

from jaxseis.engines import _pool, _wavefields
from jaxseis.engines._kernel import compiler


@lru_cache
def default_engine() -> str:
    """ "devito" where a C compiler is found, else "xla" with a warning."""
    if compiler():
        return "devito"
    warnings.warn(
        'No C compiler was found, so wave equations run on the slower engine "xla". '
        "Install gcc or clang, or set CC to the path of a compiler, for compiled kernels.",
        stacklevel=3,
    )
    return "xla"


def release_memory() -> None:
    """Give back the memory of kept wavefields and of idle buffers, which otherwise stay for the next gradient.

    ```python
    release_memory()
    ```
    """
    _wavefields.clear()
    _pool.clear()
