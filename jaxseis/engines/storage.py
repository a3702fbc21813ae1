"""How the forward wavefield is kept for the gradient: a strategy object.

The gradient correlates the forward field u[n] with the adjoint field level by level, last to first,
at the levels n that are multiples of ``every``, each weighted by ``every``. With ``every=1`` it is
the exact derivative of the discrete data. A wavefield that is band-limited needs fewer levels: the
default keeps the Nyquist rate of the *sources* (frequencies above 1e-3 of the spectrum's peak); the
gradient then changes by some 1e-3, and by more where records are cut while waves still arrive. At that
spacing it is the exact adjoint of scattering at the stored levels only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import numpy as np

from jaxseis import _checks
from jaxseis.engines import _pool


class Run(Protocol):
    """What a strategy needs of a propagation (see _run.py)."""

    steps: int

    def to(self, level: int) -> None:
        """Advance until the field at ``level`` is known."""

    def fields(self) -> list[np.ndarray]:
        """The fields at the level reached, with the halo that the gradient needs."""
        ...

    def state(self) -> list[np.ndarray]:
        """Every array of the propagation, to be saved and restored."""
        ...


class Kept(Protocol):
    """A stored wavefield."""

    nbytes: int

    def backward(self, rerun: Callable[[], Any]) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Stored levels and their fields, last to first; ``rerun()`` gives a fresh forward run."""
        ...

    def release(self) -> None:
        """Give the memory back."""


def _whole(storage: Any, name: str, otherwise: str) -> None:
    """Makes an attribute an int, if it is given."""
    value = getattr(storage, name)
    if value is not None:
        object.__setattr__(storage, name, _checks.whole(f"storage.{name}", value, 1, f"None gives {otherwise}."))


@jax.tree_util.register_static
@dataclass(frozen=True)
class InMemory:
    """Keep every ``every``-th level in memory (None: the Nyquist rate of the sources).

    Memory: ``steps / every`` padded fields per shot in flight.
    """

    every: int | None = None

    def __post_init__(self) -> None:
        _whole(self, "every", "the Nyquist rate of the sources")

    def record(self, run: Any, every: int) -> "Levels":
        """Run the propagation to its end and keep levels on the way."""
        return Levels.of(run, range(0, run.steps, every))


@jax.tree_util.register_static
@dataclass(frozen=True)
class Recompute:
    """Keep the whole state at ``segments`` checkpoints and recompute between them: one forward run more.

    Memory: ``segments`` states and ``steps / (segments every)`` fields; None balances the two (the
    square root of the number of levels). The gradient equals that of ``InMemory(every)`` bit by bit.
    """

    segments: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        _whole(self, "every", "the Nyquist rate of the sources")
        _whole(self, "segments", "the square root of the number of levels")

    def record(self, run: Any, every: int) -> "Checkpoints":
        """Run the propagation to its end and keep its state now and then."""
        count = -(-run.steps // every)
        segments = min(self.segments or int(np.ceil(np.sqrt(count))), count)
        return Checkpoints(run, every, every * -(-count // segments))


Storage = InMemory | Recompute


@dataclass
class Levels:
    """Fields at some levels, in memory."""

    levels: range
    fields: list[np.ndarray]
    nbytes: int

    @staticmethod
    def of(run: Any, levels: range) -> "Levels":
        """Advance ``run`` through ``levels`` (ascending) and copy its fields at each."""
        buffers = [_pool.acquire((len(levels), *f.shape), f.dtype, zero=False) for f in run.fields()]
        for i, n in enumerate(levels):
            run.to(n)
            for buffer, field in zip(buffers, run.fields(), strict=True):
                np.copyto(buffer[i], field)
        return Levels(levels, buffers, sum(b.nbytes for b in buffers))

    def backward(self, rerun: Callable[[], Any]) -> Iterator[tuple[int, list[np.ndarray]]]:
        """The stored levels, last to first."""
        for i in reversed(range(len(self.levels))):
            yield self.levels[i], [f[i] for f in self.fields]

    def release(self) -> None:
        """Give the memory back."""
        _pool.release(*self.fields)
        self.fields = []


class Checkpoints:
    """States at some levels; the fields between them are recomputed, a segment at a time."""

    def __init__(self, run: Any, every: int, length: int):
        self.every, self.length, self.steps = every, length, run.steps
        self.states = []
        for n in range(0, run.steps, length):
            run.to(n)
            self.states.append([_copy(array) for array in run.state()])
        self.nbytes = sum(a.nbytes for state in self.states for a in state)

    def backward(self, rerun: Callable[[], Any]) -> Iterator[tuple[int, list[np.ndarray]]]:
        """The levels of each segment, last to first, recomputed from its checkpoint."""
        run = rerun()
        for i in reversed(range(len(self.states))):
            first = i * self.length
            run.restore(first, self.states[i])
            segment = Levels.of(run, range(first, min(first + self.length, self.steps), self.every))
            yield from segment.backward(rerun)
            segment.release()
        run.close()

    def release(self) -> None:
        """Give the memory back."""
        for state in self.states:
            _pool.release(*state)
        self.states = []


def _copy(array: np.ndarray) -> np.ndarray:
    copy = _pool.acquire(array.shape, array.dtype, zero=False)
    np.copyto(copy, array)
    return copy
