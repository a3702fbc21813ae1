"""A solver inside a step of another one."""

from typing import Any

import jax.numpy as jnp

from jaxseis._types import Array
from jaxseis.solvers._loop import while_loop
from jaxseis.solvers.solver import Solver, State
from jaxseis.solvers.status import Status


def run_inner(problem: Any, solver: Solver, state: State, max_steps: int) -> tuple[Array, State]:
    """How many steps were taken, and the state after them; in Python where the step around it runs in Python."""

    def going_on(now: Any) -> Array:
        return (now[0] < max_steps) & (solver.status(problem, now[1]) == Status.running)

    def body(now: Any) -> Any:
        return now[0] + 1, solver.step(problem, now[1])

    return while_loop(going_on, body, (jnp.asarray(0), state))
