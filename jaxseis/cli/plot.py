"""``jaxseis plot``: figures of gathers, models and surveys."""

from pathlib import Path
from typing import Annotated

import jax
import typer

from jaxseis import io, plotting
from jaxseis.cli import options
from jaxseis.workflows.figures import save_figure, vertical

app = typer.Typer(help="Draw a gather, a model or a map into a PNG file.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def gather(
    paths: options.Paths,
    shot: Annotated[int, typer.Option(metavar="N", help="Number of the shot, from 0 on.")] = 0,
    output: options.Output = Path("gather.png"),
    clip: Annotated[
        float, typer.Option(metavar="PERCENT", help="Percentile of the amplitudes at which the colours saturate.")
    ] = 98.0,
    key: options.Keys = None,
    mode: options.Mode = options.Reading.strict,
    quiet: options.Quiet = False,
) -> None:
    """The traces of one shot."""
    index = options.index_from(paths, quiet, keys=key, mode=mode)
    with jax.enable_x64(True):  # coordinates of a survey may be too large for single precision
        one = _shots(index)[shot].load()
    title = f"Shot {shot} of {len(index)}"
    save_figure(output, plotting.gather, one.traces[0], one.time, one.receivers, clip=clip, title=title)
    typer.echo(f"Drawn in {output}")


def _shots(index: io.ShotIndex) -> io.SegyShots:
    """All shots in the coordinates of the survey."""
    return io.SegyShots(index, io.Frame(ndim=3))


@app.command()
def model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="npz, hdf5 or SEG-Y.")],
    array: Annotated[str, typer.Option(metavar="NAME", help="Name of the array in the file.")] = "vp",
    output: options.Output = Path("model.png"),
    label: Annotated[str, typer.Option(metavar="TEXT", help="What the colour bar says.")] = "velocity (km/s)",
) -> None:
    """A velocity model or an image; of a volume, the middle section."""
    grid, arrays = io.load_model(file, array)
    save_figure(output, plotting.velocity, *vertical(arrays[array], grid), label=label, title=file.name)
    typer.echo(f"Drawn in {output}")


@app.command()
def map(
    paths: options.Paths,
    output: options.Output = Path("map.png"),
    key: options.Keys = None,
    mode: options.Mode = options.Reading.strict,
    quiet: options.Quiet = False,
) -> None:
    """Where sources and receivers are, seen from above."""
    index = options.index_from(paths, quiet, keys=key, mode=mode)
    with jax.enable_x64(True):
        shots = _shots(index)
    save_figure(output, plotting.survey, shots.sources, shots.receivers, title=f"{len(index)} shots")
    typer.echo(f"Drawn in {output}")


@app.command()
def chart(
    paths: options.Paths,
    output: options.Output = Path("chart.png"),
    axis: Annotated[str, typer.Option(metavar="AXIS", help="x or y: the coordinate along the line.")] = "x",
    key: options.Keys = None,
    mode: options.Mode = options.Reading.strict,
    quiet: options.Quiet = False,
) -> None:
    """Stacking chart: the position of the source of every trace against that of its receiver."""
    index = options.index_from(paths, quiet, keys=key, mode=mode)
    with jax.enable_x64(True):
        shots = _shots(index)
    save_figure(output, plotting.stacking_chart, shots.sources, shots.receivers, axis=axis)
    typer.echo(f"Drawn in {output}")
