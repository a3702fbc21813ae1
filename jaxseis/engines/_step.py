"""Program "step": the fields advance by one leapfrog step, driven and sampled at points.

The step is that of xla.py, arranged so that the plain stencil runs over the whole grid and only
strips inside the layer do more: with L the plain second difference (or D^T S D),

    u+  = 2u - u- + r L u                       everywhere, r = dt^2/M
    p   = filter of D u                         on the strips of each axis
    u+ += r (D^T p + filter of (L u + D^T p))   on the strips of each axis
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from jaxseis.engines import _relaxation
from jaxseis.engines._surface import edge_forces, edge_strains, edge_stresses, mirror_stresses, surface
from jaxseis.engines._symbols import Symbols, second_difference
from jaxseis.equations._base import Derivative


def step(s: Symbols) -> Iterator[list[Any]]:
    """The equations of the program, stage by stage."""
    if s.pml:
        yield [*_first_filters(s)]
    if s.relaxing:
        yield [*edge_strains(s, "edge", s.now)]
        yield [*_relaxation.strains(s)]
        yield [*_relaxation.memories(s)]
        yield [*_relaxation.stresses(s), *mirror_stresses(s)]
    elif not s.laplacian:
        yield [*_stresses(s)]
        yield [*edge_strains(s, "edge", s.now), *edge_stresses(s), *mirror_stresses(s)]
    yield [*_update(s), *(second_filters(s, "", "t") if s.pml else ())]
    yield [*edge_forces(s, ""), *_inject(s), *surface(s, ""), *_sample(s)]


def _first_filters(s: Symbols) -> Iterator[Any]:
    """p = b D u + s, s = (1 + a) p - s: the filter p = -zeta/(s + zeta) D u inside the layer."""
    from devito import Eq

    for term in s.terms:
        u, axis, parity = s.field(term.field), term.axis, s.position(term)[term.axis]
        a, b = (s.line(f"{kind}_{axis}_{parity}", axis) for kind in ("onea", "b"))
        p, state = s.filtered(term), s.layered(f"s_{term.name}", axis)
        for x in s.strips(axis, "half"):
            e = s.derivative(u, (s.level,), term, x)
            yield Eq(p[x], b[x[axis]] * e + state[x], implicit_dims=(s.time,))
            yield Eq(state[x], a[x[axis]] * p[x] - state[x], implicit_dims=(s.time,))


def _stresses(s: Symbols) -> Iterator[Any]:
    """sigma = S (D u) everywhere, plus S p in the layer (S is linear in the strains)."""
    from devito import Eq

    x, strains = s.space, s.equation.strains(s.ndim)
    e = {k.name: sum(s.derivative(s.field(t.field), (s.level,), t, x) for t in k.terms) for k in strains}
    for name, value in s.stress(e, x).items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))
    for axis in range(s.ndim) if s.pml else ():
        for x in s.strips(axis, "half"):
            e = {k.name: sum(s.filtered(t)[x] for t in k.terms if t.axis == axis) for k in strains}
            for name, value in s.stress(e, x).items():
                if value != 0:
                    yield Eq(s.sigma(name)[x], s.sigma(name)[x] + value, implicit_dims=(s.time,))


def _force(s: Symbols, field: str, axis: int, x: tuple[Any, ...]) -> Any:
    """The plain stiffness along one axis: L u, or D^T sigma."""
    if s.laplacian:
        return second_difference(s, s.field(field), (s.level,), x, axis)
    return stress_force(s, field, axis, x)


def stress_force(s: Symbols, field: str, axis: int, x: tuple[Any, ...]) -> Any:
    """D^T sigma of the derivatives of a field along one axis."""
    return sum(
        s.divergence(s.sigma(strain.name), (), term, x)
        for strain in s.equation.strains(s.ndim)
        for term in strain.terms
        if (term.field, term.axis) == (field, axis)
    )


def _update(s: Symbols) -> Iterator[Any]:
    """u+ = 2u - u- + r F; a sponge damps."""
    from devito import Eq

    x, t = s.space, s.level
    for field in s.fields:
        u = s.field(field)
        force = sum(_force(s, field, axis, x) for axis in range(s.ndim))
        two, one = (s.of_mass(name, field)[x] for name in ("two", "one")) if s.damped(field) else (2, 1)
        yield Eq(u[(t + 1, *x)], two * u[(t, *x)] - one * u[(t - 1, *x)] + s.of_mass("r", field)[x] * force)


def second_filters(s: Symbols, prefix: str, memory: str) -> Iterator[Any]:
    """u+ += r (added + filter of (F + added)) inside the layer: F is the plain force, already in u+,
    and added = D^T p what the layer adds to a Laplacian (stresses hold it already)."""
    from devito import Eq

    # the last axis first: it shares a loop, and its memory, with the update
    for field, axis in product(reversed(s.fields), reversed(range(s.ndim))):
        u, r, parity = s.field(prefix + field), s.of_mass("r", field), s.parity(field)[axis]
        a, b, c = (s.line(f"{kind}_{axis}_{parity}", axis) for kind in ("a", "b", "c"))
        state, plain = s.layered(f"{memory}_{field}_{axis}", axis), Derivative(field, axis)
        for x in s.strips(axis, "reach" if s.laplacian else "half"):
            added = s.divergence(s.filtered(plain), (), plain, x) if s.laplacian else 0
            force, new = _force(s, field, axis, x) + added, (s.level + 1, *x)
            yield Eq(u[new], u[new] + r[x] * (added + b[x[axis]] * force + state[x]))
            yield Eq(state[x], a[x[axis]] * state[x] + c[x[axis]] * force, implicit_dims=(s.time,))


def _points(s: Symbols, end: str, field: str) -> tuple[Any, Any, Any, list[Any], list[Any]]:
    """Traces of an end, the points of it in a field, their channels, and first nodes and weights of their windows."""
    from devito import Dimension

    point = Dimension(name=f"p_{end}_{field}")
    traces = s.table(end, (s.time, Dimension(name=f"channel_{end}")))
    channel = s.table(f"{end}_{field}_channel", (point,), np.int32)
    nodes = [s.table(f"{end}_{field}_node_{a}", (point,), np.int32) for a in range(s.ndim)]
    weights = [s.table(f"{end}_{field}_weight_{a}", (point, k)) for a, k in enumerate(s.window)]
    return traces, point, channel[point], nodes, weights


def _inject(s: Symbols) -> Iterator[Any]:
    """u+ += r w q at the windows of the sources."""
    from devito import Inc

    for field in s.fields:
        q, point, channel, nodes, weights = _points(s, "src", field)
        x = tuple(node[point] + k for node, k in zip(nodes, s.window, strict=True))
        value = s.of_mass("r", field)[x] * q[s.time, channel]
        for w, k in zip(weights, s.window, strict=True):
            value = value * w[point, k]
        yield Inc(s.field(field)[(s.level + 1, *x)], value)


def _sample(s: Symbols) -> Iterator[Any]:
    """d = sum w u at the windows of the receivers, the last axis unrolled."""
    from devito import Inc

    for field in s.fields:
        d, point, channel, nodes, weights = _points(s, "rec", field)
        u = s.field(field)
        x = tuple(node[point] + k for node, k in zip(nodes[:-1], s.window[:-1], strict=True))
        unrolled = range(s.signature.width)
        value = sum(weights[-1][point, k] * u[(s.level, *x, nodes[-1][point] + k)] for k in unrolled)
        for w, k in zip(weights[:-1], s.window[:-1], strict=True):
            value = value * w[point, k]
        yield Inc(d[s.time, channel], value)
