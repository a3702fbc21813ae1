"""Program "step": the fields advance by one leapfrog step, driven and sampled at points.

The step is that of xla.py, arranged so that the plain stencil runs over the whole grid and only the layers do more:
with L the plain second difference (or D^T S D),

    u+  = 2u - u- + r L u                       everywhere, r = dt^2/M
    p   = filter of D u                         in the layer of each axis
    u+ += r (D^T p + filter of (L u + D^T p))   in the layer of each axis

Layers share the loop over the first axis, and so the memory, with the update; those of the first axis itself have
stages of their own. In a multi-axial layer every derivative, and every force, is filtered by the layers of all axes,
one after the other, and only the layer of the last axis shares the loop.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from jaxseis.engines import _relaxation
from jaxseis.engines._stage import Stage, in_boxes, in_strips
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


def step(plan: Symbols) -> Iterator[Stage]:
    """The stages of the program."""
    yield Stage(lambda s: edge_strains(s, "edge", s.now))
    for fields in plan.groups:
        filters = partial(_first_filters, fields=fields)
        yield Stage(partial(in_strips, reach="half", equations=filters))
        yield from in_boxes(plan, "half", filters)
    if plan.relaxing:
        yield from _relaxation.stages(plan)
    elif not plan.laplacian:
        yield Stage(_stresses)
        yield from in_boxes(plan, "half", _stresses_in_layer)
        yield Stage(edge_stresses)
        yield Stage(mirror_stresses)
    yield Stage(kept_edge_forces)
    for fields in plan.groups:
        yield Stage(partial(_update, fields=fields))
        yield from in_boxes(plan, plan.second_reach, partial(second_filters, fields=fields))
    yield Stage(_ends)


def _first_filters(s: Symbols, axis: int, x: tuple[Any, ...], fields: tuple[str, ...]) -> Iterator[Any]:
    """p = b D u + s, s = (1 + a) p - s: the filter p = -zeta/(s + zeta) D u inside the layer of an axis; each further
    layer filters what the ones before it have left."""
    from devito import Eq

    for term in s.terms:
        if term.field in fields and axis in s.layers(term.axis):
            a, b = s.profiles("onea b", axis, s.position(term)[axis], s.layers(term.axis)[axis])
            p, state = s.filtered(term, axis), s.layered(f"s_{term.name}_{axis}", axis)
            e = s.derivative(*s.now(term), term, x)
            e = e + sum(s.filtered(term, j)[x] for j in s.before(term.axis, axis))
            if axis != term.axis and term in edge_terms(s):
                e = e + s.array(f"edge_{term.name}")[x]
            yield Eq(p[x], b[x[axis]] * e + state[x], implicit_dims=(s.time,))
            yield Eq(state[x], a[x[axis]] * p[x] - state[x], implicit_dims=(s.time,))


def _stresses(s: Symbols) -> Iterator[Any]:
    """sigma = S (D u) everywhere, plus S p in layers (S is linear in the strains)."""
    from devito import Eq

    x, strains = s.space, s.equation.strains(s.ndim)
    e = {k.name: sum(s.derivative(*s.now(t), t, x) for t in k.terms) for k in strains}
    for name, value in s.stress(e, x).items():
        yield Eq(s.sigma(name)[x], value, implicit_dims=(s.time,))
    yield from in_strips(s, "half", _stresses_in_layer)


def _stresses_in_layer(s: Symbols, axis: int, x: tuple[Any, ...]) -> Iterator[Any]:
    from devito import Eq

    here = [t for t in s.terms if axis in s.layers(t.axis)]
    e = {k.name: sum(s.filtered(t, axis)[x] for t in k.terms if t in here) for k in s.equation.strains(s.ndim)}
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


def _update(s: Symbols, fields: tuple[str, ...]) -> Iterator[Any]:
    """u+ = 2u - u- + r F, and the second filters in layers; a sponge damps."""
    from devito import Eq

    x, t = s.space, s.level
    for field in fields:
        u = s.field(field)
        force = sum(_force(s, field, axis, x) for axis in range(s.ndim))
        two, one = (s.of_mass(name, field)[x] for name in ("two", "one")) if s.damped(field) else (2, 1)
        yield Eq(u[(t + 1, *x)], two * u[(t, *x)] - one * u[(t - 1, *x)] + s.of_mass("r", field)[x] * force)
    yield from in_strips(s, s.second_reach, partial(second_filters, fields=fields))


def second_filters(
    s: Symbols, axis: int, x: tuple[Any, ...], fields: tuple[str, ...], prefix: str = "", memory: str = "t"
) -> Iterator[Any]:
    """The filters of the forces in the layer of an axis."""
    filters = _filters_of_all_forces if s.signature.multiaxial else _filter_of_own_force
    for field in reversed(fields):
        yield from filters(s, field, axis, x, prefix, memory)


def _filter_of_own_force(
    s: Symbols, field: str, axis: int, x: tuple[Any, ...], prefix: str, memory: str
) -> Iterator[Any]:
    """u+ += r (added + filter of (F + added)), where F is the plain force along the axis, already in u+, and
    added = D^T p what the layer adds to a Laplacian (stresses hold it already)."""
    from devito import Eq

    u, r, plain = s.field(prefix + field), s.of_mass("r", field), Derivative(field, axis)
    a, b, c = s.profiles("a b c", axis, s.parity(field)[axis])
    state, new = s.layered(f"{memory}_{field}_{axis}", axis), (s.level + 1, *x)
    added = s.divergence(s.filtered(plain, axis), (), plain, x) if s.laplacian else 0
    force = _force(s, field, axis, x) + added
    yield Eq(u[new], u[new] + r[x] * (added + b[x[axis]] * force + state[x]))
    yield Eq(state[x], a[x[axis]] * state[x] + c[x[axis]] * force, implicit_dims=(s.time,))


def _filters_of_all_forces(
    s: Symbols, field: str, layer: int, x: tuple[Any, ...], prefix: str, memory: str
) -> Iterator[Any]:
    """u+ += r q, with q = b F + t, t = (1 + a) q - t for the forces along every axis; each further layer filters what
    the ones before it have left, as in the first filters."""
    from devito import Eq

    u, r, new = s.field(prefix + field), s.of_mass("r", field), (s.level + 1, *x)

    def filtered(axis: int, j: int) -> Any:
        return s.array(f"q{memory}_{field}_{axis}_{j}")

    for axis in range(s.ndim):
        a, b = s.profiles("onea b", layer, s.parity(field)[layer], s.layers(axis)[layer])
        q, state = filtered(axis, layer), s.layered(f"{memory}_{field}_{axis}_{layer}", layer)
        force = _force(s, field, axis, x) + sum(filtered(axis, j)[x] for j in s.before(axis, layer))
        if layer != axis:
            edges = (t for t in edge_terms(s) if (t.field, t.axis) == (field, axis))
            force = force + sum(edge_force_of(s, t)[x] for t in edges)
        yield Eq(q[x], b[x[layer]] * force + state[x], implicit_dims=(s.time,))
        yield Eq(state[x], a[x[layer]] * q[x] - state[x], implicit_dims=(s.time,))
        yield Eq(u[new], u[new] + r[x] * q[x])


def _ends(s: Symbols) -> Iterator[Any]:
    """What comes after the update."""
    yield from (*edge_forces(s, ""), *_inject(s), *surface(s, ""), *_sample(s))


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
