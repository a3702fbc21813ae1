"""Projected quasi-Newton: L-BFGS within any convex set that can be projected onto.

    p = argmin over C of  <g, p - x> + 1/2 <p - x, B (p - x)>,    x <- x + t (p - x)

The quadratic model is minimised by spectral projected gradient, which projects often but does not evaluate the
objective: a method for objectives that cost much more than projections.

Schmidt, van den Berg, Friedlander and Murphy, AISTATS (2009).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner, tree_conj
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._options import check_count
from jaxseis.solvers._pairs import Pairs
from jaxseis.solvers._quasi_newton import QuasiNewton, QuasiNewtonState
from jaxseis.solvers.line_search import Armijo, Path
from jaxseis.solvers.objective import Constrained, Point, constrained
from jaxseis.solvers.solve import Compiled, Driver, Solution, solve
from jaxseis.solvers.spg import SPG


class PQN(QuasiNewton):
    """Projected quasi-Newton for ``Constrained(f, project)``.

    Arguments:
        rtol, atol: converged when the norm of the projected gradient is ``atol + rtol`` times that of the start.
        memory: number of pairs kept.
        search: the rule of Armijo.
        inner: the solver of the quadratic model.
        inner_steps: the largest number of its steps.
        inner_driver: what runs it; ``Host(compiled=False)`` for projections that JAX cannot trace.
        change: length of the first step, relative to the norm of x.

    Measures: "objective", "gradient" (projected), "step", "evaluations".

    ```python
    solution = solve(Constrained(f, project), PQN(), start, max_steps=50)
    ```
    """

    rtol: float = 1e-6
    atol: float = 0.0
    memory: int = eqx.field(static=True, default=10)
    search: Armijo = Armijo()
    inner: SPG = SPG(rtol=1e-3)
    inner_steps: int = eqx.field(static=True, default=50)
    inner_driver: Driver = Compiled()
    change: float = 0.1

    def __check_init__(self):
        _checks.kind_is("search", self.search, Armijo, "Armijo(...)")
        _checks.kind_is("inner", self.inner, SPG, "SPG(...)")
        check_count("inner_steps", self.inner_steps)

    def problem(self, problem: Any) -> Any:
        return constrained(problem)

    def rule(self, problem: Any) -> Armijo:
        return self.search

    def path(self, problem: Any, point: Point, pairs: Pairs) -> Path:
        model = Constrained(_Model(point, pairs), problem.project)
        state = self.inner.begin(model, point, 1 / pairs.sigma)
        aim = solve(model, self.inner, max_steps=self.inner_steps, driver=self.inner_driver, state=state).value
        direction = vec.add(aim, point.x, -1.0)
        return lambda t: vec.add(point.x, direction, t)


class _Model(eqx.Module):
    """``p -> f(x) + <g, p - x> + 1/2 <p - x, B (p - x)>``."""

    point: Point
    pairs: Pairs

    def value_and_grad(self, p: PyTree) -> tuple[Array, PyTree]:
        d, g = vec.add(p, self.point.x, -1.0), self.point.gradient
        bend = self.pairs.hessian(d)
        rise = inner(d, vec.add(g, bend, 0.5)).astype(self.point.value.dtype)
        return self.point.value + rise, tree_conj(vec.add(g, bend))


def pqn(
    problem: Any,
    start: PyTree,
    project: Callable[[PyTree], PyTree] | None = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: QuasiNewtonState | None = None,
    **options: Any,
) -> Solution:
    """``min f(x)`` subject to ``x`` in a convex set, by projected quasi-Newton.

    Arguments:
        problem: f, a function or an object with ``value_and_grad(x)``.
        start: where to begin.
        project: x -> the nearest point of the set; None for no constraint, or for a problem that has its own.
        max_steps, driver, state: as for ``solve``.
        options: those of ``PQN``.

    ```python
    solution = pqn(lambda x: jnp.sum((x - 1.0) ** 2), jnp.zeros(3), lambda x: jnp.clip(x, -0.5, 0.5))
    ```
    """
    problem = problem if project is None else Constrained(problem, project)
    return solve(problem, PQN(**options), start, max_steps, driver, state)
