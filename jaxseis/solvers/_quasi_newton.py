"""What the quasi-Newton methods have in common: pairs, a search along a path, and a fresh start where it fails."""

from abc import abstractmethod
from functools import partial
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._descent import Descent, Progress, as_start, first_length, stationarity
from jaxseis.solvers._loop import cond
from jaxseis.solvers._options import check_count, check_positive
from jaxseis.solvers._pairs import Pairs
from jaxseis.solvers.line_search import LineSearch, Path
from jaxseis.solvers.objective import Point, evaluate


class QuasiNewtonState(eqx.Module):
    """Point, pairs, last values and progress."""

    point: Point
    pairs: Pairs
    last: Array
    progress: Progress


class QuasiNewton(Descent):
    """A subclass says which problem it takes, and along which path it looks for a lower point."""

    memory: eqx.AbstractVar[int]
    change: eqx.AbstractVar[float]

    state_type = QuasiNewtonState

    def __check_init__(self):
        check_count("memory", self.memory)
        check_positive("change", self.change)

    @abstractmethod
    def problem(self, problem: Any) -> Any:
        """The problem with a ``project``."""

    @abstractmethod
    def path(self, problem: Any, point: Point, pairs: Pairs) -> Path:
        """t -> x(t), to be tried at t = 1 first."""

    @abstractmethod
    def rule(self, problem: Any) -> LineSearch:
        """The line search."""

    def init(self, problem: Any, start: PyTree) -> QuasiNewtonState:
        problem = self.problem(problem)
        point = evaluate(problem, problem.project(as_start(start)))
        pairs = Pairs.none(point.x, self.memory, self._sigma(point))
        last = jnp.full(self.rule(problem).memory, point.value)
        return QuasiNewtonState(point, pairs, last, Progress.begin(_gradient(problem, point, pairs)))

    def step(self, problem: Any, state: QuasiNewtonState) -> QuasiNewtonState:
        problem, before = self.problem(problem), state.point
        searched = self.rule(problem).search(
            partial(evaluate, problem), before, self.path(problem, before, state.pairs), state.last
        )
        point = searched.point
        pairs = cond(
            searched.found,
            lambda: state.pairs.with_pair(vec.add(point.x, before.x, -1.0), _change(point, before)),
            lambda: state.pairs.forgotten(self._sigma(point)),
        )
        # Where no step is found with pairs, the next one goes without; where there are none, that was the last.
        lost = ~searched.found & (jnp.max(state.pairs.born) < 0)
        progress = state.progress.after(searched, before, _gradient(problem, point, pairs), lost)
        last = jnp.concatenate([state.last[1:], point.value[None]])
        return QuasiNewtonState(point, pairs, last, progress)

    def _sigma(self, point: Point) -> Array:
        return 1 / first_length(point.x, point.gradient, self.change)


def _change(point: Point, before: Point) -> PyTree:
    return vec.add(point.gradient, before.gradient, -1.0)


def _gradient(problem: Any, point: Point, pairs: Pairs) -> Array:
    length = 1 / pairs.sigma
    return stationarity(problem, point, length, problem.project(vec.add(point.x, point.gradient, -length)))
