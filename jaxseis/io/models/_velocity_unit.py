"""Velocities in km/s, and an error where they look like another unit: nothing is converted without being told."""

import re

import numpy as np

from jaxseis import _checks, units

VELOCITY = re.compile(r"(v|vp|vs|velocity)(\d+|_\w+)?", re.IGNORECASE)  # vp, v0, vp_smooth
FASTEST = 100.0  # km/s: no rock comes near, and no rock is as slow in m/s


def in_km_per_s(where: str, name: str, values: np.ndarray, unit: str) -> np.ndarray:
    """The array in km/s if its name is that of a velocity, else as it is.

    Raises ValueError for another unit, and for values that look like m/s in km/s or the other way round.
    """
    if unit not in ("km/s", "m/s"):
        raise _checks.fail("velocity_unit", '"km/s" or "m/s"', repr(unit))
    if not VELOCITY.fullmatch(name):
        return values
    largest = np.max(values)  # the least says nothing: S waves stand still in water
    if unit == "km/s" and largest > FASTEST:
        remedy = 'For a file in m/s pass velocity_unit="m/s" to load_model; divide arrays in m/s by 1000.'
        raise _checks.fail(where, "velocities in km/s", f"a maximum of {largest:g}", remedy)
    if unit == "m/s" and 0 < largest <= FASTEST:
        raise _checks.fail(
            where, "velocities in m/s", f"a maximum of {largest:g}", 'In km/s it is velocity_unit="km/s".'
        )
    return units.metres_per_second(values) if unit == "m/s" else values
