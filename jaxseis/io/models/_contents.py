"""Which of the names in a file are arrays of the model."""

from collections.abc import Iterable
from pathlib import Path

from jaxseis import _checks


def chosen(path: Path, found: Iterable[str], geometry: tuple[str, ...], names: tuple[str, ...] | None) -> list[str]:
    """The arrays to read out of those found: all but the geometry, or the ones that are named."""
    arrays = [name for name in found if name not in geometry]
    if not arrays:
        raise _checks.fail(str(path), "at least one array on the grid, such as 'vp'", f"only {sorted(geometry)}")
    for name in names or ():
        if name not in arrays:
            raise _checks.fail(str(path), f"an array named '{name}'", f"only {sorted(arrays)}")
    return list(names) if names else arrays


def reserved(arrays: Iterable[str], geometry: tuple[str, ...]) -> None:
    """An error if an array goes by a name under which the file keeps its geometry."""
    for name in set(arrays) & set(geometry):
        raise _checks.fail("arrays", f"names other than {geometry}, which this format needs itself", f"'{name}'")


def single(path: Path, names: Iterable[str]) -> str:
    """The one name of a format that holds one array."""
    found = sorted(names)
    if len(found) != 1:
        raise _checks.fail(str(path), "one array, which is what such a file holds", found, "Write one file for each.")
    return found[0]
