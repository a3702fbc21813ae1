"""Files that appear under their name whole, or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path


@contextmanager
def atomic(path: str | PathLike[str]) -> Iterator[Path]:
    """A name to write under: what was written there takes the name ``path`` when the block ends.

    Until then ``path`` is what it was before. After an error in the block nothing is left; after the process
    was killed there is a hidden file ``.NAME.XXXXXXXX.part`` beside it.

    Arguments:
        path: the final name, in a folder that exists; a symbolic link stays one.

    ```python
    with atomic("model.npz") as temporary:
        temporary.write_bytes(b"...")
    ```
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, target)  # in one folder, so that it is a rename and not a copy
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait for the contents: a name that reached the disk before them would be a half file after a power cut."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
