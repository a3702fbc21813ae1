"""Checks of traced values, made on the host when a compiled kernel is about to run.

What can be checked before that is (wave/wave_equation.py); inside a jitted program the numbers
first exist here, and an error raised here reaches the user as a JaxRuntimeError with this message.
"""

from typing import Any

import numpy as np

from jaxseis import _checks, differences
from jaxseis.engines._problem import Problem, largest_step
from jaxseis.equations._base import Derivative
from jaxseis.equations._surface import weights


def check_coefficients(problem: Problem, c: dict[str, Any]) -> None:
    """An error for coefficients that are not finite, masses and stiffnesses that are not positive, or an
    unstable step."""
    for name, value in c.items():
        _checks.finite(f"coefficient {name}", value)
    c = _without_weights(problem, c)
    for field in problem.fields:
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


def _without_weights(problem: Problem, c: dict[str, Any]) -> dict[str, Any]:
    """The coefficients without the quadrature of a free surface, which does not change the largest velocity."""
    if problem.laplacian or not problem.free_surface:
        return c
    arguments = (problem.ndim, problem.order, problem.shape[-1])
    return {name: value / weights(problem.equation, name, *arguments) for name, value in c.items()}


def fastest(problem: Problem, c: dict[str, Any]) -> float:
    """An upper bound (km/s) of the velocity that limits the time step.

    With a Laplacian it is the largest velocity. With strains, Gershgorin's circles bound the
    eigenvalues of ``M^-1 G^T S G``; where the medium is smooth the bound is the velocity itself.
    """
    if problem.laplacian:
        return float(1 / np.sqrt(min(c[problem.equation.mass_name(f)].min() for f in problem.fields)))
    total = differences.staggered_symbol_max(problem.order) ** 2 * sum(1 / h**2 for h in problem.grid.spacing)
    return float(max(np.sqrt(_row_sums(problem, c, f).max() / total) for f in problem.fields))


def _row_sums(problem: Problem, c: dict[str, Any], field: str) -> np.ndarray:
    """Row sums of |W^-1 M^-1 G^T S G W| for a field.

    W weighs components of a displacement by 1/h along their axes: the fastest discrete wave has components in
    that proportion, so that the bound is sharp where cells are not square.
    """
    equation, h = problem.equation, problem.grid.spacing
    weights = {f: np.prod([1 / h[a] for a, p in enumerate(problem.parity(f)) if p]) for f in problem.fields}
    strains = equation.strains(problem.ndim)
    reach: dict[str, float] = {
        s.name: sum(weights[t.field] / h[t.axis] * np.sum(np.abs(_weights(problem, t)[1])) for t in s.terms)
        for s in strains
    }
    bound, total = equation.bound(c, reach), np.zeros(problem.shape)
    for strain in strains:
        stress = np.broadcast_to(bound[strain.name], problem.shape)
        for term in strain.terms:
            if term.field == field:
                total += _spread(problem, stress, term) / (h[term.axis] * weights[field])
    return total / c[equation.mass_name(field)]


def _weights(problem: Problem, term: Derivative) -> tuple[range, np.ndarray]:
    """Offsets and weights of minus the transposed difference of a term."""
    r, parity = problem.order // 2, problem.position(term)[term.axis]
    if term.centred:
        e = np.array(differences.centred(problem.order))
        return range(-r, r + 1), np.concatenate([-e[::-1], [0.0], e])
    d = np.array(differences.staggered(problem.order))
    return range(1 - r - parity, r + 1 - parity), np.concatenate([-d[::-1], d])


def _spread(problem: Problem, x: np.ndarray, term: Derivative) -> np.ndarray:
    """``|D|^T x``: each value spread over the nodes that its difference touches."""
    n, total = x.shape[term.axis], np.zeros(problem.shape)
    for shift, weight in zip(*_weights(problem, term), strict=True):
        at = np.clip(np.arange(n) + shift, 0, n - 1)
        total += abs(weight) * np.take(x, at, term.axis)
    return total
