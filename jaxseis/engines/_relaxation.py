"""Relaxation: stresses that remember.

    sigma = S e - sum_l S_l y_l,    y_l = w_l/(s + w_l) e,

each y by the trapezoid, ``y[n] = a y[n-1] + b (e[n] + e[n-1])`` with ``a = (1 - d)/(1 + d)``, ``b = d/(1 + d)``,
``d = w_l dt/2``. A filter is the same on both sides of S, so the operator stays symmetric, and its adjoint is the same
kernel run on time-reversed data.
"""

from collections.abc import Iterator
from typing import Any

from jaxseis.engines._stage import Stage, in_boxes, in_strips
from jaxseis.engines._surface import edge_terms, mirror_stresses
from jaxseis.engines._symbols import Symbols
from jaxseis.equations._base import Derivative


def stages(plan: Symbols) -> Iterator[Stage]:
    """Strains, memories and stresses."""
    yield Stage(_strains)
    yield from in_boxes(plan, "half", _strains_in_layer)
    yield Stage(_memories)
    yield Stage(_stresses)
    yield Stage(mirror_stresses)


def _strains(s: Symbols) -> Iterator[Any]:
    """e: every derivative, with what the surface and the layers add (edge, p)."""
    from devito import Eq

    x = s.space
    for term in s.terms:
        edge = s.array(f"edge_{term.name}")[x] if term in edge_terms(s) else 0
        yield Eq(strain_of(s, term)[x], s.derivative(*s.now(term), term, x) + edge, implicit_dims=(s.time,))
    yield from in_strips(s, "half", _strains_in_layer)


def _strains_in_layer(s: Symbols, axis: int, x: tuple[Any, ...]) -> Iterator[Any]:
    from devito import Eq

    for term in s.terms:
        if axis in s.layers(term.axis):
            e = strain_of(s, term)
            yield Eq(e[x], e[x] + s.filtered(term, axis)[x], implicit_dims=(s.time,))


def _memories(s: Symbols) -> Iterator[Any]:
    """y = b e + s, s = (1 + a) y - s."""
    from devito import Eq

    x = s.space
    for mechanism in range(len(s.equation.relaxation_rates)):
        onea, b = (s.number(f"relax_{kind}_{mechanism}") for kind in ("onea", "b"))
        for term in s.terms:
            y, state = memory_of(s, term, mechanism), s.array(f"ys{mechanism}_{term.name}")
            yield Eq(y[x], b * strain_of(s, term)[x] + state[x], implicit_dims=(s.time,))
            yield Eq(state[x], onea * y[x] - state[x], implicit_dims=(s.time,))


def _stresses(s: Symbols) -> Iterator[Any]:
    """sigma = S e - sum_l S_l y_l."""
    from devito import Eq

    x, table = s.space, s.equation.strains(s.ndim)
    total = s.stress({k.name: sum(strain_of(s, t)[x] for t in k.terms) for k in table}, x)
    for mechanism in range(len(s.equation.relaxation_rates)):
        y = {k.name: sum(memory_of(s, t, mechanism)[x] for t in k.terms) for k in table}
        for name, value in s.equation.relaxed_stress(s.stiffness(x), y, mechanism).items():
            total[name] = total[name] - value
    for name, value in total.items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))


def strain_of(s: Symbols, term: Derivative) -> Any:
    """The array of a derivative."""
    return s.array(f"e_{term.name}")


def memory_of(s: Symbols, term: Derivative, mechanism: int) -> Any:
    """The array of the memory variable y of a derivative."""
    return s.array(f"y{mechanism}_{term.name}")
