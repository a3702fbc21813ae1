"""What the descent methods have in common: their progress, and when they end."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import as_inexact
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._loop import cond
from jaxseis.solvers._options import check_tolerance
from jaxseis.solvers.line_search import Searched
from jaxseis.solvers.objective import Bounded, Point
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

_HIDDEN = 64  # units in the last place of x


class Progress(eqx.Module):
    """Numbers that tell how far a descent is.

    ``gradient`` is the norm of the gradient, projected if there are constraints, ``first`` that of the start, ``step``
    the length of the last step, ``evaluations`` how many of the objective there were; ``lost`` says that no step
    length was found, ``still`` that the last step was too short to change anything.
    """

    gradient: Array
    first: Array
    step: Array
    evaluations: Array
    lost: Array
    still: Array

    @classmethod
    def begin(cls, gradient: Array) -> "Progress":
        """Before the first step, after one evaluation."""
        no = jnp.asarray(False)
        return cls(gradient, gradient, jnp.zeros_like(gradient), jnp.asarray(1), no, no)

    @eqx.filter_jit
    def after(self, searched: Searched, start: Point, gradient: Array, lost: Any) -> "Progress":
        """After a line search that began at a point."""
        x = searched.point.x
        step, size = vec.norm(vec.add(x, start.x, -1.0)), vec.norm(x)
        still = searched.found & (step <= jnp.finfo(step.dtype).eps * size)
        evaluations = self.evaluations + searched.evaluations
        return Progress(gradient, self.first, step, evaluations, jnp.asarray(lost), still)


class Descent(Solver):
    """A method whose state has a ``point`` and a ``progress``.

    It has converged where the norm of the (projected) gradient is ``atol + rtol`` times that of the start, or less. A
    run that starts at the result of another can gain little in proportion: give it an ``atol``.
    """

    rtol: eqx.AbstractVar[float]
    atol: eqx.AbstractVar[float]

    def __check_init__(self):
        check_tolerance("rtol", self.rtol)
        check_tolerance("atol", self.atol)

    def status(self, problem: Any, state: Any) -> Status:
        p = state.progress
        status = Status.where(p.still, Status.stagnated, Status.running)
        status = Status.where(p.lost, Status.line_search, status)
        return Status.where(p.gradient <= self.atol + self.rtol * p.first, Status.converged, status)

    def value(self, problem: Any, state: Any) -> PyTree:
        return state.point.x

    def measures(self, problem: Any, state: Any) -> dict[str, Array]:
        p = state.progress
        evaluations = p.evaluations.astype(p.gradient.dtype)
        return {"objective": state.point.value, "gradient": p.gradient, "step": p.step, "evaluations": evaluations}


def stationarity(problem: Any, point: Point, length: Array, aim: PyTree) -> Array:
    """The norm of the projected gradient ``(x - P(x - a g)) / a``, zero at solutions only; without derivatives.

    Arguments:
        problem: with a ``project``.
        length: a.
        aim: ``P(x - a g)``.
    """
    x, g, length, aim = jax.lax.stop_gradient((point.x, point.gradient, length, aim))
    if isinstance(problem, Bounded):
        return vec.norm(g if problem.is_free else problem.projected_gradient(x, g, length))
    eps, size = jnp.finfo(length.dtype).eps, vec.norm(x)
    moved = vec.norm(vec.add(x, aim, -1.0))

    def farther() -> Array:
        """Where rounding of x would hide what is left, by a step that is longer."""
        far = jnp.maximum(length, jnp.sqrt(eps) * vec.over(size, vec.norm(g)))
        return vec.norm(vec.add(x, problem.project(vec.add(x, g, -far)), -1.0)) / far

    return cond(moved <= _HIDDEN * eps * size, farther, lambda: moved / length)


def first_length(x: PyTree, gradient: PyTree, change: float) -> Array:
    """The length ``t`` for which ``t |gradient|`` is ``change |x|``, or ``change`` where ``x`` is zero."""
    size, slope = vec.norm(x), vec.norm(gradient)
    return change * jnp.where(size > 0, size, 1.0) / jnp.where(slope > 0, slope, 1.0)


def as_start(start: PyTree) -> PyTree:
    """The start as arrays; an error if there is none, since objectives do not know their zero."""
    if start is None:
        raise _checks.fail("start", "a vector to begin at", None)
    return jax.tree.map(as_inexact, start)
