"""Spectral projected gradient: a projected gradient method with the step length of Barzilai and Borwein.

    d = P(x - a g) - x,    x <- x + t d,    a <- <s, s> / <s, y>

with s and y the changes of x and of the gradient g, and t from a nonmonotone Armijo search between x and the
feasible x + d. One projection a step, and one evaluation of the objective as long as t = 1 is taken.

Birgin, Martinez and Raydan, SIAM J. Optim. 10 (2000).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._descent import Descent, Progress, as_start, first_length, stationarity
from jaxseis.solvers._options import check_positive
from jaxseis.solvers.line_search import Armijo
from jaxseis.solvers.objective import Constrained, Point, constrained, evaluate
from jaxseis.solvers.solve import Driver, Solution, solve

_GROWTH = 10.0  # of the length where the curvature is not positive


class SPGState(eqx.Module):
    """Point, feasible direction, Barzilai-Borwein length a, last values and progress."""

    point: Point
    direction: PyTree
    length: Array
    last: Array
    progress: Progress


class SPG(Descent):
    """Spectral projected gradient for ``min f(x)`` subject to ``x`` in a convex set.

    Problems are ``Constrained(f, project)``, ``Bounded(f, lower, upper)``, or ``f`` itself, without constraints. A
    start outside the set is projected first.

    Arguments:
        rtol, atol: converged when ``|P(x - a g) - x| / a <= atol + rtol`` times what it was at the start.
        search: the rule of Armijo with its memory.
        change: length of the first trial, relative to the norm of x.

    Measures: "objective", "gradient" (the norm above), "step", "evaluations".

    ```python
    solution = solve(Constrained(f, project), SPG(rtol=1e-6), start, max_steps=200)
    ```
    """

    rtol: float = 1e-6
    atol: float = 0.0
    search: Armijo = Armijo(memory=10)
    change: float = 0.1

    state_type = SPGState

    def __check_init__(self):
        _checks.kind_is("search", self.search, Armijo, "Armijo(...)")
        check_positive("change", self.change)

    def init(self, problem: Any, start: PyTree) -> SPGState:
        x = constrained(problem).project(as_start(start))
        point = evaluate(problem, x)
        return self.begin(problem, point, first_length(x, point.gradient, self.change))

    def begin(self, problem: Any, point: Point, length: Array) -> SPGState:
        """The state at a feasible point, with the first length given."""
        direction, gradient = self._direction(problem, point, length)
        last = jnp.full(self.search.memory, point.value)
        return SPGState(point, direction, length, last, Progress.begin(gradient))

    def step(self, problem: Any, state: SPGState) -> SPGState:
        before = state.point
        searched = self.search.search(
            partial(evaluate, problem), before, lambda t: vec.add(before.x, state.direction, t), state.last
        )
        point = searched.point
        length = self._length(before, point, state.length)
        direction, gradient = self._direction(problem, point, length)
        last = jnp.concatenate([state.last[1:], point.value[None]])
        progress = state.progress.after(searched, before, gradient, ~searched.found)
        return SPGState(point, direction, length, last, progress)

    def _direction(self, problem: Any, point: Point, length: Array) -> tuple[PyTree, Array]:
        problem = constrained(problem)
        aim = problem.project(vec.add(point.x, point.gradient, -length))
        return vec.add(aim, point.x, -1.0), stationarity(problem, point, length, aim)

    def _length(self, before: Point, point: Point, length: Array) -> Array:
        s, y = vec.add(point.x, before.x, -1.0), vec.add(point.gradient, before.gradient, -1.0)
        curvature = inner(s, y)
        bent = curvature > jnp.finfo(length.dtype).eps * vec.norm(s) * vec.norm(y)
        return jnp.where(bent, inner(s, s) / jnp.where(bent, curvature, 1.0), _GROWTH * length)


def spg(
    problem: Any,
    start: PyTree,
    project: Callable[[PyTree], PyTree] | None = None,
    max_steps: int = 200,
    driver: Driver | None = None,
    state: SPGState | None = None,
    **options: Any,
) -> Solution:
    """``min f(x)`` subject to ``x`` in a convex set, by spectral projected gradient.

    Arguments:
        problem: f, a function or an object with ``value_and_grad(x)``.
        start: where to begin.
        project: x -> the nearest point of the set; None for no constraint, or for a problem that has its own.
        max_steps, driver, state: as for ``solve``.
        options: those of ``SPG``.

    ```python
    solution = spg(lambda x: jnp.sum((x - 1.0) ** 2), jnp.zeros(3), lambda x: jnp.clip(x, -0.5, 0.5))
    ```
    """
    problem = problem if project is None else Constrained(problem, project)
    return solve(problem, SPG(**options), start, max_steps, driver, state)
