"""The devito engine at run time: shots of a problem on the host, NumPy in and NumPy out.

A shot is a :class:`Run`: the buffers of one propagation and its compiled kernel. Between kernel calls
the host reads wavefields, stores them, or adds sources that are not points. Shots run in a thread
pool (a kernel call releases the interpreter lock), or one after another with the threads inside the
kernel where grids are large. Sums over shots are taken in the order of the shots, so that
results do not depend on the number of threads.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np

from jaxseis._types import SPACE_AXES
from jaxseis.differences import staggered
from jaxseis.engines import _kernel, _pool, _wavefields, devito
from jaxseis.engines._problem import Problem
from jaxseis.engines._sensitivity import needs_sums
from jaxseis.engines._validate import check_coefficients

Arrays = dict[str, Any]
SOURCE_DATA = ("traces", "wavefield", "weights", "wavelet")
"""The data arguments of a source; everything is linear in each of them."""
LARGE = 1_000_000
"""Nodes from which the threads work inside one shot instead of on several shots."""


def threads() -> int:
    """Threads used for propagation: ``JAXSEIS_THREADS``, else the processors this process may use."""
    return int(os.environ.get("JAXSEIS_THREADS", 0)) or len(os.sched_getaffinity(0))


@lru_cache
def _executor(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="jaxseis")


def over_shots(problem: Problem, shots: int, work: Callable[..., Any]) -> Iterator[Any]:
    """``work(shot, parallel)`` for every shot, results in order."""
    workers = threads()
    if workers == 1 or shots == 1 or np.prod(problem.shape) >= LARGE:
        return map(partial(work, parallel=workers > 1), range(shots))
    return _executor(workers).map(partial(work, parallel=False), range(shots))


class Coefficients:
    """The numbers of a problem that all its shots share, ready for the kernels."""

    def __init__(self, problem: Problem, c: Arrays, dc: Arrays | None = None):
        check_coefficients(problem, c)
        self.problem = problem
        dt, equation = problem.step, problem.equation
        damped = 1 + problem.mass_factors[0] if problem.absorbing and not problem.pml else 1
        arrays: Arrays = {}
        for field in equation.fields:
            mass = c[equation.mass_name(field)]
            arrays[f"r_{field}"] = dt**2 / (mass * damped)
            if dc is not None:
                arrays[f"dr_{field}"] = -dc[equation.mass_name(field)] / dt**2
        for name in equation.stiffness_names(problem.ndim):
            arrays[f"c_{name}"] = c[name]
            if dc is not None:
                arrays[f"dc_{name}"] = dc[name]
        arrays |= {"two": 2 / damped, "one": (2 - damped) / damped} if np.ndim(damped) else {}
        self.arrays = {k: _kernel.aligned_copy(v, problem.dtype) for k, v in (arrays | _static(problem)).items()}

    def scalars(self, width: int, parallel: bool) -> dict[str, float]:
        """Bounds, spacings and thread counts of a kernel."""
        return _scalars(self.problem, width) | {"nthreads": threads() if parallel else 1, "nthreads_nonaffine": 1}


@lru_cache(maxsize=16)
def _static(problem: Problem) -> Arrays:
    """Profiles of the layer along each axis, and the mass factors."""
    arrays: Arrays = dict(zip(("D1", "D2", "D3"), problem.mass_factors, strict=True))
    for axis in range(problem.ndim):
        for parity in (0, 1):
            a, b = problem.filter(axis, parity)
            profiles = {"a": a, "b": b, "c": (1 + a) * b, "onea": 1 + a, "d": problem.damping(axis, parity)}
            arrays |= {f"{k}_{axis}_{parity}": v for k, v in profiles.items()}
    return arrays


@lru_cache(maxsize=16)
def _scalars(problem: Problem, width: int) -> dict[str, float]:
    scalars: dict[str, float] = {}
    reach = len(staggered(problem.strain_order))
    for axis, name in enumerate(SPACE_AXES[problem.ndim]):
        n, h, cells = problem.shape[axis], problem.grid.spacing[axis], problem.cells
        low = 0 if problem.pad[axis][0] == 0 else min(cells + reach, n)
        scalars |= {f"{name}_m": 0, f"{name}_M": n - 1, f"k_{name}_m": 0, f"k_{name}_M": width - 1}
        scalars |= {f"h_{name}": h, f"inverse_{name}": 1 / h, f"inverse2_{name}": 1 / h**2}
        scalars |= {f"{name}_left_half": cells + 1, f"{name}_right_half": cells + 1}
        scalars |= {f"{name}_left_reach": low, f"{name}_right_reach": min(cells + reach, n - low)}
    return scalars


def _points(problem: Problem, name: str, window: Any | None, shot: int, width: int) -> tuple[Arrays, int]:
    """Kernel arrays of a set of points: padded first nodes and weights along each axis."""
    if window is None:
        index, weights = np.zeros((0, problem.ndim), np.int32), np.zeros((0, problem.ndim, width))
    else:
        index, weights = (np.asarray(x[min(shot, len(x) - 1)]) for x in (window.index, window.weights))
    arrays: Arrays = {}
    for a in range(problem.ndim):
        arrays[f"{name}_node_{a}"] = _kernel.aligned_copy(index[:, a] + problem.pad[a][0], np.int32)
        arrays[f"{name}_weight_{a}"] = _kernel.aligned_copy(weights[:, a], problem.dtype)
    return arrays, len(index)


class Run:
    """One propagation of one shot.

    Arguments:
        program: which kernel.
        shared: coefficients of the problem.
        source: of all shots: ``traces`` with ``window``; ``wavefield``; or ``weights`` with ``wavelet``.
        receiver: of all shots: ``window`` gives traces; ``wavefield`` (of None) the wavefield; ``wavelet``
            gives weights and ``weights`` gives a wavelet (the transposes of an extended source).
        shot: which shot.
        parallel: whether threads work inside the kernel.

    Attribute ``outputs`` has what was sampled, under the names that a source would have.
    """

    def __init__(self, program: str, shared: Coefficients, source: Arrays, receiver: Arrays, shot: int, parallel: bool):
        self.problem = problem = shared.problem
        self.steps, self.next, self.shared = problem.steps, 0, shared
        self.source, self.receiver = _of_shot(source, shot), _of_shot(receiver, shot)
        width = _width(source, receiver)
        self.kernel = load(problem, program, width, parallel)
        src, n_src = _points(problem, "src", source.get("window"), shot, width)
        rec, n_rec = _points(problem, "rec", receiver.get("window"), shot, width)
        traces = self.source.get("traces", np.zeros((self.steps, 0)))
        samples = _kernel.aligned_copy(np.zeros((self.steps, n_rec)), problem.dtype)
        own = src | rec | {"src": _kernel.aligned_copy(traces, problem.dtype), "rec": samples}
        sizes = dict(zip(problem.grid.axes, problem.shape, strict=True)) | {"time": 3, "t": 3}
        given = shared.arrays | own
        self.scratch = {
            name: _pool.acquire(a.shape(sizes), a.dtype) for name, a in self.kernel.arrays.items() if name not in given
        }
        self.scalars = shared.scalars(width, parallel)
        self.scalars |= {"p_src_m": 0, "p_src_M": n_src - 1, "p_rec_m": 0, "p_rec_M": n_rec - 1}
        self.arrays = given | self.scratch
        self.call = self.kernel.bind(self.arrays, self.scalars)
        self.outputs = {"traces": samples} if "window" in receiver else {}
        self.each_level = [*_samplers(self, receiver), *_drivers(self)]

    def to(self, level: int) -> None:
        """Advance until the field at ``level`` is known."""
        while self.each_level and self.next < level:
            self._one_level()
        if self.next < level:
            self.call(self.next, level - 1)
            self.next = level

    def finish(self) -> "Run":
        """Advance to the end: all steps driven, all levels sampled."""
        self.to(self.steps)
        return self

    def _one_level(self) -> None:
        n = self.next
        self.call(n, n)
        for act in self.each_level:
            act(n)
        self.next = n + 1

    def level(self, field: str, n: int, halo: int = 0) -> np.ndarray:
        """The field at level n, with so many halo nodes."""
        have = self.kernel.arrays[field].halo[1][0]
        inner = tuple(slice(have - halo, have + size + halo) for size in self.problem.shape)
        return self.arrays[field][n % 3][inner]

    def fields(self) -> list[np.ndarray]:
        """The fields at the level reached, with the halo that the gradient needs."""
        halo = 0 if self.problem.laplacian else self.problem.order // 2
        return [self.level(f, self.next, halo) for f in self.problem.equation.fields]

    def state(self) -> list[np.ndarray]:
        """Every array that the propagation changes."""
        return list(self.scratch.values())

    def restore(self, level: int, state: list[np.ndarray]) -> None:
        """Go back to a saved state."""
        for array, saved in zip(self.scratch.values(), state, strict=True):
            np.copyto(array, saved)
        self.next = level

    def close(self) -> None:
        """Give the buffers back."""
        _pool.release(*self.scratch.values())
        self.scratch = {}


def load(problem: Problem, program: str, width: int, parallel: bool) -> _kernel.Kernel:
    """A compiled kernel of a problem."""
    return _kernel.load(devito.signature(problem, program, width, parallel), devito.build)


def _of_shot(arrays: Arrays, shot: int) -> Arrays:
    return {
        k: v[min(shot, len(v) - 1)] for k, v in arrays.items() if k not in ("window", "positions") and v is not None
    }


def _width(source: Arrays, receiver: Arrays) -> int:
    windows = [x["window"].weights.shape[-1] for x in (source, receiver) if "window" in x]
    return max(windows, default=2)


def _samplers(run: Run, receiver: Arrays) -> Iterator[Callable[[int], Any]]:
    """What receivers that are not points do at each level; they write into ``run.outputs``."""
    problem, given, out = run.problem, run.receiver, run.outputs
    field = problem.equation.fields[0]

    def inside(n: int) -> np.ndarray:
        return run.level(field, n)[problem.interior]

    if "wavefield" in receiver:
        out["wavefield"] = np.zeros((run.steps, *problem.grid.shape), problem.dtype)
        yield lambda n: np.copyto(out["wavefield"][n], inside(n))
    if "weights" in receiver:
        out["wavelet"] = np.zeros(run.steps, problem.dtype)
        yield lambda n: out["wavelet"].__setitem__(n, np.vdot(given["weights"], inside(n)))
    if "wavelet" in receiver:
        out["weights"] = np.zeros(problem.grid.shape, problem.dtype)
        yield lambda n: out["weights"].__iadd__(given["wavelet"][n] * inside(n))


def _drivers(run: Run) -> Iterator[Callable[[int], Any]]:
    """What sources that are not points do after each step: ``u[n+1] += r q[n]``."""
    problem, source = run.problem, run.source
    field = problem.equation.fields[0]
    r = run.shared.arrays[f"r_{field}"][problem.interior]

    def add(n: int, q: np.ndarray) -> None:
        run.level(field, n + 1)[problem.interior] += r * q
        if problem.free_surface:
            _mirror(run, field, n + 1)

    if "wavefield" in source:
        yield lambda n: add(n, source["wavefield"][n])
    if "weights" in source:
        yield lambda n: add(n, source["weights"] * source["wavelet"][n])


def _mirror(run: Run, field: str, n: int) -> None:
    u, r = run.arrays[field][n % 3], run.problem.order // 2
    u[..., r] = 0
    u[..., :r] = -u[..., 2 * r : r : -1]


def forward(
    problem: Problem, c: Arrays, source: Arrays, receiver: Arrays, shots: int, storage: Any = None
) -> dict[str, np.ndarray]:
    """Propagate every shot: what the receivers sample. With ``storage``, wavefields are kept for :func:`gradient`."""
    shared = Coefficients(problem, c)
    every, key = _storing(problem, c, source, storage) if storage else (0, "")

    def work(shot: int, parallel: bool) -> Arrays:
        run = Run("step", shared, source, receiver, shot, parallel)
        _wavefields.drop(key, shot)
        kept = storage.record(run, every) if storage else None
        outputs = run.finish().outputs
        run.close()
        if kept:
            _wavefields.keep(key, shot, kept)
        return outputs

    return _stack(list(over_shots(problem, shots, work)))


def born(
    problem: Problem, c: Arrays, dc: Arrays, source: Arrays, receiver: Arrays, shots: int
) -> dict[str, np.ndarray]:
    """The derivative of :func:`forward` along ``dc``."""
    shared = Coefficients(problem, c, dc)

    def work(shot: int, parallel: bool) -> Arrays:
        scattering = Scattering(shared, source, receiver, shot, parallel)
        return scattering.finish()

    return _stack(list(over_shots(problem, shots, work)))


def gradient(
    problem: Problem,
    c: Arrays,
    source: Arrays,
    receiver: Arrays,
    y: np.ndarray,
    shots: int,
    storage: Any,
    keep: bool = True,
) -> tuple[Arrays, dict[str, np.ndarray]]:
    """The transpose of :func:`born`, and of :func:`forward` in the source.

    The adjoint field is the same kernel driven by the time-reversed data ``y`` at the receivers and
    sampled at the sources. The forward field comes from the cache or is propagated again; it goes back
    to the cache if it may be needed once more (``keep``), else its memory is free for the next model.
    """
    shared = Coefficients(problem, c)
    every, key = _storing(problem, c, source, storage)
    driver, sampler = reverse_source(receiver, y), reverse_receiver(source)

    def work(shot: int, parallel: bool) -> tuple[Arrays, Arrays]:
        def fresh() -> Run:
            return Run("step", shared, source, {}, shot, parallel)

        wavefield = _wavefields.take(key, shot)
        if wavefield is None:
            run = fresh()
            wavefield = storage.record(run, every)
            run.close()
        adjoint = Adjoint(shared, driver, sampler, shot, parallel)
        for level, fields in wavefield.backward(fresh):
            adjoint.correlate(level, fields)
        if keep:
            _wavefields.keep(key, shot, wavefield)
        else:
            wavefield.release()
        return adjoint.finish(every)

    total: Arrays = {}
    samples = []
    for gradients, outputs in over_shots(problem, shots, work):
        total = {k: total[k] + g for k, g in gradients.items()} if total else gradients
        samples.append(outputs)
    return total, reverse_time(_stack(samples))


def _storing(problem: Problem, c: Arrays, source: Arrays, storage: Any) -> tuple[int, str]:
    """The interval of stored levels, and the key under which the wavefields are kept."""
    every = storage.every or nyquist_interval(source, problem.steps)
    facts = {k: v for k, v in source.items() if k != "positions"}
    return every, _wavefields.digest((problem, storage, every), (c, facts))


def nyquist_interval(source: Arrays, steps: int) -> int:
    """The largest interval of levels that keeps all frequencies of the source (above 1e-3 of its peak)."""
    signal = source.get("traces", source.get("wavelet"))
    if signal is None:
        return 1
    spectrum = np.abs(np.fft.rfft(np.asarray(signal, float), 2 * steps, axis=1)).max(axis=(0, *range(2, signal.ndim)))
    present = np.flatnonzero(spectrum > 1e-3 * spectrum.max())
    return max(1, steps // (present[-1] + 1)) if len(present) else 1


class Extra:
    """A kernel that works on the arrays of runs and on some of its own."""

    def __init__(self, program: str, run: Run, parallel: bool, others: Arrays):
        problem = run.problem
        kernel = load(problem, program, 2, parallel)
        sizes = dict(zip(problem.grid.axes, problem.shape, strict=True)) | {"t": 3}
        given = others | {k: v for k, v in run.arrays.items() if k not in others}
        self.own = {k: _pool.acquire(a.shape(sizes), a.dtype) for k, a in kernel.arrays.items() if k not in given}
        self.call = kernel.bind(given | self.own, run.scalars)

    def close(self) -> None:
        """Give the buffers back."""
        _pool.release(*self.own.values())


class Scattering:
    """A shot and its perturbation: both advance, then the one drives the other."""

    def __init__(self, shared: Coefficients, source: Arrays, receiver: Arrays, shot: int, parallel: bool):
        self.background = Run("step", shared, source, {}, shot, parallel)
        self.perturbed = Run("step", shared, {}, receiver, shot, parallel)
        fields = {f"d{f}": self.perturbed.arrays[f] for f in shared.problem.equation.fields}
        self.scatter = Extra("scatter", self.background, parallel, fields)

    def finish(self) -> Arrays:
        """Advance to the end: what was sampled of the perturbation."""
        for n in range(self.background.steps):
            self.background.to(n + 1)
            self.perturbed.to(n + 1)
            self.scatter.call(n, n)
        for part in (self.background, self.perturbed, self.scatter):
            part.close()
        return self.perturbed.outputs


class Adjoint:
    """The adjoint propagation of a shot, correlated with the stored forward field."""

    def __init__(self, shared: Coefficients, driver: Arrays, sampler: Arrays, shot: int, parallel: bool):
        problem = shared.problem
        self.run = run = Run("step", shared, driver, sampler, shot, parallel)
        wanted = needs_sums(problem.pml, problem.laplacian, problem.ndim)
        self.sums = sums = Extra("sums", run, parallel, {}) if wanted else None
        if sums:
            run.each_level.append(lambda n: sums.call(n, n))
        self.image = Extra("image", run, parallel, sums.own if sums else {})

    def correlate(self, level: int, fields: list[np.ndarray]) -> None:
        """Add the product of the forward field at ``level`` with the adjoint field there."""
        m = self.run.steps - 1 - level
        self.run.to(m + 1)
        for name, stored in zip(self.run.problem.equation.fields, fields, strict=True):
            np.copyto(self.image.own[f"stored_{name}"], stored)
        self.image.call(m, m)

    def finish(self, every: int) -> tuple[Arrays, Arrays]:
        """The gradients in the coefficients, and what was sampled at the sources."""
        problem = self.run.problem
        equation, dt, own = problem.equation, problem.step, self.image.own
        gradients = {equation.mass_name(f): own[f"gM_{f}"] * (-every / dt**2) for f in equation.fields}
        gradients |= {n: own[f"gc_{n}"] * -float(every) for n in equation.stiffness_names(problem.ndim)}
        outputs = self.run.finish().outputs
        gradients = {k: g.astype(problem.dtype) for k, g in gradients.items()}
        for part in (self.run, self.image, self.sums):
            if part:
                part.close()
        return gradients, outputs


def reverse_source(receiver: Arrays, y: Any) -> Arrays:
    """Receivers as sources, driven by time-reversed data."""
    if "window" in receiver:
        return {"window": receiver["window"], "traces": y[:, ::-1]}
    if "wavefield" in receiver:
        return {"wavefield": y[:, ::-1]}
    if "weights" in receiver:
        return {"weights": receiver["weights"], "wavelet": y[:, ::-1]}
    return {"weights": y, "wavelet": receiver["wavelet"][:, ::-1]}


def reverse_receiver(source: Arrays) -> Arrays:
    """Sources as receivers, of a run on time-reversed data."""
    if "window" in source:
        return {"window": source["window"]}
    if "wavefield" in source:
        return {"wavefield": None}
    return {"weights": source["weights"], "wavelet": source["wavelet"][:, ::-1]}


def reverse_time(outputs: Arrays) -> Arrays:
    """Samples of a reversed run in forward time (weights have no time axis)."""
    return {k: v if k == "weights" else v[:, ::-1] for k, v in outputs.items()}


def _stack(outputs: list[Arrays]) -> dict[str, np.ndarray]:
    return {k: np.stack([o[k] for o in outputs]) for k in outputs[0]}
