"""The gradient in the coefficients: adjoint fields correlated with stored forward fields.

Along a direction a it is ``-<v, A_a u>``, with v the adjoint field. As A_a does not depend on the coefficients, its
derivative along a set of directions is, by the product rule, the sum over all subsets S

    - sum_S <v_{the others}, A_a u_S>

of the same correlations (program "image"), of the fields of two cascades.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from jaxseis.engines._cascade import Cascade, Extra
from jaxseis.engines._numbers import Arrays, Coefficients
from jaxseis.engines._run import Run
from jaxseis.engines._sensitivity import needs_sums


class Image:
    """The correlation of one adjoint field with one stored field, level by level."""

    def __init__(self, run: Run, parallel: bool):
        self.problem = run.problem
        self.sums = sums = Extra("sums", run, parallel, {}) if needs_sums(run.problem) else None
        if sums:
            run.before_level.append(lambda n: sums.call(n - 1, n - 1) if n else None)
        self.image = Extra("image", run, parallel, sums.own if sums else {})

    def add(self, level: int, fields: Sequence[np.ndarray]) -> None:
        """Add the product of stored fields with the adjoint field at ``level``."""
        for name, stored in zip(self.problem.fields, fields, strict=True):
            np.copyto(self.image.own[f"stored_{name}"], stored)
        self.image.call(level, level)

    def gradients(self, every: int) -> Arrays:
        """In each coefficient, where every so many levels were added."""
        problem, own = self.problem, self.image.own
        equation, dt = problem.equation, problem.step
        gradients = {n: own[f"gc_{n}"] * -float(every) for n in equation.stiffness_names(problem.ndim)}
        for field in problem.fields:  # which may share their mass
            name = equation.mass_name(field)
            gradients[name] = gradients.get(name, 0) + own[f"gM_{field}"] * (-every / dt**2)
            damping = equation.damping_name(field)
            if damping:
                gradients[damping] = gradients.get(damping, 0) + own[f"gC_{field}"] * (-every / (2 * dt))
        return {k: g.astype(problem.dtype) for k, g in gradients.items()}

    def close(self) -> None:
        """Give the buffers back."""
        for part in (self.image, self.sums):
            if part:
                part.close()


class Adjoint:
    """The adjoint propagation of a shot, and of its derivatives, correlated with the stored forward fields."""

    def __init__(
        self,
        shared: Coefficients,
        directions: Sequence[Arrays],
        driver: Arrays,
        sampler: Arrays,
        shot: int,
        parallel: bool,
    ):
        self.cascade = Cascade(shared, directions, driver, sampler, shot, parallel)
        self.images = [Image(run, parallel) for run in self.cascade.runs]

    def correlate(self, level: int, fields: list[np.ndarray]) -> None:
        """Add the products of the forward fields at ``level`` with the adjoint fields there."""
        m, count = self.cascade.steps - 1 - level, len(self.images)
        self.cascade.to(m + 1)
        size = len(fields) // count
        for s, image in enumerate(self.images):
            others = count - 1 - s
            image.add(m, fields[others * size : (others + 1) * size])

    def finish(self, every: int) -> tuple[Arrays, Arrays]:
        """The gradients in the coefficients, and what was sampled at the sources."""
        outputs = self.cascade.finish().outputs
        total = reduce(added, [image.gradients(every) for image in self.images])
        for part in (self.cascade, *self.images):
            part.close()
        return total, outputs


def added(a: Arrays, b: Arrays) -> Arrays:
    """The sum of two dictionaries of arrays."""
    return {k: a[k] + v for k, v in b.items()}
