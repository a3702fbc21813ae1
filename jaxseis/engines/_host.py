"""The devito engine at run time: shots of a problem on the host, NumPy in and NumPy out.

Forward, derivative and gradient are each a few runs of kernels per shot. Sums over shots are taken in
the order of the shots, so that results do not depend on the number of threads.
"""

from typing import Any

import numpy as np

from jaxseis.engines import _pool, _wavefields
from jaxseis.engines._numbers import Arrays, Coefficients, sizes
from jaxseis.engines._problem import Problem
from jaxseis.engines._run import Run, load
from jaxseis.engines._sensitivity import needs_sums
from jaxseis.engines._threads import over_shots

SOURCE_DATA = ("traces", "wavefield", "weights", "wavelet")
"""The data arguments of a source; everything is linear in each of them."""


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
        given = others | {k: v for k, v in run.arrays.items() if k not in others}
        self.own = {
            k: _pool.acquire(a.shape(sizes(problem)), a.dtype) for k, a in kernel.arrays.items() if k not in given
        }
        self.call = kernel.bind(given | self.own, run.scalars)

    def close(self) -> None:
        """Give the buffers back."""
        _pool.release(*self.own.values())


class Scattering:
    """A shot and its perturbation: both advance, then the one drives the other."""

    def __init__(self, shared: Coefficients, source: Arrays, receiver: Arrays, shot: int, parallel: bool):
        self.background = Run("step", shared, source, {}, shot, parallel)
        self.perturbed = Run("step", shared, {}, receiver, shot, parallel)
        fields = {f"d{f}": self.perturbed.arrays[f] for f in shared.problem.fields}
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
        wanted = needs_sums(problem)
        self.sums = sums = Extra("sums", run, parallel, {}) if wanted else None
        if sums:
            run.before_level.append(lambda n: sums.call(n - 1, n - 1) if n else None)
        self.image = Extra("image", run, parallel, sums.own if sums else {})

    def correlate(self, level: int, fields: list[np.ndarray]) -> None:
        """Add the product of the forward field at ``level`` with the adjoint field there."""
        m = self.run.steps - 1 - level
        self.run.to(m + 1)
        for name, stored in zip(self.run.problem.fields, fields, strict=True):
            np.copyto(self.image.own[f"stored_{name}"], stored)
        self.image.call(m, m)

    def finish(self, every: int) -> tuple[Arrays, Arrays]:
        """The gradients in the coefficients, and what was sampled at the sources."""
        problem = self.run.problem
        equation, dt, own = problem.equation, problem.step, self.image.own
        gradients = {n: own[f"gc_{n}"] * -float(every) for n in equation.stiffness_names(problem.ndim)}
        for field in problem.fields:  # which may share their mass
            name = equation.mass_name(field)
            gradients[name] = gradients.get(name, 0) + own[f"gM_{field}"] * (-every / dt**2)
            damping = equation.damping_name(field)
            if damping:
                gradients[damping] = gradients.get(damping, 0) + own[f"gC_{field}"] * (-every / (2 * dt))
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
