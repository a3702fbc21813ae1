"""Shots out of core: geometry in memory, traces in files, read when they are wanted."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import Geometry, TimeAxis, keep_axis
from jaxseis.io.segy.file import SegyFile
from jaxseis.io.segy.index import ShotIndex
from jaxseis.io.segy.positions import Frame
from jaxseis.io.segy.scanning import reopened
from jaxseis.objectives.batches import shot_batches
from jaxseis.shots import Shots

OPEN_FILES = 64
COARSE = 1e-2  # metres: rounding of positions that is worth a warning

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

    Traces begin at time zero: a delay of the recording is filled with zeros, what was recorded before is cut. Samples
    that are not finite make their trace zero, with a warning. Raises ValueError if the files differ in their time axes.

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
        self.sources = Geometry.ragged([row[None] for row in placed[: len(index)]])
        self.receivers = _receivers(index, placed[len(index) :])
        self.time = self._time()
        _warn_rounded(self.sources, self.receivers)

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
        return self._read_ahead(shot_batches(key, len(self), size), ahead)

    def in_order(self, size: int, ahead: int = 1) -> Iterator[tuple[np.ndarray, Shots]]:
        """All shots once, ``size`` at a time, the last batch perhaps smaller; each with the numbers of its shots."""
        size = _checks.whole("size", size, 1)
        every = np.arange(len(self))
        return self._read_ahead(iter([every[i : i + size] for i in range(0, len(self), size)]), ahead)

    def _read_ahead(self, selections: Iterator[np.ndarray], ahead: int) -> Iterator[tuple[np.ndarray, Shots]]:
        ahead = _checks.whole("ahead", ahead, 0)
        return self._reading(selections, ahead) if ahead else ((s, self[s].load()) for s in selections)

    def _reading(self, selections: Iterator[np.ndarray], ahead: int) -> Iterator[tuple[np.ndarray, Shots]]:
        pool = ThreadPoolExecutor(1, thread_name_prefix="jaxseis-read")
        try:
            waiting = [_Waiting(s, pool.submit(self[s].load)) for s in islice(selections, ahead)]
            while waiting:
                selection, future = waiting.pop(0)
                waiting += [_Waiting(s, pool.submit(self[s].load)) for s in islice(selections, 1)]
                yield selection, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Waiting(tuple[np.ndarray, "Future[Shots]"]):
    """A selection of shots, and their reading."""

    def __new__(cls, selection: np.ndarray, future: "Future[Shots]") -> "_Waiting":
        return super().__new__(cls, (selection, future))


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
            _place(_finite(samples, shot), delays[column : column + count], self.time, out[:, column : column + count])
            column += int(count)

    def _file(self, number: int) -> SegyFile:
        with self._lock:
            if number not in self._open:
                self._open[number] = reopened(self.index.files[number], "tolerant")
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
    return TimeAxis((samples - 1) * interval, interval)


def _receivers(index: ShotIndex, positions: np.ndarray) -> Geometry:
    """Receivers of all shots, as one spread if all shots have the same."""
    tables = [positions[index.traces_of(shot)] for shot in range(len(index))]
    if all(np.array_equal(table, tables[0]) for table in tables[1:]):
        columns = {"x": tables[0][:, 0], "z": tables[0][:, -1]}
        return Geometry.spread(**columns, **({"y": tables[0][:, 1]} if positions.shape[1] == 3 else {}))
    return Geometry.ragged(tables)


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
    for shift in np.unique(rounded):
        traces = np.flatnonzero(rounded == shift)
        into, outof = (slice(shift, None), slice(0, max(time.size - shift, 0)))
        if shift < 0:
            into, outof = slice(0, max(time.size + shift, 0)), slice(-shift, None)
        out[into, traces] = samples[traces, outof].T


def _warn_rounded(*geometries: Geometry) -> None:
    for geometry in geometries:
        dtype, largest = geometry.positions.dtype, float(jnp.abs(geometry.positions).max())
        rounding = largest * float(jnp.finfo(dtype).eps)
        if rounding > COARSE:
            warnings.warn(
                f"Positions up to {largest:.6g} m are rounded to {rounding:.2g} m in {dtype}: "
                "Frame(origin=...) near the survey keeps them exact.",
                stacklevel=_checks.stack_level(),
            )
