"""One propagation of one shot: its buffers, its compiled kernel, and what happens between kernel calls.

Between calls the host reads wavefields, stores them, or adds sources that are not points.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jaxseis.engines import _kernel, _pool, devito
from jaxseis.engines._numbers import Arrays, Coefficients, points, sizes
from jaxseis.engines._problem import Problem


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
        src, sources = points(problem, "src", source.get("window"), shot, width)
        rec, receivers = points(problem, "rec", receiver.get("window"), shot, width)
        traces = self.source.get("traces", np.zeros((self.steps, 0)))
        channels = receiver["window"].channels if "window" in receiver else 0
        samples = _kernel.aligned_copy(np.zeros((self.steps, channels)), problem.dtype)
        own = src | rec | {"src": _kernel.aligned_copy(traces, problem.dtype), "rec": samples}
        given = shared.arrays | own
        self.scratch = {
            name: _pool.acquire(a.shape(sizes(problem)), a.dtype)
            for name, a in self.kernel.arrays.items()
            if name not in given
        }
        self.scalars = shared.scalars(width, parallel) | sources | receivers
        self.arrays = given | self.scratch
        self.call = self.kernel.bind(self.arrays, self.scalars)
        self.outputs = {"traces": samples} if "window" in receiver else {}
        self.before_level: list[Callable[[int], None]] = []
        self.each_level = [*_samplers(self, receiver), *_drivers(self)]

    def to(self, level: int) -> None:
        """Advance until the field at ``level`` is known."""
        while (self.before_level or self.each_level) and self.next < level:
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
        for act in self.before_level:
            act(n)
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
        return [self.level(f, self.next, halo) for f in self.problem.fields]

    def state(self) -> list[np.ndarray]:
        """Every array that the propagation changes."""
        return list(self.scratch.values())

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
    field = problem.fields[0]

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
    field = problem.fields[0]
    r = run.shared.arrays[f"r_{problem.equation.mass_name(field)}"][problem.interior]

    def add(n: int, q: np.ndarray) -> None:
        run.level(field, n + 1)[problem.interior] += r * q
        if problem.free_surface and problem.equation.vanishes(field):
            _mirror(run, field, n + 1)

    if "wavefield" in source:
        yield lambda n: add(n, source["wavefield"][n])
    if "weights" in source:
        yield lambda n: add(n, source["weights"] * source["wavelet"][n])


def _mirror(run: Run, field: str, n: int) -> None:
    u, r = run.arrays[field][n % 3], run.problem.order // 2
    u[..., r] = 0
    u[..., :r] = -u[..., 2 * r : r : -1]
