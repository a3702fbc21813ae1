"""The command ``jaxseis``: its story, its subcommands, and what becomes of errors and warnings."""

import sys
import warnings
from collections.abc import Sequence

import jax
import typer

from jaxseis.cli import compute, inspect, plot
from jaxseis.cli.hints import with_hint

STORY = """Seismic modelling, migration and inversion of shot records in SEG-Y files.

From a folder of SEG-Y files and a velocity model to an image or an inverted model; the shots need not fit in memory.

\b
 1  look      jaxseis info shots/0001.sgy         what is in a file, and what is wrong with it
 2  scan      jaxseis scan shots/ -o survey.npz   which traces make which shot
 3  plot      jaxseis plot map survey.npz         where sources and receivers are
              jaxseis plot gather survey.npz --shot 3
              jaxseis plot chart survey.npz       which receivers recorded which source
              jaxseis plot model start.npz        the velocity model
 4  describe  jaxseis config fwi > project.toml   a commented configuration to fill in
 5  compute   jaxseis fwi project.toml            full-waveform inversion
              jaxseis fwi project.toml --resume   go on after an interruption
              jaxseis rtm project.toml            migration; lsrtm for least squares
    simulate  jaxseis model project.toml          shots of a model, written into SEG-Y files

Entries of a configuration can be changed for one run: --set fwi.batch=4. Lengths are in metres, times in milliseconds,
velocities in km/s and frequencies in Hz.

The exit status is 0 if all went well, 1 if data or configuration are not in order (the message says what to do)
and 2 if the command line is wrong.
"""

app = typer.Typer(
    help=STORY, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.command("info", short_help="Headers of a file, and what is wrong in it.")(inspect.info)
app.command("scan", short_help="Find the shots in files.")(inspect.scan)
app.add_typer(plot.app, name="plot")
app.command("config", short_help="Print a configuration to fill in.")(compute.config)
app.command("model", short_help="Simulate shots into SEG-Y files.")(compute.model)
app.command("rtm", short_help="Reverse-time migration.")(compute.rtm)
app.command("lsrtm", short_help="Least-squares migration.")(compute.lsrtm)
app.command("fwi", short_help="Full-waveform inversion.")(compute.fwi)


@app.callback()
def _options(debug: bool = typer.Option(False, "--debug", help="Show where an error comes from.")) -> None:
    """Options before the command; ``main`` takes --debug wherever it stands."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Arguments:
        arguments: in place of those of the process.

    ```python
    main(["info", "shots/0001.sgy"])
    ```
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.simplefilter("default", UserWarning)
            app([a for a in given if a != "--debug"], prog_name="jaxseis")
    except (ValueError, IndexError, OSError, ImportError, jax.errors.JaxRuntimeError) as error:
        if debug:
            raise
        print(f"jaxseis: {with_hint(_words(error))}", file=sys.stderr)
        sys.exit(1)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    # What a callback raises inside a jitted function comes with its traceback; the message is the last line.
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if isinstance(error, jax.errors.JaxRuntimeError) and lines else str(error)


def _show_warning(message: Warning | str, *_: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
