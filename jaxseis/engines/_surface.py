"""The free surface, at the first node of the last axis.

Fields that vanish there (pressures) are odd about it, and so the stresses of their derivatives along the axis are even:
they continue by mirror images. Where the field is a displacement its traction vanishes: differences along the axis end
there by summation by parts (closure.py), with the quadratures in the coefficients (equations/_surface.py), and what
their rows at the surface add to the plain difference, which finds zeros above, is called ``edge`` here.
"""

from collections.abc import Iterator
from typing import Any

from jaxseis.closure import closure
from jaxseis.engines._symbols import Symbols
from jaxseis.equations._base import Derivative


def surface(s: Symbols, prefix: str) -> Iterator[Any]:
    """A field that vanishes at the surface is odd about it."""
    from devito import Eq

    x, t = s.space[:-1], s.level
    for field in s.fields if s.signature.free_surface else ():
        if s.equation.vanishes(field):
            u = s.field(prefix + field)
            yield Eq(u[(t + 1, *x, 0)], 0)
            for k in range(1, s.radius + 1):
                yield Eq(u[(t + 1, *x, -k)], -u[(t + 1, *x, k)])


def mirror_stresses(s: Symbols) -> Iterator[Any]:
    """Stresses continue evenly above the surface. One at the surface itself has half the weight in the energy, and
    so in its coefficients, and half its image is its own."""
    from devito import Eq

    for strain in s.equation.strains(s.ndim) if s.signature.free_surface else ():
        (term, *_) = strain.terms
        if term.axis == s.ndim - 1 and s.equation.vanishes(term.field):
            sigma, x = s.sigma(strain.name), s.space[:-1]
            if term.centred:
                yield Eq(sigma[(*x, 0)], 2 * sigma[(*x, 0)], implicit_dims=(s.time,))
            for k in range(s.radius):
                yield Eq(sigma[(*x, -1 - k)], sigma[(*x, k + term.centred)], implicit_dims=(s.time,))


def edge_terms(s: Symbols) -> list[Derivative]:
    """The derivatives that end at the surface by summation by parts."""
    down = [t for t in s.terms if t.axis == s.ndim - 1 and not s.equation.vanishes(t.field)]
    return down if s.signature.free_surface else []


def edge_strains(s: Symbols, name: str, field: Any) -> Iterator[Any]:
    """What the surface adds to the derivatives of ``field(term)``: an array, and its indices before those of space."""
    from devito import Eq

    x = s.space[:-1]
    for term in edge_terms(s):
        f, at = field(term)
        for k, row in enumerate(_corrections(s, term)):
            if row:
                value: Any = s.inverse[-1] * sum(w * f[(*at, *x, j)] for j, w in row.items())
                yield Eq(s.array(f"{name}_{term.name}")[(*x, k)], value, implicit_dims=(s.time,))


def edge_stresses(s: Symbols) -> Iterator[Any]:
    """The stresses of ``edge``, added."""
    from devito import Eq

    terms, strains = edge_terms(s), s.equation.strains(s.ndim)
    for k in range(closure(s.signature.order).size if terms else 0):
        x = (*s.space[:-1], k)
        here = [t for t in terms if _corrections(s, t)[k]]
        e = {strain.name: sum(s.array(f"edge_{t.name}")[x] for t in strain.terms if t in here) for strain in strains}
        for name, value in s.stress(e, x).items():
            if value != 0:
                yield Eq(s.sigma(name)[x], s.sigma(name)[x] + value, implicit_dims=(s.time,))


def edge_forces(s: Symbols, prefix: str) -> Iterator[Any]:
    """Minus the transposed ``edge`` of the stresses, added to the force."""
    from devito import Eq

    for term in edge_terms(s):
        u, r = s.field(prefix + term.field), s.of_mass("r", term.field)
        for x, force in _edge_force(s, term):
            new = u[(s.level + 1, *x)]
            yield Eq(new, new + r[x] * force)


def kept_edge_forces(s: Symbols) -> Iterator[Any]:
    """The same in arrays, for layers whose filters take it across the axis of the surface."""
    from devito import Eq

    for term in edge_terms(s) if s.signature.multiaxial else ():
        for x, force in _edge_force(s, term):
            yield Eq(edge_force_of(s, term)[x], force, implicit_dims=(s.time,))


def edge_force_of(s: Symbols, term: Derivative) -> Any:
    """The array of a kept force."""
    return s.array(f"edge_force_{term.name}")


def _edge_force(s: Symbols, term: Derivative) -> Iterator[tuple[Any, Any]]:
    """The row next to the surface, and the force there, where there is any."""
    rows = _corrections(s, term)
    for k in range(len(rows)):
        column = {j: row[k] for j, row in enumerate(rows) if k in row}
        force = sum(
            -w * s.sigma(strain.name)[(*s.space[:-1], j)]
            for j, w in column.items()
            for strain in s.equation.strains(s.ndim)
            if term in strain.terms
        )
        if force != 0:
            yield (*s.space[:-1], k), s.inverse[-1] * force


def _corrections(s: Symbols, term: Derivative) -> list[dict[int, float]]:
    """The rows of the correction to a derivative: {column: weight}."""
    matrix = closure(s.signature.order).corrections[s.parity(term.field)[-1]]
    return [{j: float(w) for j, w in enumerate(row) if abs(w) > 1e-13} for row in matrix]
