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
from jaxseis.engines._surface import (
    edge_force_of,
    edge_forces,
    edge_strains,
    edge_stresses,
    edge_terms,
    kept_edge_forces,
    mirror_stresses,
    surface,
)
from jaxseis.engines._symbols import Symbols, second_difference
from jaxseis.equations._base import Derivative


def step(s: Symbols) -> Iterator[list[Any]]:
    """The equations of the program, stage by stage."""
    yield [*edge_strains(s, "edge", s.now)]
    if s.pml:
        yield [*_first_filters(s)]
    if s.relaxing:
        yield [*_relaxation.strains(s)]
        yield [*_relaxation.memories(s)]
        yield [*_relaxation.stresses(s), *mirror_stresses(s)]
    elif not s.laplacian:
        yield [*_stresses(s)]
        yield [*edge_stresses(s), *mirror_stresses(s)]
    yield [*kept_edge_forces(s)]
    yield [*_update(s), *second_filters(s, "", "t")]
    yield [*edge_forces(s, ""), *_inject(s), *surface(s, ""), *_sample(s)]


def _first_filters(s: Symbols) -> Iterator[Any]:
    """p = b D u + s, s = (1 + a) p - s: the filter p = -zeta/(s + zeta) D u inside the layer; each further layer
    filters what the ones before it have left."""
    from devito import Eq

    for term in s.terms:
        done: list[Any] = []
        for j, kind in s.layers(term.axis):
            a, b = s.profiles("onea b", j, s.position(term)[j], kind)
            p, state = s.filtered(term, j), s.layered(f"s_{term.name}_{j}", j)
            for x in s.strips(j, "half"):
                e = s.derivative(*s.now(term), term, x) + sum(q[x] for q in done)
                if done and term in edge_terms(s):
                    e = e + s.array(f"edge_{term.name}")[x]
                yield Eq(p[x], b[x[j]] * e + state[x], implicit_dims=(s.time,))
                yield Eq(state[x], a[x[j]] * p[x] - state[x], implicit_dims=(s.time,))
            done.append(p)


def _stresses(s: Symbols) -> Iterator[Any]:
    """sigma = S (D u) everywhere, plus S p in the layer (S is linear in the strains)."""
    from devito import Eq

    x, strains = s.space, s.equation.strains(s.ndim)
    e = {k.name: sum(s.derivative(s.field(t.field), (s.level,), t, x) for t in k.terms) for k in strains}
    for name, value in s.stress(e, x).items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))
    for axis in range(s.ndim) if s.pml else ():
        for x in s.strips(axis, "half"):
            here = [t for t in s.terms if axis in dict(s.layers(t.axis))]
            e = {k.name: sum(s.filtered(t, axis)[x] for t in k.terms if t in here) for k in strains}
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
    """The filters of the forces in the layers."""
    if s.pml:
        yield from (_filters_of_all_layers if s.signature.multiaxial else _own_filters)(s, prefix, memory)


def _own_filters(s: Symbols, prefix: str, memory: str) -> Iterator[Any]:
    """u+ += r (added + filter of (F + added)) inside the layer: F is the plain force, already in u+,
    and added = D^T p what the layer adds to a Laplacian (stresses hold it already)."""
    from devito import Eq

    # the last axis first: it shares a loop, and its memory, with the update
    for field, axis in product(reversed(s.fields), reversed(range(s.ndim))):
        u, r, parity = s.field(prefix + field), s.of_mass("r", field), s.parity(field)[axis]
        a, b, c = s.profiles("a b c", axis, parity)
        state, plain = s.layered(f"{memory}_{field}_{axis}", axis), Derivative(field, axis)
        for x in s.strips(axis, "reach" if s.laplacian else "half"):
            added = s.divergence(s.filtered(plain, axis), (), plain, x) if s.laplacian else 0
            force, new = _force(s, field, axis, x) + added, (s.level + 1, *x)
            yield Eq(u[new], u[new] + r[x] * (added + b[x[axis]] * force + state[x]))
            yield Eq(state[x], a[x[axis]] * state[x] + c[x[axis]] * force, implicit_dims=(s.time,))


def _filters_of_all_layers(s: Symbols, prefix: str, memory: str) -> Iterator[Any]:
    """u+ += r q, with q = b F + t, t = (1 + a) q - t in all layers, one after the other as in the first filters."""
    from devito import Eq

    for field, axis in product(s.fields, range(s.ndim)):
        u, r, done = s.field(prefix + field), s.of_mass("r", field), []
        for j, kind in s.layers(axis):
            a, b = s.profiles("onea b", j, s.parity(field)[j], kind)
            q, state = s.array(f"q{memory}_{field}_{axis}_{j}"), s.layered(f"{memory}_{field}_{axis}_{j}", j)
            for x in s.strips(j, "half"):
                force, new = _force(s, field, axis, x) + sum(p[x] for p in done), (s.level + 1, *x)
                if done:
                    edges = (t for t in edge_terms(s) if (t.field, t.axis) == (field, axis))
                    force = force + sum(edge_force_of(s, t)[x] for t in edges)
                yield Eq(q[x], b[x[j]] * force + state[x], implicit_dims=(s.time,))
                yield Eq(state[x], a[x[j]] * q[x] - state[x], implicit_dims=(s.time,))
                yield Eq(u[new], u[new] + r[x] * q[x])
            done.append(q)


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
