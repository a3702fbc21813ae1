"""Where the batches of training come from. Every batch is a function of the key and the number of the step.

So training that was interrupted goes on with the batches that it would have had.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows.training._architecture import fingerprint

Batch = tuple[PyTree, PyTree]  # samples and conditions
Draw = Callable[[Array, int], Batch]

DATA = "arrays of numbers, or a function draw(key, n)"
DRAWN_STEPS = 100  # between validations
DRAWN_BATCHES = 8  # for a validation


class Stored:
    """Arrays, a part of them held out; the others are shuffled for every pass, and what does not fill a batch waits."""

    def __init__(self, x: PyTree, condition: PyTree, size: int, held_out: float, key: Array):
        self.data = jax.tree.map(lambda leaf: leaf if hasattr(leaf, "shape") else np.asarray(leaf), (x, condition))
        self.size, self.key = size, jax.random.fold_in(key, 0)
        for name, part in zip(("x", "condition"), self.data, strict=True):
            for leaf in jax.tree.leaves(part):
                _check_numbers(name, leaf)
        self.count = _count(*self.data)
        order = np.asarray(jax.random.permutation(jax.random.fold_in(key, 1), self.count))
        wanted = round(held_out * self.count)
        if held_out and not wanted:
            raise _checks.fail("validation", f"a fraction that holds out some of {self.count} samples, or 0", held_out)
        wanted -= wanted % size if wanted > size else 0
        self.kept, self.training = order[:wanted], order[wanted:]
        if len(self.training) < size:
            got = f"{size} for {self.count} samples, {wanted} of them held out"
            raise _checks.fail("batch_size", "at most the samples to train on", got)
        self.steps = len(self.training) // size  # in a pass
        self.passed, self.order = -1, self.training

    def identity(self) -> dict[str, int]:
        """What tells these batches from others."""
        return {"data": fingerprint(self.data), "samples": self.count, "held_out": len(self.kept)}

    def training_batch(self, step: int) -> Batch:
        """The batch of a step."""
        number, index = divmod(step, self.steps)
        if number != self.passed:
            self.passed = number
            self.order = np.asarray(jax.random.permutation(jax.random.fold_in(self.key, number), self.training))
        return self._take(self.order[index * self.size : (index + 1) * self.size])

    def validation_batches(self) -> Iterator[Batch]:
        """The samples held out, in batches of one size."""
        size = min(self.size, len(self.kept))
        return (self._take(self.kept[i : i + size]) for i in range(0, len(self.kept), size or 1))

    def _take(self, rows: np.ndarray) -> Batch:
        return jax.tree.map(lambda leaf: leaf[rows], self.data)


class Drawn:
    """New samples in every step, from a function ``draw(key, n) -> (x, condition)``; validation on fixed ones."""

    def __init__(self, draw: Draw, size: int, validated: bool, key: Array):
        self.draw, self.size = draw, size
        self.key, self.fixed = jax.random.split(key)
        self.steps = DRAWN_STEPS
        self.batches = DRAWN_BATCHES if validated else 0

    def identity(self) -> dict[str, int]:
        """What tells these batches from others, but for the function that draws them."""
        return {"data": 0, "samples": 0, "held_out": self.batches * self.size}

    def training_batch(self, step: int) -> Batch:
        """The batch of a step."""
        return self._draw(jax.random.fold_in(self.key, step))

    def validation_batches(self) -> Iterator[Batch]:
        """The same batches every time."""
        return (self._draw(jax.random.fold_in(self.fixed, i)) for i in range(self.batches))

    def _draw(self, key: Array) -> Batch:
        found = self.draw(key, self.size)
        if not isinstance(found, tuple) or len(found) != 2:
            raise _checks.fail("x", "draw(key, n) that returns (x, condition)", type(found).__name__)
        return found


def batches_of(x: Any, condition: PyTree, size: int, held_out: float, key: Array) -> Stored | Drawn:
    """Batches of arrays, of a function that draws them, or of nothing, where x and the condition are None."""
    _checks.number("validation", held_out, "a fraction, 0 <= validation < 1", lambda f: 0 <= f < 1)
    _checks.whole("batch_size", size, 1)
    if hasattr(x, "__next__"):
        raise _checks.fail("x", DATA, "an iterator", "Let draw(key, n) return the next ones.")
    draw: Any = x if callable(x) else _nothing if x is None and condition is None else None
    if draw is None:
        return Stored(x, condition, size, held_out, key)
    if condition is not None:
        raise _checks.fail("condition", "None beside a sampler", "one", "Let draw(key, n) return (x, condition).")
    return Drawn(draw, size, held_out > 0, key)


def _nothing(key: Array, n: int) -> Batch:
    return None, None


def _check_numbers(name: str, leaf: Any) -> None:
    if leaf.dtype.kind in "OSU":
        raise _checks.fail(name, DATA, type(leaf.ravel()[0]).__name__)
    _checks.finite(name, leaf, "Leave that sample out.")


def _count(x: PyTree, condition: PyTree) -> int:
    counts = [np.shape(leaf)[0] if np.ndim(leaf) else 0 for leaf in jax.tree.leaves((x, condition))]
    if len(set(counts)) > 1 or counts[0] == 0:
        raise _checks.fail("x and condition", "arrays of as many samples", f"{counts}")
    return counts[0]
