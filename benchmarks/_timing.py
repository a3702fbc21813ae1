"""What all benchmarks share: alternating timers, fresh processes, peak memory, tables and JSON.

A machine that is shared is faster at one minute than at the next, so contenders take turns, and a
speed over a rival is the median over the rounds of the ratio within a round. Threads that meet at a
barrier in every time step (OpenMP) become many times slower as soon as anything else runs, so the
timers wait for a calm machine, watch it, and let rounds that were disturbed count only if all were.
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

CALM = 0.1
"""A call is calm if everything else on the machine used less than this share of its processors meanwhile."""


@dataclass
class Times:
    """Seconds of one job: its first call after warm-up on a tiny problem, and the calls after it."""

    first: float
    warm: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def add(self, elapsed: float, others: float) -> None:
        """One more call, and the share of the processors that other programs took during it."""
        self.warm.append(elapsed)
        self.others.append(others)

    def calm(self, i: int) -> bool:
        """Whether call i had the machine to itself (which processor time does not need)."""
        return _one_thread or self.others[i] < CALM

    @property
    def median(self) -> float:
        """Of the calm calls, if there are any."""
        return median([t for i, t in enumerate(self.warm) if self.calm(i)] or self.warm)

    def facts(self) -> dict[str, Any]:
        """For the JSON file."""
        return {"first": self.first, "median": self.median, "all": self.warm, "others": self.others}


def seconds(job: Callable[[], Any]) -> float:
    """Time of one call: wall-clock time, or processor time where :func:`use_one_thread` was called."""
    clock = time.process_time if _one_thread else time.perf_counter
    start = clock()
    job()
    return clock() - start


def timed(job: Callable[[], Any]) -> tuple[float, float]:
    """Time of one call, and the share of the processors that other programs took during it."""
    start, before = time.perf_counter(), _seconds_of_others()
    elapsed = seconds(job)
    return elapsed, (_seconds_of_others() - before) / ((time.perf_counter() - start) * (os.cpu_count() or 1))


_one_thread = False


def use_one_thread() -> None:
    """Compare on one thread each, by processor time, which other programs disturb little. Call it before all else."""
    global _one_thread
    _one_thread = True
    os.environ |= {name: "1" for name in ("JAXSEIS_THREADS", "OMP_NUM_THREADS")}
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def _seconds_of_others() -> float:
    """Processor time so far of all but this process, time taken by the host included; 0 where there is no /proc."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split("\n")[0].split()[1:9])
    own = time.process_time()
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK") - own


def alternate(jobs: Mapping[str, Callable[[], Any]], rounds: int, limit: float) -> dict[str, Times]:
    """Time the jobs in turns, after the first call of each.

    ``rounds`` rounds, or more until as many were calm; but no new round after ``limit`` seconds, of
    which half at most go by in waiting for calm.
    """
    deadline, patience = time.monotonic() + limit, limit / 2
    times = {name: Times(seconds(job)) for name, job in jobs.items()}
    names = list(jobs)
    while len(_calm_rounds(times)) < rounds and (time.monotonic() < deadline or not times[names[0]].warm):
        patience -= 0 if _one_thread else _wait_for_calm(patience)
        for name in names:
            times[name].add(*timed(jobs[name]))
        names.reverse()
    return times


def _calm_rounds(times: Mapping[str, Times]) -> list[int]:
    count = min(len(t.warm) for t in times.values())
    return [i for i in range(count) if all(t.calm(i) for t in times.values())]


def _wait_for_calm(patience: float) -> float:
    """Wait until nothing else runs, at most so many seconds; how many it took."""
    start = time.monotonic()
    while time.monotonic() - start < patience and timed(lambda: time.sleep(0.3))[1] > CALM:
        time.sleep(1)
    return time.monotonic() - start


def ratio(times: Mapping[str, Times], numerator: str, denominator: str) -> float | None:
    """Median of the ratio of two jobs' times within a round; None where one was not run.

    Over the rounds that were calm for both, or over all if none was.
    """
    if numerator not in times or denominator not in times:
        return None
    pair = {name: times[name] for name in (numerator, denominator)}
    rounds = _calm_rounds(pair) or range(len(times[numerator].warm))
    return median(times[numerator].warm[i] / times[denominator].warm[i] for i in rounds)


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
        lines, elapsed = [""], 0.0
        for line in process.stdout:  # type: ignore[union-attr]
            lines, elapsed = [line], time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{script.name} {' '.join(arguments)} failed with status {process.returncode}.")
    return elapsed, lines[-1].strip()


def empty_caches() -> tuple[tempfile.TemporaryDirectory, dict[str, str]]:
    """A folder, and the environment that keeps all compiled code in it: jaxseis's, and Devito's under TMPDIR."""
    folder = tempfile.TemporaryDirectory(prefix="jaxseis-benchmark-")
    return folder, {"JAXSEIS_CACHE": folder.name, "TMPDIR": folder.name}


def announced(measure: Callable[..., Any], *given: Any) -> Any:
    """The result of a part of a benchmark, with a line on standard error that says what it took."""
    start = time.perf_counter()
    result = measure(*given)
    print(f"{measure.__name__}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return result


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
        return (
            "met"
            if (-np.inf if self.low is None else self.low) <= value <= (np.inf if self.high is None else self.high)
            else "MISSED"
        )


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
    rows = [
        (name, *(number(x) for x in (t.first, t.median, min(t.warm))), f"{sum(map(t.calm, range(n)))} of {n}")
        for name, t in times.items()
        for n in [len(t.warm)]
    ]
    show("Seconds" + " of processor time" * _one_thread, ("job", "first call", "median", "fastest", "calm calls"), rows)


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
    text = "one thread each, by processor time: for a machine that is not at rest"
    parser.add_argument("--one-thread", action="store_true", help=text)
    given = parser.parse_args()
    if given.one_thread:
        use_one_thread()
    return given


def write_json(path: Path | None, facts: Mapping[str, Any]) -> None:
    """Write one JSON object."""
    if path is not None:
        path.write_text(json.dumps(facts, indent=1) + "\n")
