"""The devito engine's kernels: from an equation to C, by way of Devito.

A kernel advances one shot of one problem (see absorbing.py for the layer, xla.py for the same step
in JAX). It is built on a static signature and takes shape, spacing, step and all numbers at call
time. There are four programs:

    step     u advances, driven by point sources and sampled at points
    adjoint  the same, and what the gradient needs from inside the layer is summed on the way
    born     u and its perturbation du, driven by the perturbed coefficients; du is sampled
    image    one time level of the gradient, from the stored u and the adjoint field v

Arrays are indexed explicitly, with our own difference weights, so that each term below is one
symmetric half of the operator of xla.py. Scratch names: ``p, s`` first filter of a derivative (on
strips inside the layer), ``t`` second filter, ``sigma`` stress, ``H, R`` sums for the gradient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from jaxseis import differences
from jaxseis._types import SPACE_AXES
from jaxseis.engines._problem import Problem
from jaxseis.equations._base import Equation

FIELD, PERTURBED = "", "d"


@dataclass(frozen=True)
class Signature:
    """Everything a kernel's C code depends on."""

    program: str
    equation: Equation
    ndim: int
    order: int
    layer: str
    free_surface: bool
    width: int
    dtype: str
    parallel: bool


def signature(problem: Problem, program: str, width: int, parallel: bool) -> Signature:
    """The signature of a problem's kernel."""
    layer = type(problem.absorbing).__name__ if problem.absorbing else "none"
    return Signature(
        program, problem.equation, problem.ndim, problem.order, layer, problem.free_surface, width, problem.dtype, parallel
    )


def build(signature: Signature) -> tuple[str, dict[str, Any]]:
    """Generate and compile a kernel: the path of its library and its manifest."""
    from devito import Operator, switchconfig

    with switchconfig(log_level="ERROR"):
        symbols = Symbols(signature)
        operator = Operator(
            list(_PROGRAMS[signature.program](symbols)),
            name=signature.program,
            language="openmp" if signature.parallel else "C",
        )
        operator._jit_compile()
    compiler = operator._compiler
    path = compiler.get_jit_dir().joinpath(operator._soname).with_suffix(compiler.so_ext)
    return str(path), _manifest(signature, operator, symbols)


def _manifest(signature: Signature, operator: Any, symbols: "Symbols") -> dict[str, Any]:
    return {
        "function": operator.name,
        "real": signature.dtype,
        "arguments": [_argument(parameter) for parameter in operator.parameters],
        "arrays": {
            name: {
                "dimensions": [str(d.root if d.is_Derived else d) for d in f.dimensions],
                "halo": [tuple(h) for h in f.halo],
                "dtype": np.dtype(f.dtype).name,
            }
            for name, f in symbols.functions.items()
        },
    }


def _argument(parameter: Any) -> tuple[str, str]:
    """Name and kind of a C argument; a strip's thickness is named by axis, side and reach."""
    if parameter.name in ("time_m", "time_M"):
        return parameter.name, "first" if parameter.name == "time_m" else "last"
    if parameter.name == "timers":
        return parameter.name, "timers"
    if hasattr(parameter, "side"):
        return f"{parameter.root.name}_{parameter.side.name}_{_REACH[int(parameter.value)]}", "int"
    if parameter.is_AbstractFunction:
        return parameter.name, "array"
    return parameter.name, "int" if np.issubdtype(parameter.dtype, np.integer) else "real"


_REACH = {1: "half", 2: "reach"}  # sentinel thicknesses by which strips are told apart in the C code


class Symbols:
    """The symbols of one kernel, and indexing on them."""

    def __init__(self, signature: Signature):
        from devito import Constant, Dimension, Grid, SpaceDimension

        self.signature, self.equation = signature, signature.equation
        self.ndim, self.dtype = signature.ndim, np.dtype(signature.dtype).type
        self.pml, self.sponge = signature.layer == "PML", signature.layer == "Sponge"
        self.laplacian = not self.equation.strains(self.ndim)
        self.second = differences.second(signature.order)
        strain_order = differences.layer_order(signature.order) if self.laplacian else signature.order
        self.staggered = differences.staggered(strain_order)
        self.radius = signature.order // 2
        names = SPACE_AXES[self.ndim]
        spacing = [Constant(name=f"h_{n}", dtype=self.dtype) for n in names]
        self.space = tuple(SpaceDimension(name=n, spacing=h) for n, h in zip(names, spacing, strict=True))
        self.grid = Grid(shape=(4 * self.radius + 8,) * self.ndim, dimensions=self.space, dtype=self.dtype)
        self.time, self.level = self.grid.time_dim, self.grid.stepping_dim
        self.inverse = [Constant(name=f"inverse_{n}", dtype=self.dtype) for n in names]
        self.inverse2 = [Constant(name=f"inverse2_{n}", dtype=self.dtype) for n in names]
        self.window = tuple(Dimension(name=f"k_{n}") for n in names)
        self.functions: dict[str, Any] = {}

    def _keep(self, function: Any) -> Any:
        return self.functions.setdefault(function.name, function)

    def field(self, name: str) -> Any:
        """A field at three time levels."""
        from devito import TimeFunction

        order = (self.signature.order, self.radius, self.radius)
        return self.functions.get(name) or self._keep(
            TimeFunction(name=name, grid=self.grid, time_order=2, space_order=order)
        )

    def array(self, name: str, halo: int = 0) -> Any:
        """An array on the padded grid."""
        from devito import Function

        order = (halo, halo, halo)
        return self.functions.get(name) or self._keep(Function(name=name, grid=self.grid, space_order=order))

    def line(self, name: str, axis: int) -> Any:
        """A profile along one axis, at the nodes or midpoints, as a function of the position."""
        return self.table(name, (self.space[axis],))

    def table(self, name: str, dimensions: tuple[Any, ...], dtype: Any = None) -> Any:
        """An array over the given dimensions."""
        from devito import Function

        shape = tuple(self.grid.shape[0] if d in self.space else 3 for d in dimensions)
        return self.functions.get(name) or self._keep(
            Function(name=name, dimensions=dimensions, shape=shape, space_order=0, dtype=dtype or self.dtype)
        )

    @cached_property
    def terms(self) -> tuple[tuple[str, int], ...]:
        """Every derivative (field, axis)."""
        if self.laplacian:
            return tuple((f, a) for f in self.equation.fields for a in range(self.ndim))
        return tuple(dict.fromkeys(t for s in self.equation.strains(self.ndim) for t in s.terms))

    def strips(self, axis: int, reach: str) -> Iterator[tuple[Any, ...]]:
        """Space indices that run over the layer's strips along an axis: "half" covers the layer's
        nodes and midpoints, "reach" also the nodes that its differences reach."""
        from devito.types.dimension import SubDimension

        parent, width = self.space[axis], {v: k for k, v in _REACH.items()}[reach]
        if not (self.signature.free_surface and axis == self.ndim - 1):
            yield self._with(axis, SubDimension.left(f"{parent.name}_{reach}_l", parent, width))
        yield self._with(axis, SubDimension.right(f"{parent.name}_{reach}_r", parent, width))

    def _with(self, axis: int, dimension: Any) -> tuple[Any, ...]:
        return self.space[:axis] + (dimension,) + self.space[axis + 1 :]

    def parity(self, field: str, axis: int) -> int:
        """Position of a field on the cell along an axis."""
        return self.equation.parity(field, self.ndim)[axis]


def shifted(x: tuple[Any, ...], axis: int, by: int) -> tuple[Any, ...]:
    """Space indices moved along an axis."""
    return x[:axis] + (x[axis] + by,) + x[axis + 1 :]


def second_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], axis: int) -> Any:
    """The second difference of ``f`` along an axis; ``at`` are its indices before the space ones."""
    total = s.second[0] * f[(*at, *x)]
    for k, c in enumerate(s.second[1:], 1):
        total += c * (f[(*at, *shifted(x, axis, k))] + f[(*at, *shifted(x, axis, -k))])
    return s.inverse2[axis] * total


def staggered_difference(s: Symbols, f: Any, at: tuple[Any, ...], x: tuple[Any, ...], axis: int, parity: int) -> Any:
    """The first difference from nodes to midpoints (parity 0) or back (1)."""
    total = 0
    for k, d in enumerate(s.staggered, 1):
        total += d * (f[(*at, *shifted(x, axis, k - parity))] - f[(*at, *shifted(x, axis, 1 - k - parity))])
    return s.inverse[axis] * total


def _name(prefix: str, kind: str, *parts: Any) -> str:
    return "_".join([prefix + kind, *map(str, parts)])


def _stress(s: Symbols, e: dict[str, Any], e0: dict[str, Any] | None, x: tuple[Any, ...]) -> dict[str, Any]:
    """S(c) e, plus (dS/dc dc) e0 where there is a background strain."""
    import sympy

    names = s.equation.stiffness_names(s.ndim)
    c = {name: s.array(f"c_{name}")[x] for name in names}
    stress = s.equation.stress(c, e)
    if e0 is None:
        return stress
    plain = {name: sympy.Symbol(name) for name in names}
    law = s.equation.stress(plain, e0)
    back = {plain[name]: c[name] for name in names}
    return {
        k: stress[k] + sum(sympy.diff(law[k], plain[n]).subs(back) * s.array(f"dc_{n}")[x] for n in names) for k in stress
    }


def advance(s: Symbols, prefix: str, background: str | None = None) -> Iterator[Any]:
    """One leapfrog step of the fields ``prefix + name``, without sources."""
    if s.pml:
        yield from _first_filters(s, prefix)
    if not s.laplacian:
        yield from _stresses(s, prefix, background)
    yield from _update(s, prefix)
    if s.pml:
        yield from _second_filters(s, prefix)


def _first_filters(s: Symbols, prefix: str) -> Iterator[Any]:
    """p = b D u + s, s = (1 + a) p - s: the filter p = -zeta/(s + zeta) D u inside the layer."""
    from devito import Eq

    for field, axis in s.terms:
        u, parity = s.field(prefix + field), s.parity(field, axis)
        a, b = (s.line(_name("", kind, axis, 1 - parity), axis) for kind in ("onea", "b"))
        p = s.array(_name(prefix, "p", field, axis), halo=len(s.staggered))
        state = s.array(_name(prefix, "s", field, axis))
        for x in s.strips(axis, "half"):
            e = staggered_difference(s, u, (s.level,), x, axis, parity)
            yield Eq(p[x], b[x[axis]] * e + state[x], implicit_dims=(s.time,))
            yield Eq(state[x], a[x[axis]] * p[x] - state[x], implicit_dims=(s.time,))


def _strains(s: Symbols, prefix: str, x: tuple[Any, ...]) -> dict[str, Any]:
    return {
        strain.name: sum(
            staggered_difference(s, s.field(prefix + f), (s.level,), x, a, s.parity(f, a)) for f, a in strain.terms
        )
        for strain in s.equation.strains(s.ndim)
    }


def _stresses(s: Symbols, prefix: str, background: str | None) -> Iterator[Any]:
    """sigma = S (G u) everywhere, plus S p in the layer (S is linear in the strains)."""
    from devito import Eq

    x = s.space
    e0 = None if background is None else _strains(s, background, x)
    for name, value in _stress(s, _strains(s, prefix, x), e0, x).items():
        yield Eq(_sigma(s, prefix, name)[x], value, implicit_dims=(s.time,))
    if s.pml:
        for field, axis in s.terms:
            for x in s.strips(axis, "half"):
                e = _filtered(s, prefix, field, axis, x)
                e0 = None if background is None else _filtered(s, background, field, axis, x)
                for name, value in _stress(s, e, e0, x).items():
                    if value != 0:
                        yield Eq(_sigma(s, prefix, name)[x], _sigma(s, prefix, name)[x] + value, implicit_dims=(s.time,))
    if s.signature.free_surface:
        yield from _mirror_stresses(s, prefix)


def _filtered(s: Symbols, prefix: str, field: str, axis: int, x: tuple[Any, ...]) -> dict[str, Any]:
    p = s.array(_name(prefix, "p", field, axis), halo=len(s.staggered))
    return {strain.name: p[x] if (field, axis) in strain.terms else 0 for strain in s.equation.strains(s.ndim)}


def _sigma(s: Symbols, prefix: str, name: str) -> Any:
    return s.array(_name(prefix, "sigma", name), halo=s.radius)


def _mirror_stresses(s: Symbols, prefix: str) -> Iterator[Any]:
    """Stresses half a cell below the surface continue evenly above it, as u does oddly."""
    from devito import Eq

    for strain in s.equation.strains(s.ndim):
        field, axis = strain.terms[0]
        if axis == s.ndim - 1:
            sigma, x = _sigma(s, prefix, strain.name), s.space[:-1]
            for k in range(s.radius):
                yield Eq(sigma[(*x, -1 - k)], sigma[(*x, k)], implicit_dims=(s.time,))


def _force(s: Symbols, prefix: str, field: str, axis: int, x: tuple[Any, ...]) -> Any:
    """D^T sigma along one axis (with D^T p added to a plain Laplacian, where p acts)."""
    if s.laplacian:
        return second_difference(s, s.field(prefix + field), (s.level,), x, axis)
    parity = 1 - s.parity(field, axis)
    return sum(
        staggered_difference(s, _sigma(s, prefix, strain.name), (), x, axis, parity)
        for strain in s.equation.strains(s.ndim)
        if (field, axis) in strain.terms
    )


def _update(s: Symbols, prefix: str) -> Iterator[Any]:
    """u+ = 2u - u- + r F, with r = dt^2/M; a sponge damps."""
    from devito import Eq

    x, t = s.space, s.level
    for field in s.equation.fields:
        u = s.field(prefix + field)
        force = sum(_force(s, prefix, f, a, x) for f, a in s.terms if f == field)
        two, one = (s.array("two")[x], s.array("one")[x]) if s.sponge else (2, 1)
        yield Eq(u[(t + 1, *x)], two * u[(t, *x)] - one * u[(t - 1, *x)] + s.array(f"r_{field}")[x] * force)


def _second_filters(s: Symbols, prefix: str) -> Iterator[Any]:
    """u+ += r (F + filter of F) inside the layer, where the update left out what the layer adds."""
    from devito import Eq

    for field, axis in s.terms:
        u, r, parity = s.field(prefix + field), s.array(f"r_{field}"), s.parity(field, axis)
        a, b, c = (s.line(_name("", kind, axis, parity), axis) for kind in ("a", "b", "c"))
        state = s.array(_name(prefix, "t", field, axis))
        for x in s.strips(axis, "reach" if s.laplacian else "half"):
            force, added = _force(s, prefix, field, axis, x), 0
            if s.laplacian:
                p = s.array(_name(prefix, "p", field, axis), halo=len(s.staggered))
                added = staggered_difference(s, p, (), x, axis, 1)
            new = (s.level + 1, *x)
            yield Eq(u[new], u[new] + r[x] * (added + b[x[axis]] * (force + added) + state[x]))
            yield Eq(state[x], a[x[axis]] * state[x] + c[x[axis]] * (force + added), implicit_dims=(s.time,))


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


def inject(s: Symbols, prefix: str) -> Iterator[Any]:
    """u+ += r w q at the windows of the sources."""
    from devito import Inc

    q, point, nodes, weights = _points(s, "src")
    field = s.equation.fields[0]
    x = tuple(node[point] + k for node, k in zip(nodes, s.window, strict=True))
    value = s.array(f"r_{field}")[x] * q[s.time, point]
    for w, k in zip(weights, s.window, strict=True):
        value = value * w[point, k]
    yield Inc(s.field(prefix + field)[(s.level + 1, *x)], value)


def sample(s: Symbols, prefix: str) -> Iterator[Any]:
    """d = sum w u at the windows of the receivers, the last axis unrolled."""
    from devito import Inc

    d, point, nodes, weights = _points(s, "rec")
    u = s.field(prefix + s.equation.fields[0])
    x = tuple(node[point] + k for node, k in zip(nodes[:-1], s.window[:-1], strict=True))
    unrolled = range(s.signature.width)
    value = sum(weights[-1][point, k] * u[(s.level, *x, nodes[-1][point] + k)] for k in unrolled)
    for w, k in zip(weights[:-1], s.window[:-1], strict=True):
        value = value * w[point, k]
    yield Inc(d[s.time, point], value)


def step(s: Symbols) -> Iterator[Any]:
    """Program "step"."""
    yield from advance(s, FIELD)
    yield from inject(s, FIELD)
    yield from surface(s, FIELD)
    yield from sample(s, FIELD)


def adjoint(s: Symbols) -> Iterator[Any]:
    """Program "adjoint": a step, and the running sums of the layer's filters on the gradient."""
    yield from step(s)
    if s.pml and s.ndim == 3:
        yield from _mass_sums(s)
    if s.pml and not s.laplacian:
        yield from _strain_sums(s)


def _mass_sums(s: Symbols) -> Iterator[Any]:
    """R += (v+ + 2v + v-)/4, needed where three layers meet."""
    from devito import Eq

    for field in s.equation.fields:
        total = s.array(f"R_{field}")
        for x in s.strips(0, "half"):
            yield Eq(total[x], total[x] + _sum_of_levels(s, field, x) / 4, implicit_dims=(s.time,))


def _sum_of_levels(s: Symbols, field: str, x: tuple[Any, ...]) -> Any:
    v, t = s.field(field), s.level
    return v[(t + 1, *x)] + 2 * v[(t, *x)] + v[(t - 1, *x)]


def _couplings(s: Symbols) -> Iterator[tuple[str, Any, tuple[str, int], tuple[str, int]]]:
    """(coefficient, dS_ik/dc, row term, column term) wherever the stress law couples two derivatives."""
    import sympy

    names = s.equation.stiffness_names(s.ndim)
    strains = s.equation.strains(s.ndim)
    c = {n: sympy.Symbol(n) for n in names}
    e = {strain.name: sympy.Symbol(f"strain_{strain.name}") for strain in strains}
    law = s.equation.stress(c, e)
    for row in strains:
        for column in strains:
            for name in names:
                derivative = sympy.diff(law[row.name], e[column.name], c[name])
                if derivative != 0:
                    for i in row.terms:
                        for k in column.terms:
                            yield name, (derivative, c), i, k


def _layered_strain(s: Symbols, row: tuple[str, int], across: int, until: int, x: tuple[Any, ...]) -> Any:
    """(prod_j s_j) D v / s_a over the axes j != ``across``, j < until: the adjoint side of the gradient.

    (1 + zeta/s) W = W + 2 d (H - W/2) with H the running sum of W, this level included.
    """
    field, axis = row
    value = staggered_difference(s, s.field(field), (s.level,), x, axis, s.parity(field, axis))
    if s.pml:
        value = value + s.array(_name("", "p", field, axis), halo=len(s.staggered))[x]
        for j in range(until):
            if j != across:
                d = s.line(_name("", "d", j, _strain_parity(s, row, j)), j)
                total = s.array(_name("", "H", field, axis, across, j))
                value = value + 2 * d[x[j]] * (total[x] - value / 2)
    return value


def _strain_parity(s: Symbols, row: tuple[str, int], axis: int) -> int:
    parity = s.parity(row[0], axis)
    return 1 - parity if axis == row[1] else parity


def _strain_sums(s: Symbols) -> Iterator[Any]:
    """H += W in the layer of each axis j that W still has to be stretched by."""
    from devito import Eq

    for row, across in dict.fromkeys((i, k[1]) for _, _, i, k in _couplings(s)):
        for j in range(s.ndim):
            if j != across:
                total = s.array(_name("", "H", *row, across, j))
                for x in s.strips(j, "half"):
                    value = _layered_strain(s, row, across, j, x)
                    yield Eq(total[x], total[x] + value, implicit_dims=(s.time,))


def born(s: Symbols) -> Iterator[Any]:
    """Program "born": (M + dM, S + dS) to first order, ``A du = -(dM u_tt + G^T dS G u)``."""
    from devito import Eq

    yield from advance(s, FIELD)
    yield from inject(s, FIELD)
    yield from surface(s, FIELD)
    yield from advance(s, PERTURBED, FIELD)
    x, t = s.space, s.level
    for field in s.equation.fields:
        u, du = s.field(field), s.field(PERTURBED + field)
        change = u[(t + 1, *x)] - 2 * u[(t, *x)] + u[(t - 1, *x)]
        if s.sponge:
            change = change + s.array("D1")[x] * (u[(t + 1, *x)] - u[(t - 1, *x)])
        scattered = s.array(f"r_{field}")[x] * s.array(f"dr_{field}")[x] * change
        yield Eq(du[(t + 1, *x)], du[(t + 1, *x)] + scattered)
    yield from surface(s, PERTURBED)
    yield from sample(s, PERTURBED)


def image(s: Symbols) -> Iterator[Any]:
    """Program "image": ``g += -<v, dA/dc u>`` of one level, up to sign and dt^2 (see absorbing.py (2))."""
    from devito import Eq

    x, t = s.space, s.level
    for field in s.equation.fields:
        v, g = s.field(field), s.array(f"gM_{field}")
        value = v[(t + 1, *x)] - 2 * v[(t, *x)] + v[(t - 1, *x)]
        if s.pml or s.sponge:
            value = value + s.array("D1")[x] * (v[(t + 1, *x)] - v[(t - 1, *x)])
        if s.pml and s.ndim > 1:
            value = value + s.array("D2")[x] * _sum_of_levels(s, field, x)
        if s.pml and s.ndim == 3:
            value = value + s.array("D3")[x] * (8 * s.array(f"R_{field}")[x] - _sum_of_levels(s, field, x))
        yield Eq(g[x], g[x] + _stored(s, field)[x] * value)
    sums: dict[str, Any] = {}
    for name, (derivative, plain), row, column in _couplings(s):
        back = {symbol: s.array(f"c_{n}")[x] for n, symbol in plain.items()}
        w = _layered_strain(s, row, column[1], s.ndim, x)
        e = staggered_difference(s, _stored(s, column[0]), (), x, column[1], s.parity(*column))
        sums[name] = sums.get(name, 0) + derivative.subs(back) * w * e
    for name, value in sums.items():
        g = s.array(f"gc_{name}")
        yield Eq(g[x], g[x] + value, implicit_dims=(s.time,))


def _stored(s: Symbols, field: str) -> Any:
    return s.array(f"stored_{field}", halo=0 if s.laplacian else s.radius)


_PROGRAMS = {"step": step, "adjoint": adjoint, "born": born, "image": image}
