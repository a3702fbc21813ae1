"""Scanning SEG-Y trace headers against segyio, on a file of 2 GB that this script makes.

    python benchmarks/segy.py [--json FILE] [--quick]

`scan_speed_over_segyio`: time in which segyio's own header attributes give the same words of the same traces, over that
of a whole scan (index of shots and checks of every header included). `scan_speed_over_naive`: the same for a loop over
the traces that asks each header for these words (timed on some of them). `scan_peak_mb`: the largest memory of
a fresh process that scans the 2 GB; `scan_peak_growth_mb`: the same above that of a process that scans 10 MB.
`fwi_memory_over_one_batch`: largest memory of an inversion from files with 64 shots, 4 in a batch, over that of one
whose survey is these 4.
"""

import sys
import tempfile
from pathlib import Path

import _timing
import jax.numpy as jnp
import numpy as np
import segyio

import jaxseis as js
from jaxseis import io, workflows
from jaxseis.io.segy.writing import SegyFormat, TraceWriter, position_words

TARGETS = (
    _timing.Target("scan_speed_over_segyio", low=1.0),
    _timing.Target("scan_speed_over_naive", low=3.0),
    _timing.Target("scan_peak_mb"),
    _timing.Target("scan_peak_growth_mb"),
    _timing.Target("fwi_memory_over_one_batch", high=1.15),
)
WORDS = ("SourceX", "SourceY", "GroupX", "GroupY")
TRACES, SAMPLES = 250, 2000  # of a shot
NAIVE = 20_000  # traces


def make(path: Path, shots: int) -> None:
    """A line of shots with a spread that moves along."""
    traces = np.random.default_rng(0).normal(size=(TRACES, SAMPLES)).astype(np.float32)
    with TraceWriter(path, SAMPLES, 4000, SegyFormat(), "") as out:
        for shot in range(shots):
            receivers = np.stack([25.0 * shot + 12.5 * np.arange(TRACES), np.full(TRACES, 5.0)], axis=1)
            out.write(traces, {"FieldRecord": shot} | position_words(np.array([25.0 * shot, 10.0]), receivers))


def attributes(path: Path) -> list[np.ndarray]:
    """The words of all traces by segyio."""
    with segyio.open(path, ignore_geometry=True) as file:
        return [file.attributes(segyio.tracefield.keys[word])[:] for word in WORDS]


def loop(path: Path, traces: int) -> list[list[int]]:
    """The words of some traces, header by header."""
    with segyio.open(path, ignore_geometry=True) as file:
        return [[file.header[i][segyio.tracefield.keys[word]] for word in WORDS] for i in range(traces)]


def peak(task: str, *arguments: object) -> float:
    """Largest memory of a fresh process that does one thing, MB."""
    return float(_timing.fresh_process(Path(__file__), task, *map(str, arguments))[1])


def make_records(folder: Path, shots: int) -> None:
    """Shots of noise, each in a file of its own."""
    time = js.TimeAxis(4000.0, 2.0)
    receivers = js.Geometry.spread(x=10.0 * np.arange(301), z=20.0)
    for shot in range(shots):
        traces = np.random.default_rng(shot).normal(size=(1, time.size, 301)).astype(np.float32)
        sources = js.Geometry(x=[40.0 * shot], z=10.0)
        io.write_shots(folder / f"{shot:03d}.segy", js.Shots(jnp.asarray(traces), sources, receivers, time))


def invert(folder: Path, shots: int) -> None:
    """A few iterations on the first shots of a folder, four in a batch."""
    observed = io.SegyShots(io.scan(folder, show=False))[:shots]
    grid = js.Grid((301, 151), 10.0)
    wave = js.WaveEquation(grid, js.Acoustic(), observed.time, max_velocity=4.0)
    start = np.full(grid.shape, 2.5, np.float32)
    experiment = workflows.Experiment(wave, js.ricker(observed.time, js.hertz(8.0)), start, observed)
    settings = workflows.FWISettings(bands_hz=(8.0,), iterations=6, batch=4, bounds_km_s=(1.5, 4.0))
    workflows.invert(experiment, settings, show=False)


def main() -> None:
    """Make the files, time, print, write."""
    given = _timing.arguments(__doc__ or "")
    shots, rounds = (100, 2) if given.quick else (1000, 5)
    with tempfile.TemporaryDirectory(prefix="jaxseis-benchmark-") as folder:
        big, small = Path(folder) / "big.segy", Path(folder) / "small.segy"
        make(big, shots)
        make(small, 5)
        naive = min(NAIVE, TRACES * shots)
        jobs = {
            "jaxseis scan": lambda: io.scan(big, show=False),
            "segyio attributes": lambda: attributes(big),
            "segyio loop": lambda: loop(big, naive),
        }
        times = _timing.alternate(jobs, rounds, limit=180.0)
        figures = {
            "scan_speed_over_segyio": _timing.ratio(times, "segyio attributes", "jaxseis scan"),
            "scan_speed_over_naive": TRACES * shots / naive * _timing.ratio(times, "segyio loop", "jaxseis scan"),
            "scan_peak_mb": peak("--scan", big),
        }
        figures["scan_peak_growth_mb"] = figures["scan_peak_mb"] - peak("--scan", small)
        records = Path(folder) / "records"
        records.mkdir()
        make_records(records, 64)
        figures["fwi_memory_over_one_batch"] = peak("--invert", records, 64) / peak("--invert", records, 4)
        size = big.stat().st_size
    _timing.show_targets(TARGETS, figures)
    _timing.show_times(times)
    facts = {"file_bytes": size, "traces": TRACES * shots, "naive_traces": naive, "words": WORDS}
    seconds = {"seconds": {name: t.facts() for name, t in times.items()}}
    _timing.write_json(given.json, figures | facts | {"machine": _timing.machine("segyio", "numpy")} | seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--scan"]:
        io.scan(sys.argv[2], show=False)
        print(_timing.high_water_mb())
    elif sys.argv[1:2] == ["--invert"]:
        invert(Path(sys.argv[2]), int(sys.argv[3]))
        print(_timing.high_water_mb())
    else:
        main()
