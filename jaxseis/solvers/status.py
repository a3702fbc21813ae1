"""How a solver ended: members are arrays, so that a status passes through jit and vmap, and their texts are reasons."""

import equinox as eqx


class Status(eqx.Enumeration):
    """The state of a solver: ``running``, ``converged``, or why it stopped. ``Status[s]`` is the reason in words.

    ```python
    solution = lsqr(A, b)
    if solution.status != Status.converged:
        print(solution.reason)
    ```
    """

    running = "The solver is running."
    converged = "The tolerance is reached."
    max_steps = (
        "The number of steps is used up before the tolerance is reached: raise max_steps, or loosen the tolerance."
    )
    stagnated = "Steps have become too small to change anything: the tolerance is below what the precision allows."
    ill_conditioned = "The condition number has passed its limit: add damping, or a preconditioner."
    line_search = "No step length lowers the objective: is the gradient that of the objective?"
    infeasible = (
        "No point seems to satisfy the constraints: raise sigma, check that the data lie in the range of A, "
        "or lower gtol, by which that is judged."
    )
    breakdown = (
        "The operator is not what the method needs: symmetric positive definite, or consistent with its adjoint."
    )
    not_finite = "A number became infinite or NaN: check the start, the data and the step length."
    stopped = "The callback asked to stop."
