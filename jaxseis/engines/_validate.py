"""Checks of traced values, made on the host when a compiled kernel is about to run.

What can be checked before that is (operators/wave_equation.py); inside a jitted program the numbers
first exist here, and an error raised here reaches the user as a JaxRuntimeError with this message.
"""

from typing import Any

import numpy as np

from jaxseis import _checks, differences
from jaxseis.engines._problem import Problem, largest_step


def check_coefficients(problem: Problem, c: dict[str, Any]) -> None:
    """An error for coefficients that are not finite, masses and stiffnesses that are not positive, or an
    unstable step."""
    for name, value in c.items():
        _checks.finite(f"coefficient {name}", value)
    for field in problem.equation.fields:
        name = problem.equation.mass_name(field)
        if c[name].min() <= 0:
            raise _checks.fail(
                "m", f"positive squared slowness (coefficient {name})", f"a minimum of {c[name].min():g}"
            )
    for strain, value in problem.equation.diagonal(c, problem.ndim).items():
        if np.min(value) < 0:
            got = f"{np.min(value):g} for the strain {strain}"
            raise _checks.fail("medium", "a stiffness that is not negative", got, "Its energy would grow.")
    speed = fastest(problem, c)
    if largest_step(problem.equation, problem.grid, problem.order, speed) < problem.step * (1 - 1e-6):
        raise _checks.fail(
            "m",
            f"velocities up to max_velocity = {problem.velocity:g} km/s",
            f"an effective {speed:.4g} km/s",
            f"The step of {problem.step:.4g} ms would be unstable: make the WaveEquation with a larger max_velocity. "
            "Contrasts of density between neighbouring nodes count as velocity.",
        )


def fastest(problem: Problem, c: dict[str, Any]) -> float:
    """An upper bound (km/s) of the velocity that limits the time step.

    With a Laplacian it is the largest velocity. With strains, Gershgorin's circles bound the
    eigenvalues of ``M^-1 G^T S G``; where the medium is smooth the bound is the velocity itself.
    """
    if problem.laplacian:
        return float(1 / np.sqrt(min(c[problem.equation.mass_name(f)].min() for f in problem.equation.fields)))
    symbol = differences.staggered_symbol_max(problem.order) ** 2
    return float(max(np.sqrt(_row_sums(problem, c, f).max() / symbol) for f in problem.equation.fields))


def _row_sums(problem: Problem, c: dict[str, Any], field: str) -> np.ndarray:
    """Row sums of |M^-1 G^T S G| in units of the symbol, weighted by 1/h^2 over their sum."""
    equation, ndim, h = problem.equation, problem.ndim, problem.grid.spacing
    bound, total = equation.bound(c, ndim), np.zeros(problem.shape)
    for strain in equation.strains(ndim):
        largest = np.broadcast_to(bound[strain.name], problem.shape)
        reach = sum(1 / h[axis] for _, axis in strain.terms)
        for f, axis in strain.terms:
            if f == field:
                total += reach / h[axis] * _spread(problem, largest, axis, equation.parity(f, ndim)[axis])
    return total / sum(1 / step**2 for step in h) / c[equation.mass_name(field)]


def _spread(problem: Problem, x: np.ndarray, axis: int, parity: int) -> np.ndarray:
    """``|D|^T x`` times the row sum of |D|: each value spread over the nodes that its difference touches."""
    d, n = differences.staggered(problem.order), x.shape[axis]
    total = np.zeros(problem.shape)
    for k, dk in enumerate(d, 1):
        for shift in (k - 1 + parity, -k + parity):
            at = np.clip(np.arange(n) + shift, 0, n - 1)
            total += abs(dk) * np.take(x, at, axis)
    return total * differences.staggered_symbol_max(problem.order)
