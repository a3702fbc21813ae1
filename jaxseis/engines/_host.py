"""The devito engine at run time: shots of a problem on the host, NumPy in and NumPy out.

Forward, derivative and gradient are each a few runs of kernels per shot. Sums over shots are taken in
the order of the shots, so that results do not depend on the number of threads.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxseis.engines import _wavefields
from jaxseis.engines._adjoint import Adjoint, added
from jaxseis.engines._cascade import Cascade
from jaxseis.engines._numbers import Arrays, Coefficients, changes
from jaxseis.engines._problem import Problem
from jaxseis.engines._threads import over_shots

SOURCE_DATA = ("traces", "wavefield", "weights", "wavelet")
"""The data arguments of a source; everything is linear in each of them."""


def forward(
    problem: Problem, c: Arrays, source: Arrays, receiver: Arrays, shots: int, storage: Any = None
) -> dict[str, np.ndarray]:
    """Propagate every shot: what the receivers sample. With ``storage``, wavefields are kept for :func:`gradient`."""
    shared = Coefficients(problem, c)
    every, key = _storing(problem, c, (), source, storage) if storage else (0, "")

    def work(shot: int, parallel: bool) -> Arrays:
        run = Cascade(shared, (), source, receiver, shot, parallel)
        _wavefields.drop(key, shot)
        kept = storage.record(run, every) if storage else None
        outputs = run.finish().outputs
        run.close()
        if kept:
            _wavefields.keep(key, shot, kept)
        return outputs

    return _stack(list(over_shots(problem, shots, work)))


def born(
    problem: Problem, c: Arrays, directions: Sequence[Arrays], source: Arrays, receiver: Arrays, shots: int
) -> dict[str, np.ndarray]:
    """The derivative of :func:`forward` along one or several directions in the coefficients."""
    shared, along = Coefficients(problem, c), [changes(problem, dc) for dc in directions]

    def work(shot: int, parallel: bool) -> Arrays:
        cascade = Cascade(shared, along, source, receiver, shot, parallel).finish()
        cascade.close()
        return cascade.outputs

    return _stack(list(over_shots(problem, shots, work)))


def gradient(
    problem: Problem,
    c: Arrays,
    directions: Sequence[Arrays],
    source: Arrays,
    receiver: Arrays,
    y: np.ndarray,
    shots: int,
    storage: Any,
    keep: bool = True,
) -> tuple[Arrays, dict[str, np.ndarray]]:
    """The transpose of :func:`born`, and of :func:`forward` in the source; or its derivative along directions.

    The adjoint field is the same kernel driven by the time-reversed data ``y`` at the receivers and
    sampled at the sources. The forward field comes from the cache or is propagated again; it goes back
    to the cache if it may be needed once more (``keep``), else its memory is free for the next model. Derivatives
    keep every level, and nothing for later: the next one has other directions.
    """
    shared, along = Coefficients(problem, c), [changes(problem, dc) for dc in directions]
    every, key = _storing(problem, c, directions, source, storage)
    driver, sampler = reverse_source(receiver, y), reverse_receiver(source)

    def work(shot: int, parallel: bool) -> tuple[Arrays, Arrays]:
        def fresh() -> Cascade:
            return Cascade(shared, along, source, {}, shot, parallel)

        wavefield = _wavefields.take(key, shot)
        if wavefield is None:
            run = fresh()
            wavefield = storage.record(run, every)
            run.close()
        adjoint = Adjoint(shared, along, driver, sampler, shot, parallel)
        for level, fields in wavefield.backward(fresh):
            adjoint.correlate(level, fields)
        if keep and not along:
            _wavefields.keep(key, shot, wavefield)
        else:
            wavefield.release()
        return adjoint.finish(every)

    total: Arrays = {}
    samples = []
    for gradients, outputs in over_shots(problem, shots, work):
        total = added(total, gradients) if total else gradients
        samples.append(outputs)
    return total, reverse_time(_stack(samples))


def _storing(
    problem: Problem, c: Arrays, directions: Sequence[Arrays], source: Arrays, storage: Any
) -> tuple[int, str]:
    """The interval of stored levels, and the key under which the wavefields are kept."""
    every = 1 if directions else storage.every or nyquist_interval(source, problem.steps)
    facts = {k: v for k, v in source.items() if k != "positions"}
    return every, _wavefields.digest((problem, storage, every), (c, directions, facts))


def nyquist_interval(source: Arrays, steps: int) -> int:
    """The largest interval of levels that keeps all frequencies of the source (above 1e-3 of its peak)."""
    signal = source.get("traces", source.get("wavelet"))
    if signal is None:
        return 1
    spectrum = np.abs(np.fft.rfft(np.asarray(signal, float), 2 * steps, axis=1)).max(axis=(0, *range(2, signal.ndim)))
    present = np.flatnonzero(spectrum > 1e-3 * spectrum.max())
    return max(1, steps // (present[-1] + 1)) if len(present) else 1


def reverse_source(receiver: Arrays, y: Any) -> Arrays:
    """Receivers as sources, driven by time-reversed data."""
    if "window" in receiver:
        return _points(receiver) | {"traces": y[:, ::-1]}
    if "wavefield" in receiver:
        return {"wavefield": y[:, ::-1]}
    if "weights" in receiver:
        return {"weights": receiver["weights"], "wavelet": y[:, ::-1]}
    return {"weights": y, "wavelet": receiver["wavelet"][:, ::-1]}


def reverse_receiver(source: Arrays) -> Arrays:
    """Sources as receivers, of a run on time-reversed data."""
    if "window" in source:
        return _points(source)
    if "wavefield" in source:
        return {"wavefield": None}
    return {"weights": source["weights"], "wavelet": source["wavelet"][:, ::-1]}


def _points(end: Arrays) -> Arrays:
    """The points of an end, without its data."""
    return {k: end[k] for k in ("window", "positions") if k in end}


def reverse_time(outputs: Arrays) -> Arrays:
    """Samples of a reversed run in forward time (weights have no time axis)."""
    return {k: v if k == "weights" else v[:, ::-1] for k, v in outputs.items()}


def _stack(outputs: list[Arrays]) -> dict[str, np.ndarray]:
    return {k: np.stack([o[k] for o in outputs]) for k in outputs[0]}
