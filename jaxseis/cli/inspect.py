"""``jaxseis info`` and ``jaxseis scan``: what is in files."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from jaxseis import io
from jaxseis.cli import options
from jaxseis.io.segy.findings import counted
from jaxseis.workflows.from_config import shot_selection

USUAL = ("FieldRecord", "SourceX", "SourceY", "SourceDepth", "GroupX", "GroupY", "ReceiverGroupElevation", "offset")
SHOWN = ":20"


def info(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A SEG-Y file or URL.")],
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="WORD", help="Trace header word to list; repeat it.")
    ] = None,
    traces: Annotated[str, typer.Option(metavar="SLICE", help="Traces to list, as first:end:step.")] = SHOWN,
    text: Annotated[bool, typer.Option("--text", help="Print the textual headers.")] = False,
    mode: options.Mode = options.Reading.tolerant,
    interval_ms: options.Interval = None,
    format: options.Format = None,
    byte_order: options.ByteOrder = None,
) -> None:
    """Headers of a SEG-Y file, and everything found wrong in it with the byte where it stands.

    --header SourceX --header offset lists words trace by trace; their names are those of segyio.
    """
    assume = io.Assume(byte_order=byte_order, format=format, interval=interval_ms)
    with io.open_segy(path, mode, assume) as file:
        if text:
            typer.echo("\n\n".join((file.text, *file.extended_text)))
        elif header:
            typer.echo(_table(file, header, traces))
        else:
            typer.echo(_summary(file))


def _summary(file: io.SegyFile) -> str:
    layout = file.layout
    order = "big" if layout.order == ">" else "little"
    lines = [
        f"{file.path}",
        f"  revision {layout.revision[0]}.{layout.revision[1]}, {order}-endian, format {layout.format.code} "
        f"({layout.format.name})",
        f"  {counted(len(file), 'trace')} of {layout.samples} samples, one every {layout.interval:g} ms",
        *(_range(word, file.header(word)) for word in USUAL if len(file)),
    ]
    return "\n".join([*lines, str(file.report)])


def _range(word: str, values: np.ndarray) -> str:
    different = np.unique(values)
    among = f"{different[0]:.10g}" if different.size == 1 else f"{different[0]:.10g} to {different[-1]:.10g}"
    return f"  {word:24s}{among}, {different.size} {'value' if different.size == 1 else 'values'}"


def _table(file: io.SegyFile, words: list[str], traces: str) -> str:
    numbers = np.atleast_1d(np.arange(len(file))[shot_selection(traces)])
    columns = [numbers, *(file.header(word, numbers) for word in words)]
    lines = ["".join(f"{name:>{max(12, len(name) + 2)}s}" for name in ("trace", *words))]
    for row in zip(*columns, strict=True):
        lines.append("".join(f"{v:{max(12, len(n) + 2)}.10g}" for n, v in zip(("trace", *words), row, strict=True)))
    left = len(file) - numbers.size
    return "\n".join([*lines, f"{left} more traces: --traces 0:100:10 chooses others"] if left else lines)


def scan(
    paths: options.Paths,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File (.npz) to keep the index in.")
    ] = None,
    key: options.Keys = None,
    mode: options.Mode = options.Reading.strict,
    source_z: options.SourceZ = None,
    receiver_z: options.ReceiverZ = None,
    interval_ms: options.Interval = None,
    format: options.Format = None,
    byte_order: options.ByteOrder = None,
    quiet: options.Quiet = False,
) -> None:
    """Find the shots in SEG-Y files; with -o the result is kept, so that they need not be scanned again.

    Only trace headers are read. Traces with the same values of the key words are one shot, wherever they are.
    """
    index = options.index_from(
        paths,
        quiet,
        keys=key,
        mode=mode,
        source_z=source_z,
        receiver_z=receiver_z,
        assume_interval_ms=interval_ms,
        assume_format=format,
        assume_byte_order=byte_order,
    )
    typer.echo(str(index))
    if any(f.report.problems for f in index.files):
        typer.echo(index.report)
    if output is not None:
        index.save(output)
        typer.echo(f"Kept in {output}")
