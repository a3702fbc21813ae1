"""Options that several commands share, and the data section they stand for."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from jaxseis import io
from jaxseis.workflows.config_file import checked
from jaxseis.workflows.from_config import index_of


class Reading(StrEnum):
    """How strictly files are read."""

    strict = "strict"
    tolerant = "tolerant"


class Order(StrEnum):
    """Byte orders."""

    big = "big"
    little = "little"


Paths = Annotated[
    list[str], typer.Argument(metavar="PATHS...", help="Files, folders, patterns or URLs; or an index made by scan.")
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="WORD", help="Word that the traces of a shot share; SourceX and SourceY by default."),
]
Mode = Annotated[
    Reading,
    typer.Option(metavar="MODE", help='"strict" refuses files that contradict themselves, "tolerant" reads them.'),
]
SourceZ = Annotated[
    list[str] | None, typer.Option("--source-z", metavar="WORD", help="Words that add up to the depth of a source.")
]
ReceiverZ = Annotated[list[str] | None, typer.Option("--receiver-z", metavar="WORD", help="The same for receivers.")]
Interval = Annotated[
    float | None, typer.Option("--interval-ms", metavar="MS", help="Sampling interval, in place of the file's.")
]
Format = Annotated[
    int | None, typer.Option("--format", metavar="CODE", help="Code of the sample format: 1 is IBM, 5 IEEE.")
]
ByteOrder = Annotated[Order | None, typer.Option("--byte-order", metavar="ORDER", help='"big" or "little".')]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


def index_from(paths: list[str], quiet: bool = False, **entries: Any) -> io.ShotIndex:
    """The index in an ``.npz`` file, or of a scan of the paths with entries of a data section."""
    given = {name: value for name, value in entries.items() if value not in (None, [])}
    files = {"index": paths[0]} if len(paths) == 1 and paths[0].endswith(".npz") else {"files": paths}
    data = checked({"data": files | given}, "command line").data
    assert data is not None  # it was given just now
    return index_of(data, show=not quiet)
