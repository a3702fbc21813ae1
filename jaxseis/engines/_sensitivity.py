"""Programs of the derivative in the coefficients: "scatter", "sums" and "image".

The symmetric operator (absorbing.py, 2) is ``P M s^2 + sum_ab D_a^T (P/(s_a s_b)) S_ab D_b`` with
P = prod_j (1 + zeta_j/s). Its derivative drives the perturbed field (scatter; divided by P, as the step is), and
paired with the adjoint field it gives the gradient (image):

    du:  M s^2 du + ... = -dM s^2 u - sum_ab (1/s_a) D_a^T dS_ab (1/s_b) D_b u
    g_M = -sum_n u^n (P s^2 v)^n
    g_c = -sum_n sum_ab (dS_ab/dc) [(P/(s_a s_b)) D_a v]^n (D_b u)^n

The filters of the gradient act on the adjoint field v, where ``p`` is at hand: (1/s_a) D_a v = D_a v + p.
Each further stretch 1 + zeta/s, over 1 + p zeta/s in a multi-axial layer, is a filter with a memory in the layer; the
mass needs trapezoidal integrals. Both hold what came before a level: "sums" brings them up to date after its image.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from jaxseis.engines._problem import Problem
from jaxseis.engines._relaxation import memory_of, strain_of
from jaxseis.engines._stage import Filter, Stage, in_boxes, in_strips
from jaxseis.engines._step import second_filters, stress_force
from jaxseis.engines._surface import edge_forces, edge_strains, edge_terms, kept_edge_forces, mirror_stresses, surface
from jaxseis.engines._symbols import Symbols
from jaxseis.equations._base import Derivative

Row = tuple[Derivative, int | None]
"""A derivative of a field, or its memory variable in a mechanism."""


def scatter(plan: Symbols) -> Iterator[Stage]:
    """du+ -= r (dM u_tt + G^T dS G u), after u and du have advanced to the same level."""
    yield Stage(_scattered_by_mass)
    if not plan.laplacian:
        yield Stage(_scattered_stresses)
        yield Stage(mirror_stresses)
        yield Stage(kept_edge_forces)
        for fields in plan.groups:
            filters = partial(second_filters, fields=fields, prefix="d", memory="dt")
            yield Stage(partial(_scattered_by_stress, fields=fields, filters=filters))
            yield from in_boxes(plan, "half", filters)
        yield Stage(lambda s: edge_forces(s, "d"))
    yield Stage(lambda s: surface(s, "d"))


def _scattered_by_mass(s: Symbols) -> Iterator[Any]:
    from devito import Eq

    x, t = s.space, s.level
    for field in s.fields:
        u, du = s.field(field), s.field("d" + field)
        change = u[(t + 1, *x)] - 2 * u[(t, *x)] + u[(t - 1, *x)]
        if s.sponge:
            change = change + s.at("D1", s.parity(field))[x] * (u[(t + 1, *x)] - u[(t - 1, *x)])
        scattered = s.of_mass("dr", field)[x] * change
        if s.equation.damping_name(field):
            scattered = scattered + s.of_mass("drC", field)[x] * (u[(t + 1, *x)] - u[(t - 1, *x)])
        yield Eq(du[(t + 1, *x)], du[(t + 1, *x)] + s.of_mass("r", field)[x] * scattered)


def _scattered_by_stress(s: Symbols, fields: tuple[str, ...], filters: Filter) -> Iterator[Any]:
    from devito import Eq

    x, t = s.space, s.level
    for field in fields:
        du, r = s.field("d" + field), s.of_mass("r", field)
        force = sum(stress_force(s, field, axis, x) for axis in range(s.ndim))
        yield Eq(du[(t + 1, *x)], du[(t + 1, *x)] + r[x] * force)
    yield from in_strips(s, "half", filters)


def _scattered_stresses(s: Symbols) -> Iterator[Any]:
    """sigma = (dS/dc dc) (1/s) D u."""
    from devito import Eq

    x, strains = s.space, s.equation.strains(s.ndim)
    total = dict.fromkeys((k.name for k in strains), 0)
    for row, column, name, derivative, mechanism in _law(s):
        strain = sum(_strain(s, (term, mechanism), x) for term in column.terms)
        total[row.name] += derivative(x) * s.array(f"dc_{name}")[x] * strain
    for name, value in total.items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))


def _strain(s: Symbols, row: Row, x: tuple[Any, ...]) -> Any:
    """(1/s_a) D_a u = D_a u + p at the present level, with its edge at a free surface; or its memory variable."""
    term, mechanism = row
    if mechanism is not None:
        return memory_of(s, term, mechanism)[x]
    if s.relaxing:
        return strain_of(s, term)[x]
    strain = s.derivative(s.field(term.field), (s.level,), term, x)
    strain = strain + s.layered_parts(term, x) if s.pml else strain
    return strain + s.array(f"edge_{term.name}")[x] if term in edge_terms(s) else strain


def _law(s: Symbols) -> Iterator[tuple[Any, Any, str, Any, int | None]]:
    """(row, column, coefficient, dS_row,column/dc as a function of the position, mechanism) where it is not zero;
    the mechanism is None for the law of the strains themselves."""
    import sympy

    names, strains = s.equation.stiffness_names(s.ndim), s.equation.strains(s.ndim)
    c = {n: sympy.Symbol(n) for n in names}
    e = {k.name: sympy.Symbol(f"strain_{k.name}") for k in strains}
    laws: dict[int | None, dict[str, Any]] = {None: s.equation.stress(c, e)}
    for mechanism in range(len(s.equation.relaxation_rates)):
        laws[mechanism] = {k: -v for k, v in s.equation.relaxed_stress(c, e, mechanism).items()}
    for (mechanism, law), row, column, name in product(laws.items(), strains, strains, names):
        derivative = sympy.diff(law[row.name], e[column.name], c[name])
        if derivative != 0:

            def at(x: tuple[Any, ...], derivative: Any = derivative) -> Any:
                return derivative.subs({v: s.array(f"c_{n}")[x] for n, v in c.items() if v in derivative.free_symbols})

            yield row, column, name, at, mechanism


def needs_sums(problem: Problem) -> bool:
    """Whether the gradient needs the program "sums"."""
    damped = any(map(problem.equation.damping_name, problem.fields))
    return problem.pml and (problem.ndim == 3 or (problem.ndim > 1 and (damped or not problem.laplacian)))


def sums(plan: Symbols) -> Iterator[Stage]:
    """After the image of a level: R += (v+ + 2v + v-)/4 where three layers meet (everywhere, and R2 += its integral,
    for a damped field), and H = a H + c W in the layer of each axis by which a strain W of v has yet to be stretched.
    """
    yield Stage(_sums_of_damped_fields)
    yield from in_boxes(plan, "half", _sums_of_undamped_fields)
    for row, across in dict.fromkeys((i, k.axis) for i, k in _coupled_terms(plan)):
        sum_ = partial(_sum_of_strain, row=row, across=across)
        yield Stage(partial(in_strips, reach="half", equations=sum_))
        yield from in_boxes(plan, "half", sum_)


def _sums_of_damped_fields(s: Symbols) -> Iterator[Any]:
    from devito import Eq

    x = s.space
    for field in filter(s.equation.damping_name, s.fields):
        if s.ndim == 3:
            twice = s.array(f"R2_{field}")
            yield Eq(twice[x], twice[x] + _integral(s, field, x), implicit_dims=(s.time,))
        yield _sum_of_field(s, field, x)


def _sums_of_undamped_fields(s: Symbols, axis: int, x: tuple[Any, ...]) -> Iterator[Any]:
    for field in s.fields if s.ndim == 3 and axis == 0 else ():
        if not s.equation.damping_name(field):
            yield _sum_of_field(s, field, x)


def _sum_of_field(s: Symbols, field: str, x: tuple[Any, ...]) -> Any:
    from devito import Eq

    total = s.array(f"R_{field}")
    return Eq(total[x], total[x] + _three_levels(s, field, x) / 4, implicit_dims=(s.time,))


def _integral(s: Symbols, field: str, x: tuple[Any, ...]) -> Any:
    """The trapezoidal integral of (v+ + 2v + v-)/4, over dt."""
    return s.array(f"R_{field}")[x] + _three_levels(s, field, x) / 8


def _sum_of_strain(s: Symbols, axis: int, x: tuple[Any, ...], row: Row, across: int) -> Iterator[Any]:
    """In the order that layers have, the last axis first: W along an axis is made of memories of earlier ones, not yet
    advanced."""
    from devito import Eq

    if axis != across:
        memory, (a, c) = _memory(s, row, across, axis), s.profiles("a c", axis, s.position(row[0])[axis], "stretch")
        value = _layered_strain(s, row, across, axis, x)
        yield Eq(memory[x], a[x[axis]] * memory[x] + c[x[axis]] * value, implicit_dims=(s.time,))


def _coupled_terms(s: Symbols) -> Iterator[tuple[Row, Derivative]]:
    for row, column, _, _, mechanism in _law(s):
        yield from (((i, mechanism), k) for i in row.terms for k in column.terms)


def _three_levels(s: Symbols, field: str, x: tuple[Any, ...]) -> Any:
    v, t = s.field(field), s.level
    return v[(t + 1, *x)] + 2 * v[(t, *x)] + v[(t - 1, *x)]


def _memory(s: Symbols, row: Row, across: int, j: int) -> Any:
    term, mechanism = row
    return s.array(f"H{'' if mechanism is None else mechanism}_{term.name}_{across}_{j}")


def _layered_strain(s: Symbols, row: Row, across: int, until: int, x: tuple[Any, ...]) -> Any:
    """W = (prod_j (1 + zeta_j/s)/(1 + p zeta_j/s)) (1/s_a) D_a v over the axes j != across, j < until.

    (1 + zeta/s)/(1 + p zeta/s) W = W + b W + H, with H what earlier levels have left.
    """
    value = _strain(s, row, x)
    for j in range(until) if s.pml else ():
        if j != across:
            (b,) = s.profiles("b", j, s.position(row[0])[j], "stretch")
            value = value + b[x[j]] * value + _memory(s, row, across, j)[x]
    return value


def image(plan: Symbols) -> Iterator[Stage]:
    """One level of both gradients, without their signs and the factor 1/dt^2 of g_M."""
    yield Stage(_image_of_masses)
    if not plan.laplacian:
        yield Stage(lambda s: edge_strains(s, "stored_edge", lambda term: (_stored(s, term.field), ())))
        yield Stage(_image_of_stiffness)


def _image_of_masses(s: Symbols) -> Iterator[Any]:
    from devito import Eq

    x, t = s.space, s.level
    for field in s.fields:
        v, g, here = s.field(field), s.array(f"gM_{field}"), s.parity(field)
        value = v[(t + 1, *x)] - 2 * v[(t, *x)] + v[(t - 1, *x)]
        if s.pml or s.sponge:
            value = value + s.at("D1", here)[x] * (v[(t + 1, *x)] - v[(t - 1, *x)])
        if s.pml and s.ndim > 1:
            value = value + s.at("D2", here)[x] * _three_levels(s, field, x)
        if s.pml and s.ndim == 3:
            value = value + s.at("D3", here)[x] * 8 * _integral(s, field, x)
        yield Eq(g[x], g[x] + _stored(s, field)[x] * value)
        if s.equation.damping_name(field):
            yield _image_of_damping(s, field)


def _image_of_damping(s: Symbols, field: str) -> Any:
    """2 dt (P s v), by the same rules: one power of s less."""
    from devito import Eq

    x, t, here = s.space, s.level, s.parity(field)
    v, g = s.field(field), s.array(f"gC_{field}")
    value = v[(t + 1, *x)] - v[(t - 1, *x)]
    if s.pml:
        value = value + s.at("D1", here)[x] * _three_levels(s, field, x)
    if s.pml and s.ndim > 1:
        value = value + s.at("D2", here)[x] * 8 * _integral(s, field, x)
    if s.pml and s.ndim == 3:
        twice = s.array(f"R2_{field}")[x] + _integral(s, field, x) / 2
        value = value + 16 * s.at("D3", here)[x] * twice
    return Eq(g[x], g[x] + _stored(s, field)[x] * value)


def _image_of_stiffness(s: Symbols) -> Iterator[Any]:
    from devito import Eq

    x = s.space
    total: dict[str, Any] = {}
    for row, column, name, derivative, mechanism in _law(s):
        for i in row.terms:
            for k in column.terms:
                w = _layered_strain(s, (i, mechanism), k.axis, s.ndim, x)
                e = s.derivative(_stored(s, k.field), (), k, x)
                e = e + s.array(f"stored_edge_{k.name}")[x] if k in edge_terms(s) else e
                total[name] = total.get(name, 0) + derivative(x) * w * e
    for name, value in total.items():
        g = s.array(f"gc_{name}")
        yield Eq(g[x], g[x] + value, implicit_dims=(s.time,))


def _stored(s: Symbols, field: str) -> Any:
    """The forward field of the level, with the halo its strains need."""
    return s.array(f"stored_{field}", halo=0 if s.laplacian else s.radius)
