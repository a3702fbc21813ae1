"""What all benchmarks share: alternating timers, fresh processes, peak memory, tables and JSON.

A machine that is shared is faster at one minute than at the next, so contenders take turns, and a
speed over a rival is the median over the rounds of the ratio within a round.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np


@dataclass
class Times:
    """Seconds of one job: its first call after warm-up on a tiny problem, and the calls after it."""

    first: float
    warm: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """For the JSON file."""
        return {"first": self.first, "median": median(self.warm), "fastest": min(self.warm), "all": self.warm}


def seconds(job: Callable[[], Any]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def alternate(jobs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Times]:
    """Time the jobs in turns, ``rounds`` times after the first call of each."""
    times = {name: Times(seconds(job)) for name, job in jobs.items()}
    for i in range(rounds):
        for name in list(jobs) if i % 2 else reversed(list(jobs)):
            times[name].warm.append(seconds(jobs[name]))
    return times


def ratio(times: Mapping[str, Times], numerator: str, denominator: str) -> float | None:
    """Median over rounds of the ratio of two jobs' times; None where one was not run."""
    if numerator not in times or denominator not in times:
        return None
    return median(a / b for a, b in zip(times[numerator].warm, times[denominator].warm, strict=True))


def high_water_mb() -> float:
    """Largest memory of this process so far, MB.

    On Linux from /proc: ``ru_maxrss`` of a child starts at the size that its *parent* had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def fresh_process(script: Path, *arguments: str, **environment: str) -> tuple[float, str]:
    """Run a script in a new process: seconds from its start to its last line, and that line."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(script), *arguments], env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        line, elapsed = "", 0.0
        for line in process.stdout:  # type: ignore[union-attr]
            elapsed = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{script.name} {' '.join(arguments)} failed with status {process.returncode}.")
    return elapsed, line.strip()


def empty_caches() -> tuple[tempfile.TemporaryDirectory, dict[str, str]]:
    """A folder, and the environment that keeps all compiled code in it: jaxseis's, and Devito's under TMPDIR."""
    folder = tempfile.TemporaryDirectory(prefix="jaxseis-benchmark-")
    return folder, {"JAXSEIS_CACHE": folder.name, "TMPDIR": folder.name}


@dataclass(frozen=True)
class Target:
    """A figure of a benchmark and its bound: at least ``low`` or at most ``high``."""

    name: str
    low: float | None = None
    high: float | None = None

    @property
    def bound(self) -> str:
        """The bound in words."""
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}" if self.high is not None else ""

    def verdict(self, value: float | None) -> str:
        """Whether it is met."""
        if value is None or not self.bound:
            return ""
        return "met" if (self.low or -np.inf) <= value <= (self.high or np.inf) else "MISSED"


def show(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    line = lambda row: "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"  # noqa: E731
    print(f"\n{title}\n\n{line(header)}\n|{'|'.join('-' * (w + 2) for w in widths)}|")
    print("\n".join(map(line, rows)), flush=True)


def show_targets(targets: tuple[Target, ...], values: Mapping[str, float | None]) -> None:
    """The table of figures with their targets."""
    rows = [(t.name, number(values[t.name]), t.bound, t.verdict(values[t.name])) for t in targets]
    show("Figures", ("figure", "this run", "target", ""), rows)


def show_times(times: Mapping[str, Times]) -> None:
    """The table of raw times."""
    rows = [(n, *(number(x) for x in (t.first, median(t.warm), min(t.warm)))) for n, t in times.items()]
    show("Seconds", ("job", "first call", "median", "fastest"), rows)


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine(*packages: str) -> dict[str, Any]:
    """What the figures were measured on; no names of hosts or users."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average_at_start": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def arguments(description: str) -> argparse.Namespace:
    """The command line of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and raw times as one JSON object")
    parser.add_argument("--quick", action="store_true", help="smaller problems and fewer rounds")
    return parser.parse_args()


def write_json(path: Path | None, facts: Mapping[str, Any]) -> None:
    """Write one JSON object."""
    if path is not None:
        path.write_text(json.dumps(facts, indent=1) + "\n")
