"""L-BFGS, without constraints or within bounds.

Without constraints the step is ``d = -B^-1 g`` with the Hessian B known from the last pairs, and its length comes from
a strong Wolfe search. Within bounds the entries that a gradient step ``x - g / sigma`` would take across a bound are
held: they take that step, the others the Newton step on their subspace, and an Armijo search goes along the projected
path ``P(x + t d)``. That is the two-metric projection of Bertsekas.

Liu and Nocedal, Math. Program. 45 (1989); Bertsekas, SIAM J. Control Optim. 20 (1982); Byrd, Lu, Nocedal and Zhu, SIAM
J. Sci. Comput. 16 (1995).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._pairs import Pairs
from jaxseis.solvers._quasi_newton import QuasiNewton, QuasiNewtonState
from jaxseis.solvers.line_search import Armijo, LineSearch, Path, Wolfe
from jaxseis.solvers.objective import Bounded, Constrained, Point
from jaxseis.solvers.solve import Driver, Solution, solve


class LBFGS(QuasiNewton):
    """Limited-memory BFGS for ``min f(x)``, or ``Bounded(f, lower, upper)``.

    The objective may be one that JAX cannot trace: see ``value_and_grad``.

    Arguments:
        rtol, atol: converged when the norm of the projected gradient is ``atol + rtol`` times that of the start.
        memory: number of pairs kept; 2 * memory vectors.
        search: a line search; ``Wolfe()`` by default without bounds, ``Armijo()`` with.
        change: length of the first step, relative to the norm of x.

    Measures: "objective", "gradient" (projected), "step", "evaluations". Where a search fails the pairs are dropped
    once; if it fails again the status is ``Status.line_search``.

    ```python
    solution = solve(Bounded(f, 1.5, 4.5), LBFGS(memory=5), start, driver=Host(compiled=False))
    ```
    """

    rtol: float = 1e-6
    atol: float = 0.0
    memory: int = eqx.field(static=True, default=10)
    search: LineSearch | None = None
    change: float = 0.1

    def __check_init__(self):
        if self.search is not None:
            _checks.kind_is("search", self.search, LineSearch, "Wolfe(...), Armijo(...) or None")

    def problem(self, problem: Any) -> Bounded:
        if isinstance(problem, Constrained):
            raise _checks.fail(
                "problem", "a function, or Bounded(...)", "Constrained(...)", "PQN takes any convex set."
            )
        return problem if isinstance(problem, Bounded) else Bounded(problem)

    def rule(self, problem: Bounded) -> LineSearch:
        return self.search or (Wolfe() if problem.is_free else Armijo())

    def path(self, problem: Bounded, point: Point, pairs: Pairs) -> Path:
        x, g = point.x, point.gradient
        held = None if problem.is_free else _held(problem, vec.add(x, g, -1 / pairs.sigma))
        newton = pairs.newton(g, held)
        d = newton if held is None else jax.tree.map(lambda h, n, v: jnp.where(h, v / pairs.sigma, n), held, newton, g)
        return lambda t: problem.project(vec.add(x, d, -t))


def _held(problem: Bounded, aim: PyTree) -> PyTree:
    return jax.tree.map(jnp.not_equal, problem.project(aim), aim)


def lbfgs(
    problem: Any,
    start: PyTree,
    lower: PyTree = None,
    upper: PyTree = None,
    max_steps: int = 200,
    driver: Driver | None = None,
    state: QuasiNewtonState | None = None,
    **options: Any,
) -> Solution:
    """``min f(x)``, within bounds if there are any, by L-BFGS.

    Arguments:
        problem: f, a function or an object with ``value_and_grad(x)``; or ``Bounded(...)``.
        start: where to begin.
        lower, upper: numbers or arrays; None where there is no bound.
        max_steps, driver, state: as for ``solve``.
        options: those of ``LBFGS``.

    ```python
    solution = lbfgs(lambda x: jnp.sum((x - 1.0) ** 2), jnp.zeros(3), upper=0.5)
    ```
    """
    bounded = problem if lower is None and upper is None else Bounded(problem, lower, upper)
    return solve(bounded, LBFGS(**options), start, max_steps, driver, state)
