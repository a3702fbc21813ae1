"""The axis vocabulary: every axis name and order is written here and nowhere else.

Model arrays are ordered ``(x, z)`` or ``(x, y, z)`` with depth z pointing down; traces are
``(shot, time, receiver)``; wavefields are ``(shot, time, *space)``.
Units: metres, milliseconds, km/s (= m/ms), kHz (= 1/ms), squared slowness in s^2/km^2.
"""

from typing import Any

import jax

Array = jax.Array
PyTree = Any

SPACE_AXES: dict[int, tuple[str, ...]] = {1: ("z",), 2: ("x", "z"), 3: ("x", "y", "z")}
TRACE_AXES = ("shot", "time", "receiver")
