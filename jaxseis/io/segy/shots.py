"""Shots out of core: geometry in memory, traces in files, read when they are wanted."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import Geometry, TimeAxis, keep_axis
from jaxseis.io.segy._pieces import reopened
from jaxseis.io.segy.file import SegyFile
from jaxseis.io.segy.index import ShotIndex, StaleIndexError
from jaxseis.io.segy.positions import Frame
from jaxseis.io.segy.reading_ahead import read_ahead
from jaxseis.objectives.batches import shot_batches
from jaxseis.shots import Shots

OPEN_FILES = 64
COARSE = 1e-2  # metres: rounding of positions that is worth a warning
PADDED = 10**6  # traces

Step = Callable[[Shots], Shots]


class SegyShots:
    """The shots of an index, with the interface of :class:`Shots`, out of core.

    Sources, receivers and the time axis are in memory. ``shots[i]`` selects without reading; ``shots.load()``, or
    ``shots.traces``, reads the selected ones. Shots with fewer receivers than the longest are padded by masked ones,
    so that batches have one shape and a jitted step compiles once.

    Arguments:
        index: of the survey, from :func:`scan`.
        frame: the grid's axes in the coordinates of the survey; a line along X from (0, 0) by default.
        steps: functions from Shots to Shots that are applied to what is read, in order; see :meth:`map`.

    Traces begin at time zero: a delay of the recording is filled with zeros, and the time axis is as much longer as the
    longest delay; what was recorded before zero is cut. Samples that are not finite make their trace zero, with a
    warning. Raises ValueError if the files differ in their time axes.

    ```python
    shots = SegyShots(scan("survey/"), Frame(origin=(451_000.0, 6_782_000.0)))
    for numbers, batch in shots.batches(jax.random.key(0), size=8):
        value, gradient = value_and_grad(FWI(F[numbers], q, batch), m)
    ```
    """

    def __init__(self, index: ShotIndex, frame: Frame = Frame(), steps: tuple[Step, ...] = ()):  # noqa: B008
        if len(index) == 0:
            raise _checks.fail("index", "at least one shot", "none")
        self._reader = _Reader(index, _common_time(index))
        self._numbers = np.arange(len(index))
        self._steps = steps
        self.index, self.frame = index, frame
        placed = frame(np.concatenate([index.sources, index.receivers]))
        self.sources = _sources(placed[: len(index)])
        self.receivers = _receivers(index, placed[len(index) :])
        self.time = self._time()
        _warn_rounded(placed)

    def _time(self) -> TimeAxis:
        """The time axis after all steps: they are tried on zeros."""
        if not self._steps:
            return self._reader.time
        zeros = jnp.zeros((1, self._reader.time.size, self.receivers.points))
        return self._applied(Shots(zeros, self.sources[:1], self.receivers[:1], self._reader.time)).time

    def __len__(self) -> int:
        """Number of shots."""
        return len(self._numbers)

    @property
    def numbers(self) -> np.ndarray:
        """The numbers of these shots in the index."""
        return self._numbers

    def __getitem__(self, shots: Any) -> "SegyShots":
        """The selected shots; nothing is read."""
        pick = np.asarray(keep_axis(shots, len(self)))
        return self._changed(_numbers=self._numbers[pick], sources=self.sources[pick], receivers=self.receivers[pick])

    def map(self, step: Step) -> "SegyShots":
        """The same shots with ``step``, a function from Shots to Shots, applied whenever they are read.

        It must treat each shot on its own, and may change the time axis: mutes, filters, resampling.
        """
        mapped = self._changed(_steps=(*self._steps, step))
        mapped.time = mapped._time()
        return mapped

    def _changed(self, **changes: Any) -> "SegyShots":
        copy = object.__new__(SegyShots)
        copy.__dict__.update(self.__dict__ | changes)
        return copy

    def load(self) -> Shots:
        """These shots in memory."""
        traces = np.zeros((len(self), self._reader.time.size, self.receivers.points), jnp.result_type(float))
        for row, number in zip(traces, self._numbers, strict=True):
            self._reader.read(int(number), row)
        return self._applied(Shots(jnp.asarray(traces), self.sources, self.receivers, self._reader.time))

    def _applied(self, shots: Shots) -> Shots:
        for step in self._steps:
            shots = step(shots)
        return shots

    @property
    def traces(self) -> jax.Array:
        """The traces (shot, time, receiver) of these shots, read now."""
        return self.load().traces

    def with_traces(self, traces: Any) -> Shots:
        """The same experiment with other traces."""
        return Shots(traces, self.sources, self.receivers, self.time)

    def __add__(self, other: Any) -> Shots:
        return self.load() + other

    def __sub__(self, other: Any) -> Shots:
        return self.load() - other

    def __mul__(self, scale: Any) -> Shots:
        return self.load() * scale

    __rmul__ = __mul__

    def batches(self, key: jax.Array, size: int, ahead: int = 1) -> Iterator[tuple[np.ndarray, Shots]]:
        """Random batches without end, each with the numbers of its shots; see :func:`shot_batches`.

        ``ahead`` batches are read on another thread while the present one is in use.
        """
        return read_ahead(self, shot_batches(key, len(self), size), ahead)

    def in_order(self, size: int, ahead: int = 1) -> Iterator[tuple[np.ndarray, Shots]]:
        """All shots once, ``size`` at a time, the last batch perhaps smaller; each with the numbers of its shots."""
        size = _checks.whole("size", size, 1)
        every = np.arange(len(self))
        return read_ahead(self, (every[i : i + size] for i in range(0, len(self), size)), ahead)


class _Reader:
    """Traces of single shots, through files that stay open while they are in use."""

    def __init__(self, index: ShotIndex, time: TimeAxis):
        self.index, self.time = index, time
        self._open: OrderedDict[int, SegyFile] = OrderedDict()
        self._lock = Lock()

    def read(self, shot: int, out: np.ndarray) -> None:
        """The traces of a shot into ``out`` (time, receiver): one read for each run of traces in a file."""
        column = 0
        delays = self.index.delays[self.index.traces_of(shot)]
        for number, first, count in self.index.runs_of(shot):
            samples = self._file(int(number)).traces(slice(int(first), int(first + count)))
            with np.errstate(over="ignore"):  # 8-byte numbers beyond the range become infinite, and are told
                samples = _finite(samples.astype(out.dtype), shot)
            _place(samples, delays[column : column + count], self.time, out[:, column : column + count])
            column += int(count)

    def _file(self, number: int) -> SegyFile:
        with self._lock:
            if number not in self._open:
                self._open[number] = reopened(self.index.files[number], "tolerant")
            if self._open[number].blob.changed():
                raise StaleIndexError(f"{self._open[number].path} changed since it was scanned: scan again.")
            self._open.move_to_end(number)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)  # closed when the last user lets go of it
            return self._open[number]


def _common_time(index: ShotIndex) -> TimeAxis:
    used = np.unique(index.runs[:, 0])
    axes = sorted({(index.files[i].layout.samples, index.files[i].layout.interval) for i in used})
    if len(axes) > 1:
        listed = ", ".join(f"{samples} samples of {interval:g} ms" for samples, interval in axes)
        raise _checks.fail("index", "files of one time axis", listed, "Scan them apart, one index for each.")
    samples, interval = axes[0]
    latest = max(0.0, float(index.delays.max(initial=0.0)))
    return TimeAxis((samples - 1) * interval + latest, interval)


def _sources(positions: np.ndarray) -> Geometry:
    columns = dict(zip("xyz" if positions.shape[1] == 3 else "xz", positions.T, strict=True))
    return Geometry(**columns)


def _receivers(index: ShotIndex, positions: np.ndarray) -> Geometry:
    """Receivers of all shots, padded to the longest, or as one spread if all shots have the same."""
    counts = np.diff(index.trace_starts)
    longest = int(counts.max())
    _warn_padded(counts)
    inside = np.arange(longest) < counts[:, None]
    table = np.repeat(positions[index.trace_starts[:-1]][:, None], longest, axis=1)
    table[inside] = positions
    if inside.all() and np.all(table == table[:1]):
        columns = dict(zip("xyz" if positions.shape[1] == 3 else "xz", table[0].T, strict=True))
        return Geometry.spread(**columns)
    return Geometry.padded(table, inside)


def _warn_padded(counts: np.ndarray) -> None:
    shot, padded = int(np.argmax(counts)), counts.size * int(counts.max())
    if padded > PADDED and padded > 10 * counts.sum():
        warnings.warn(
            f"Shot {shot} has {counts[shot]} traces, and all others are padded to as many: {padded} in place of "
            f"{counts.sum()}. Is it a shot? Choose other keys for the scan, or leave it out.",
            stacklevel=_checks.stack_level(),
        )


def _finite(samples: np.ndarray, shot: int) -> np.ndarray:
    if samples.dtype.kind != "f" or np.isfinite(samples).all():
        return samples
    bad = np.any(~np.isfinite(samples), axis=1)
    warnings.warn(
        f"Shot {shot}: {int(bad.sum())} traces have samples that are not finite, and are zero here.",
        stacklevel=_checks.stack_level(),
    )
    return np.where(bad[:, None], 0, samples)


def _place(samples: np.ndarray, delays: np.ndarray, time: TimeAxis, out: np.ndarray) -> None:
    """Samples (trace, time) into ``out`` (time, trace), each trace moved down by its delay."""
    shifts = delays / time.step
    rounded = np.rint(shifts).astype(int)
    if np.abs(shifts - rounded).max(initial=0.0) > 1e-3:
        listed = f"{delays.min():g} to {delays.max():g} ms"
        raise _checks.fail("delay", f"whole samples of {time.step:g} ms", listed, "Resample the files first.")
    for shift in map(int, np.unique(rounded)):
        traces, cut = np.flatnonzero(rounded == shift), max(0, -shift)
        kept = samples[traces, cut : cut + time.size - max(shift, 0)].T
        start = max(shift, 0)
        out[start : start + len(kept), traces] = kept


def _warn_rounded(positions: np.ndarray) -> None:
    dtype = jnp.result_type(float)
    rounding = float(np.abs(positions.astype(dtype) - positions).max(initial=0.0))
    if rounding > COARSE:
        warnings.warn(
            f"Positions up to {np.abs(positions).max():.6g} m are rounded by {rounding:.2g} m in {dtype}: "
            "Frame(origin=...) near the survey keeps them.",
            stacklevel=_checks.stack_level(),
        )
