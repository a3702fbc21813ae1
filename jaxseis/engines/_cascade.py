"""A propagation and its derivatives in the coefficients, all advanced together.

The operator A is linear in the coefficients. With A_h its derivative along h, the derivative of the field u = A^-1 q
along a set S of directions is the field u_S that those of the smaller sets drive (program "scatter"),

    A u_S = - sum_{h in S} A_h u_{S without h},        u_{} = u.

A set is a number here: its bits are the directions in it.
"""

from collections.abc import Sequence

import numpy as np

from jaxseis.engines import _pool
from jaxseis.engines._numbers import Arrays, Coefficients, sizes
from jaxseis.engines._run import Run, load


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


class Cascade:
    """A shot and its derivatives.

    Arguments:
        shared: coefficients of the problem.
        directions: in the coefficients, each as :func:`_numbers.changes` gives it; a run for every set of them.
        source: of all shots, drives the field.
        receiver: of all shots, samples its derivative along all directions.
        shot, parallel: as for a run.
    """

    def __init__(
        self,
        shared: Coefficients,
        directions: Sequence[Arrays],
        source: Arrays,
        receiver: Arrays,
        shot: int,
        parallel: bool,
    ):
        sets = range(2 ** len(directions))
        self.runs = [
            Run("step", shared, {} if s else source, receiver if s == sets[-1] else {}, shot, parallel) for s in sets
        ]
        self.links = [
            self._link(s - (1 << i), s, changes, parallel)  # in this order a field drives others when it is complete
            for s in sets
            for i, changes in enumerate(directions)
            if s >> i & 1
        ]

    def _link(self, smaller: int, larger: int, changes: Arrays, parallel: bool) -> Extra:
        """What the field of one set adds to that of another."""
        run, driven = self.runs[smaller], self.runs[larger]
        return Extra("scatter", run, parallel, changes | {f"d{f}": driven.arrays[f] for f in run.problem.fields})

    @property
    def steps(self) -> int:
        """Number of time levels."""
        return self.runs[0].steps

    @property
    def outputs(self) -> Arrays:
        """What was sampled."""
        return self.runs[-1].outputs

    def to(self, level: int) -> None:
        """Advance until the fields at ``level`` are known."""
        for n in range(self.runs[0].next + 1, level + 1) if self.links else [level]:
            for run in self.runs:
                run.to(n)
            for link in self.links:
                link.call(n - 1, n - 1)

    def finish(self) -> "Cascade":
        """Advance to the end: all steps driven, all levels sampled."""
        self.to(self.steps)
        return self

    def fields(self) -> list[np.ndarray]:
        """The fields of every set at the level reached, with the halo that the gradient needs."""
        return [field for run in self.runs for field in run.fields()]

    def state(self) -> list[np.ndarray]:
        """Every array that the propagation changes."""
        return [a for run in self.runs for a in run.state()] + [a for link in self.links for a in link.own.values()]

    def restore(self, level: int, state: list[np.ndarray]) -> None:
        """Go back to a saved state."""
        for array, saved in zip(self.state(), state, strict=True):
            np.copyto(array, saved)
        for run in self.runs:
            run.next = level

    def close(self) -> None:
        """Give the buffers back."""
        for part in (*self.runs, *self.links):
            part.close()
