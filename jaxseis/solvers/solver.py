"""The form of every solver: a frozen pytree of options with a start, a step, a status, a value and measures.

A solver holds no numbers of a problem, and a state holds all that the next step needs: a state that was saved
can be resumed. Problems are pytrees too, so drivers compile once for problems that differ in numbers only.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx

from jaxseis._types import Array, PyTree
from jaxseis.solvers.status import Status

State = Any


class Solver(eqx.Module):
    """A method with its options. A subclass writes the five functions below; ``solve`` runs it.

    It may name the classes of its problems, ``problem_type``, and of its states, ``state_type``: then ``solve`` refuses
    others by name.

    ```python
    class SteepestDescent(Solver):
        rate: float = 0.1

        def init(self, problem, start):
            return start

        def step(self, problem, x):
            return x - self.rate * jax.grad(problem)(x)

        def status(self, problem, x):
            return Status.where(jnp.linalg.norm(jax.grad(problem)(x)) < 1e-6, Status.converged, Status.running)

        def value(self, problem, x):
            return x

        def measures(self, problem, x):
            return {"objective": problem(x)}
    ```
    """

    problem_type: ClassVar[Any] = object
    state_type: ClassVar[Any] = object

    @abstractmethod
    def init(self, problem: Any, start: PyTree) -> State:
        """The state before the first step. ``start`` may be None where the problem knows its zero."""

    @abstractmethod
    def step(self, problem: Any, state: State) -> State:
        """The next state, of the same structure."""

    @abstractmethod
    def status(self, problem: Any, state: State) -> Status:
        """``Status.running``, ``Status.converged``, or why no further step makes sense."""

    @abstractmethod
    def value(self, problem: Any, state: State) -> PyTree:
        """The solution as far as it is known."""

    @abstractmethod
    def measures(self, problem: Any, state: State) -> dict[str, Array]:
        """Real numbers that tell how far the solver is, read off the state. They make the history."""
