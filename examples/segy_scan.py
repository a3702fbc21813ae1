"""Scanning SEG-Y files: an index of the shots from trace headers alone, then the traces that are asked for.

    python examples/segy_scan.py

A boat tows a streamer over faults and salt, and the shots are written into a few files of several shots each. A scan
reads 240 bytes of every trace, the header, and none of its samples. Its index says which traces of which file make
which shot, and where they were recorded. That is enough to draw the acquisition, count the fold and find the shot near
a place. Only then are samples read, of one shot, and they are those that were written, to the last bit.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, io, plotting

SHAPE, SPACING = (321, 121), 12.5  # nodes along (x, z); metres
SHOTS, FILES, DURATION, STEP = 24, 4, 1600.0, 4.0  # ms
CHANNELS, GROUP, OFFSET = 60, 25.0, 100.0  # of the streamer; metres
PEAK, FOLD_BIN = 12.0, 100.0  # Hz; metres
HEADER, TRACE_HEADER = 3600, 240  # bytes at the head of a file and of a trace


def streamer(grid, shots):
    """Sources along the line, each with a streamer behind it, at whole centimetres, which a file keeps exactly."""
    length = OFFSET + GROUP * (CHANNELS - 1)
    x = np.round(np.linspace(length, grid.extent[0] - 50.0, shots), 2)
    behind = OFFSET + GROUP * np.arange(CHANNELS)
    return js.Geometry(x=x, z=12.5), js.Geometry(x=x[:, None] - behind, z=25.0)


def model(grid, shots, time):
    """The shots of the survey."""
    vp = datasets.faulted_layers_with_salt(grid)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=1.05 * float(vp.max()))
    sources, receivers = streamer(grid, shots)
    data = jax.jit(lambda m, q: js.Modeling(A, sources, receivers)(m) @ q)
    traces = data(js.squared_slowness(vp), js.ricker(time, js.hertz(PEAK)))
    return js.Shots(traces.astype("float32"), sources, receivers, time)  # as files keep them


def write(shots, folder, files):
    """The shots one after another, spread over so many files."""
    for number, part in enumerate(np.array_split(np.arange(len(shots)), files)):
        io.write_shots(folder / f"line_{number + 1}.segy", shots[part], first_record=int(part[0]) + 1)


def bytes_of_headers(index):
    """Bytes of headers, which are what a scan reads, and of the files."""
    headers = HEADER * len(index.files) + TRACE_HEADER * index.traces
    return headers, sum(Path(entry.path).stat().st_size for entry in index.files)


def nearest(index, x):
    """The number of the shot whose source is nearest to x."""
    return int(np.argmin(np.abs(index.sources[:, 0] - x)))


def fold(index):
    """Midpoints along the line, metres, and how many traces each has."""
    counts = np.diff(index.trace_starts)
    midpoints = (np.repeat(index.sources[:, 0], counts) + index.receivers[:, 0]) / 2
    edges = np.arange(midpoints.min() - FOLD_BIN / 2, midpoints.max() + FOLD_BIN, FOLD_BIN)
    return (edges[:-1] + edges[1:]) / 2, np.histogram(midpoints, edges)[0]


def draw_traces(ax, index, chosen):
    """A dot for every trace, receiver against source, in the colour of its file; a line at the shot that was read."""
    shot = np.repeat(np.arange(len(index)), np.diff(index.trace_starts))
    file = index.runs[index.run_starts[shot], 0]
    for number, entry in enumerate(index.files):
        here = file == number
        x, y = index.receivers[here, 0] / 1000, index.sources[shot[here], 0] / 1000
        ax.plot(x, y, ".", color=f"C{number}", markersize=2, label=Path(entry.path).name)
    ax.axhline(index.sources[chosen, 0] / 1000, color="0.3", linewidth=0.8)
    ax.set(xlabel="receiver x (km)", ylabel="source x (km)")
    ax.set_title("All traces, by file", loc="left")
    ax.legend(markerscale=5, frameon=False)


def draw(path, index, chosen, shot):
    """Where the traces are, the fold, and the shot that was read."""
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    draw_traces(axes[0], index, chosen)
    midpoints, count = fold(index)
    axes[1].fill_between(midpoints / 1000, count, step="mid", color="tab:blue")
    axes[1].set(xlabel="midpoint x (km)", ylabel="traces", ylim=(0, None))
    axes[1].set_title(f"Fold, in bins of {FOLD_BIN:g} m", loc="left")
    plotting.gather(shot.traces[0], shot.time, shot.receivers, axes[2], clip=95, title=f"Shot {chosen}, read alone")
    figure.savefig(path, dpi=90)


def main(argv=None):
    """Write, scan, look up, read and draw; returns the index, the share of headers, and the largest difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/segy_scan.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--near", type=float, default=2500.0, help="the shot to read is the one nearest to this x, m")
    args = parser.parse_args(argv)

    written = model(js.Grid(shape=args.shape, spacing=SPACING), args.shots, js.TimeAxis(args.duration, STEP))
    with tempfile.TemporaryDirectory() as folder:
        write(written, Path(folder), args.files)
        index = io.scan(folder, show=False)
        print(index)
        headers, size = bytes_of_headers(index)
        chosen = nearest(index, args.near)
        file, first, count = index.runs_of(chosen)[0]
        shot = io.SegyShots(index)[chosen].load()
    difference = float(np.abs(np.asarray(shot.traces) - np.asarray(written.traces[chosen])).max())
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, index, chosen, shot)
    where = f"traces {first} to {first + count - 1} of {Path(index.files[file].path).name}"
    print(f"headers are {headers} of {size} bytes, {headers / size:.0%}")
    print(f"the shot nearest to {args.near:g} m is number {chosen}: {where}")
    print(f"read and written traces differ by {difference:g}; figure in {args.output}")
    return index, headers / size, difference


if __name__ == "__main__":
    main()
