"""Whether a stress law is linear in its coefficients, as derivatives of the gradient assume (_adjoint.py)."""

from functools import lru_cache

from jaxseis.equations._base import Equation


@lru_cache
def law_is_linear(equation: Equation, ndim: int) -> bool:
    """Whether no coefficient is left in the derivative of the law in a coefficient."""
    import sympy

    c = {name: sympy.Symbol(name) for name in equation.stiffness_names(ndim)}
    e = {strain.name: sympy.Symbol(f"strain_{strain.name}") for strain in equation.strains(ndim)}
    laws = [equation.stress(c, e)]
    laws += [equation.relaxed_stress(c, e, mechanism) for mechanism in range(len(equation.relaxation_rates))]
    stresses = [sympy.expand(stress) for law in laws for stress in law.values()]
    return not any(sympy.diff(s, x).free_symbols & set(c.values()) for s in stresses for x in c.values())
