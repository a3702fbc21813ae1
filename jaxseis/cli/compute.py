"""``jaxseis config``, ``model``, ``rtm``, ``lsrtm`` and ``fwi``: computations described by a configuration file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import jax
import typer

from jaxseis.cli import options
from jaxseis.workflows import Config, read_config, run_fwi, run_lsrtm, run_model, run_rtm, template

File = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Configuration (TOML); `jaxseis config` prints one to fill in.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="ENTRY=VALUE", help="Change an entry, as fwi.batch=4; repeat it.")
]
Folder = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results (output.folder).")
]
Batch = Annotated[int | None, typer.Option("--batch", min=1, metavar="N", help="Shots at a time.")]
Iterations = Annotated[
    int | None, typer.Option("--iterations", min=1, metavar="N", help="Iterations, of each band for fwi.")
]


class Command(StrEnum):
    """The commands that need a configuration."""

    model = "model"
    rtm = "rtm"
    lsrtm = "lsrtm"
    fwi = "fwi"


def config(command: Annotated[Command, typer.Argument(metavar="COMMAND", help="model, rtm, lsrtm or fwi.")]) -> None:
    """Print a commented configuration for a command: jaxseis config fwi > project.toml"""
    typer.echo(template(command), nl=False)


def model(file: File, set: Set = None, output: Folder = None, quiet: options.Quiet = False) -> None:
    """Simulate the shots of a survey in a model, and write them into SEG-Y files."""
    typer.echo(run_model(_configuration(file, set, output), show=not quiet))


def rtm(file: File, set: Set = None, output: Folder = None, batch: Batch = None, quiet: options.Quiet = False) -> None:
    """Reverse-time migration: an image of the reflections in the shots."""
    typer.echo(run_rtm(_configuration(file, set, output, {"rtm.batch": batch}), show=not quiet))


def lsrtm(
    file: File,
    set: Set = None,
    output: Folder = None,
    batch: Batch = None,
    iterations: Iterations = None,
    quiet: options.Quiet = False,
) -> None:
    """Least-squares migration: the image whose own reflections fit those in the shots."""
    flags = {"lsrtm.batch": batch, "lsrtm.iterations": iterations}
    typer.echo(run_lsrtm(_configuration(file, set, output, flags), show=not quiet))


def fwi(
    file: File,
    set: Set = None,
    output: Folder = None,
    batch: Batch = None,
    iterations: Iterations = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew, whatever is in the folder.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Full-waveform inversion: the velocity that explains the shots.

    Every few iterations a checkpoint is written. After an interruption, --resume reaches the same model.
    """
    if resume and overwrite:
        raise typer.BadParameter("--resume and --overwrite exclude each other")
    flags = {"fwi.batch": batch, "fwi.iterations": iterations}
    typer.echo(run_fwi(_configuration(file, set, output, flags), resume, overwrite, show=not quiet))


def _configuration(
    file: Path, changes: list[str] | None, output: Path | None, flags: dict[str, int | None] | None = None
) -> Config:
    """The configuration with what the command line changes, --set last."""
    given = [f"{name}={value}" for name, value in (flags or {}).items() if value is not None]
    given += [] if output is None else [f"output.folder={output}"]
    configuration = read_config(file, [*given, *(changes or [])])
    if configuration.modelling.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    return configuration
