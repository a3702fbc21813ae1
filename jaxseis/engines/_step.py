"""Program "step": the fields advance by one leapfrog step, driven and sampled at points.

The step is that of xla.py, arranged so that the plain stencil runs over the whole grid and only
strips inside the layer do more: with L the plain second difference (or D^T S D),

    u+  = 2u - u- + r L u                       everywhere, r = dt^2/M
    p   = filter of D u                         on the strips of each axis
    u+ += r (D^T p + filter of (L u + D^T p))   on the strips of each axis
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxseis.engines._symbols import Symbols, second_difference, staggered_difference


def step(s: Symbols) -> Iterator[Any]:
    """All equations of the program."""
    if s.pml:
        yield from _first_filters(s)
    if not s.laplacian:
        yield from _stresses(s)
    yield from _update(s)
    if s.pml:
        yield from second_filters(s, "", "t")
    yield from _inject(s)
    yield from surface(s, "")
    yield from _sample(s)


def _first_filters(s: Symbols) -> Iterator[Any]:
    """p = b D u + s, s = (1 + a) p - s: the filter p = -zeta/(s + zeta) D u inside the layer."""
    from devito import Eq

    for field, axis in s.terms:
        u, parity = s.field(field), s.parity(field, axis)
        a, b = (s.line(f"{kind}_{axis}_{1 - parity}", axis) for kind in ("onea", "b"))
        p, state = s.filtered(field, axis), s.layered(f"s_{field}_{axis}", axis)
        for x in s.strips(axis, "half"):
            e = staggered_difference(s, u, (s.level,), x, axis, parity)
            yield Eq(p[x], b[x[axis]] * e + state[x], implicit_dims=(s.time,))
            yield Eq(state[x], a[x[axis]] * p[x] - state[x], implicit_dims=(s.time,))


def _stresses(s: Symbols) -> Iterator[Any]:
    """sigma = S (D u) everywhere, plus S p in the layer (S is linear in the strains)."""
    from devito import Eq

    x, strains = s.space, s.equation.strains(s.ndim)
    e = {k.name: sum(s.derivative(s.field(f), (s.level,), f, a, x) for f, a in k.terms) for k in strains}
    for name, value in s.stress(e, x).items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))
    if s.pml:
        for term in s.terms:
            for x in s.strips(term[1], "half"):
                e = {k.name: s.filtered(*term)[x] if term in k.terms else 0 for k in strains}
                for name, value in s.stress(e, x).items():
                    if value != 0:
                        yield Eq(s.sigma(name)[x], s.sigma(name)[x] + value, implicit_dims=(s.time,))
    yield from mirror_stresses(s)


def mirror_stresses(s: Symbols) -> Iterator[Any]:
    """At a free surface stresses half a cell below continue evenly above it, as u does oddly."""
    from devito import Eq

    for strain in s.equation.strains(s.ndim) if s.signature.free_surface else ():
        if strain.terms[0][1] == s.ndim - 1:
            sigma, x = s.sigma(strain.name), s.space[:-1]
            for k in range(s.radius):
                yield Eq(sigma[(*x, -1 - k)], sigma[(*x, k)], implicit_dims=(s.time,))


def _force(s: Symbols, field: str, axis: int, x: tuple[Any, ...]) -> Any:
    """The plain stiffness along one axis: L u, or D^T sigma."""
    if s.laplacian:
        return second_difference(s, s.field(field), (s.level,), x, axis)
    return stress_force(s, field, axis, x)


def stress_force(s: Symbols, field: str, axis: int, x: tuple[Any, ...]) -> Any:
    """D^T sigma along one axis."""
    parity = 1 - s.parity(field, axis)
    return sum(
        staggered_difference(s, s.sigma(strain.name), (), x, axis, parity)
        for strain in s.equation.strains(s.ndim)
        if (field, axis) in strain.terms
    )


def _update(s: Symbols) -> Iterator[Any]:
    """u+ = 2u - u- + r F; a sponge damps."""
    from devito import Eq

    x, t = s.space, s.level
    for field in s.equation.fields:
        u = s.field(field)
        force = sum(_force(s, f, a, x) for f, a in s.terms if f == field)
        two, one = (s.array("two")[x], s.array("one")[x]) if s.sponge else (2, 1)
        yield Eq(u[(t + 1, *x)], two * u[(t, *x)] - one * u[(t - 1, *x)] + s.over_mass(field)[x] * force)


def second_filters(s: Symbols, prefix: str, memory: str) -> Iterator[Any]:
    """u+ += r (added + filter of (F + added)) inside the layer: F is the plain force, already in u+,
    and added = D^T p what the layer adds to a Laplacian (stresses hold it already)."""
    from devito import Eq

    for field, axis in reversed(s.terms):  # the last axis first: it shares a loop, and its memory, with the update
        u, r, parity = s.field(prefix + field), s.over_mass(field), s.parity(field, axis)
        a, b, c = (s.line(f"{kind}_{axis}_{parity}", axis) for kind in ("a", "b", "c"))
        state = s.layered(f"{memory}_{field}_{axis}", axis)
        for x in s.strips(axis, "reach" if s.laplacian else "half"):
            added = staggered_difference(s, s.filtered(field, axis), (), x, axis, 1) if s.laplacian else 0
            force, new = _force(s, field, axis, x) + added, (s.level + 1, *x)
            yield Eq(u[new], u[new] + r[x] * (added + b[x[axis]] * force + state[x]))
            yield Eq(state[x], a[x[axis]] * state[x] + c[x[axis]] * force, implicit_dims=(s.time,))


def surface(s: Symbols, prefix: str) -> Iterator[Any]:
    """The field vanishes at the free surface and is odd about it."""
    from devito import Eq

    if s.signature.free_surface:
        x, t = s.space[:-1], s.level
        for field in s.equation.fields:
            u = s.field(prefix + field)
            yield Eq(u[(t + 1, *x, 0)], 0)
            for k in range(1, s.radius + 1):
                yield Eq(u[(t + 1, *x, -k)], -u[(t + 1, *x, k)])


def _points(s: Symbols, name: str) -> tuple[Any, Any, list[Any], list[Any]]:
    """Traces of a set of points, its dimension, the first nodes and the weights of its windows."""
    from devito import Dimension

    point = Dimension(name=f"p_{name}")
    traces = s.table(name, (s.time, point))
    nodes = [s.table(f"{name}_node_{a}", (point,), np.int32) for a in range(s.ndim)]
    weights = [s.table(f"{name}_weight_{a}", (point, k)) for a, k in enumerate(s.window)]
    return traces, point, nodes, weights


def _inject(s: Symbols) -> Iterator[Any]:
    """u+ += r w q at the windows of the sources."""
    from devito import Inc

    q, point, nodes, weights = _points(s, "src")
    field = s.equation.fields[0]
    x = tuple(node[point] + k for node, k in zip(nodes, s.window, strict=True))
    value = s.over_mass(field)[x] * q[s.time, point]
    for w, k in zip(weights, s.window, strict=True):
        value = value * w[point, k]
    yield Inc(s.field(field)[(s.level + 1, *x)], value)


def _sample(s: Symbols) -> Iterator[Any]:
    """d = sum w u at the windows of the receivers, the last axis unrolled."""
    from devito import Inc

    d, point, nodes, weights = _points(s, "rec")
    u = s.field(s.equation.fields[0])
    x = tuple(node[point] + k for node, k in zip(nodes[:-1], s.window[:-1], strict=True))
    unrolled = range(s.signature.width)
    value = sum(weights[-1][point, k] * u[(s.level, *x, nodes[-1][point] + k)] for k in unrolled)
    for w, k in zip(weights[:-1], s.window[:-1], strict=True):
        value = value * w[point, k]
    yield Inc(d[s.time, point], value)
