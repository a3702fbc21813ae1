"""Coefficients at a free surface: the quadrature of the energy (see closure.py), and no stress across the surface."""

from functools import lru_cache

import numpy as np

from jaxseis._types import Array
from jaxseis.closure import closure
from jaxseis.equations._base import Equation


def at_surface(equation: Equation, c: dict[str, Array], order: int) -> dict[str, Array]:
    """The coefficients below a free surface at the first node of the last axis."""
    (ndim,) = {value.ndim for value in c.values()}
    top = equation.condensed({name: value[..., 0] for name, value in c.items()})
    c = {name: value.at[..., 0].set(top[name]) for name, value in c.items()}
    return {name: value * weights(equation, name, ndim, order, value.shape[-1]) for name, value in c.items()}


@lru_cache
def weights(equation: Equation, name: str, ndim: int, order: int, size: int) -> np.ndarray:
    """The quadrature along the last axis where a coefficient lives."""
    parity, natural = _position(equation, name, ndim)
    line = np.ones(size)
    if natural:
        rule = closure(order).weights[parity]
        line[: len(rule)] = rule
    elif parity == 0 and name in equation.stiffness_names(ndim):
        line[0] = 0.5  # half of the cell is above
    return line


def surface_nodes(equation: Equation, ndim: int, order: int, layer: int) -> int:
    """Nodes along the last axis that a free surface needs, a layer of so many cells included, which must begin below
    the differences that end at the surface."""
    if all(equation.vanishes(field) for field in equation.fields(ndim)):
        return order // 2 + 1
    rule = closure(order)
    return max(rule.size, rule.columns + layer + 1 if layer else 0)


def _position(equation: Equation, name: str, ndim: int) -> tuple[int, bool]:
    """Where a coefficient lives along the last axis, and whether it belongs to fields whose traction vanishes."""
    for field in equation.fields(ndim):
        if name in (equation.mass_name(field), equation.damping_name(field)):
            return equation.parity(field, ndim)[-1], not equation.vanishes(field)
    names, strains = equation.stiffness_names(ndim), equation.strains(ndim)
    c, ones = {n: float(n == name) for n in names}, {strain.name: 1.0 for strain in strains}
    laws = [equation.stress(c, ones)]
    laws += [equation.relaxed_stress(c, ones, m) for m in range(len(equation.relaxation_rates))]
    term = next(strain.terms[0] for strain in strains if any(law[strain.name] != 0 for law in laws))
    return term.position(equation.parity(term.field, ndim))[-1], not equation.vanishes(term.field)
