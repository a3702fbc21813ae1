"""The XLA engine: the discrete equations as a ``lax.scan``, in plain JAX.

It is the reference for the compiled kernels, the fallback where there is no C compiler, and the
engine on accelerators. Every JAX transformation works on it. One step (absorbing.py derives it):

    e_a = D_a u;             e_a <- e_a + p_j,        p_j = filter of e_a in the layer of axis j
    F_a = D_a^T S e;         F_a <- F_a + q_j,        q_j = filter of F_a
    u+  = 2u - u- + (dt^2/M) (sum_a F_a + source)     (damped where there is a sponge or a damping C)

with j = a, or every j in turn in a multi-axial layer; S may relax.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _compat, differences
from jaxseis._types import Array, PyTree
from jaxseis.closure import closure
from jaxseis.engines._problem import Problem, filtering_layers
from jaxseis.equations._base import Derivative
from jaxseis.interpolation import Window, nodes_and_weights


def propagate(problem: Problem, c: dict[str, Array], source: dict[str, Any], receiver: dict[str, Any]) -> PyTree:
    """Fields of one shot, sampled by ``receiver``, driven by ``source``.

    Arguments:
        problem: the static problem.
        c: coefficients on the padded grid.
        source: the keys of one or several of: ``traces`` (time, points) with ``window``; ``wavefield``
            (time, *grid); ``weights`` (*grid) with ``wavelet`` (time,).
        receiver: ``window``; or ``wavefield`` (of None); or ``weights`` (to (time,)); or ``wavelet`` (to (*grid)).

    Returns the samples d[n] of the field at level n, for n = 0..steps-1.
    """
    step = _stepper(problem, c)
    rest = _compat.varying_like(_rest(problem), (c, source, receiver))

    def level(state: PyTree, n: Array) -> tuple[PyTree, PyTree]:
        return step(state, _source_at(problem, source, n)), _sample(problem, receiver, state["u"], n)

    body = jax.checkpoint(lambda state, ns: jax.lax.scan(level, state, ns))
    samples = _scan_in_segments(body, rest, jnp.arange(problem.steps))
    return jnp.sum(samples, 0) if "wavelet" in receiver else samples


def _scan_in_segments(body: Callable[..., Any], state: PyTree, levels: Array) -> Array:
    """Scan in about sqrt(n) checkpointed segments, so reverse mode keeps O(sqrt n) states."""
    n = levels.shape[0]
    size = int(np.ceil(np.sqrt(n)))
    whole = n // size * size
    state, head = jax.lax.scan(body, state, levels[:whole].reshape(-1, size))
    _, tail = body(state, levels[whole:])
    return jnp.concatenate([head.reshape(whole, *head.shape[2:]), tail])


def _rest(problem: Problem) -> PyTree:
    zero = jnp.zeros(problem.shape, problem.dtype)
    fields = dict.fromkeys(problem.fields, zero)
    layers = {(t.name, j): (zero, zero) for t in problem.terms for j, _ in _layers(problem, t.axis)}
    memories = {(t.name, m): zero for t in problem.terms for m in range(len(problem.equation.relaxation_rates))}
    return {"u": fields, "old": fields, "layers": layers, "memories": memories}


def _stepper(problem: Problem, c: dict[str, Array]) -> Callable[[PyTree, dict[str, Array]], PyTree]:
    equation, dt = problem.equation, problem.step
    damped = {name: jnp.asarray(problem.damped(name, c), problem.dtype) for name in problem.masses}
    force = partial(_laplacian_force if problem.laplacian else _strained_force, problem, c)

    def step(state: PyTree, source: dict[str, Array]) -> PyTree:
        forces, layers, memories = force(state["u"], state["layers"], state["memories"])
        new = {}
        for field, now in state["u"].items():
            mass = equation.mass_name(field)
            d = damped[mass]
            f = forces[field] + source.get(field, 0)
            u = (2 * now - (2 - d) * state["old"][field] + dt**2 / c[mass] * f) / d
            new[field] = u.at[..., 0].set(0) if problem.free_surface and equation.vanishes(field) else u
        return {"u": new, "old": state["u"], "layers": layers, "memories": memories}

    return step


def _laplacian_force(
    problem: Problem, c: dict[str, Array], u: dict[str, Array], layers: PyTree, memories: PyTree
) -> tuple[PyTree, PyTree, PyTree]:
    forces: dict[str, Any] = dict.fromkeys(u, 0)
    new: dict[Any, Any] = {}
    for term in problem.terms:
        field, axis, _ = term
        force = _second(problem, u[field], axis)
        if problem.pml:
            s, t = layers[term.name, axis]
            p, s = _first_filter(problem.filter(axis, 1), problem, axis, _staggered(problem, u[field], axis, 0, -1), s)
            force = force + _staggered(problem, p, axis, 1, 1)
            force, t = _second_filter(problem.filter(axis, 0), problem, axis, force, t)
            new[term.name, axis] = (s, t)
        forces[field] = forces[field] + force
    return forces, new, memories


def _strained_force(
    problem: Problem, c: dict[str, Array], u: dict[str, Array], layers: PyTree, memories: PyTree
) -> tuple[PyTree, PyTree, PyTree]:
    equation, ndim = problem.equation, problem.ndim
    derivatives, halves = {}, {}
    for term in problem.terms:
        e = _strain(problem, u[term.field], term)
        for j, across in _layers(problem, term.axis):
            ab = problem.filter(j, problem.position(term)[j], across)
            p, halves[term.name, j] = _first_filter(ab, problem, j, e, layers[term.name, j][0])
            e = e + p
        derivatives[term] = e
    stress, memories = _stress(problem, c, derivatives, memories)
    forces: dict[str, Any] = dict.fromkeys(u, 0)
    new: dict[Any, Any] = {}
    for strain in equation.strains(ndim):
        for term in strain.terms:
            force = _force(problem, stress[strain.name], term)
            for j, across in _layers(problem, term.axis):
                ab = problem.filter(j, problem.parity(term.field)[j], across)
                force, t = _second_filter(ab, problem, j, force, layers[term.name, j][1])
                new[term.name, j] = (halves[term.name, j], t)
            forces[term.field] = forces[term.field] + force
    return forces, new, memories


def _stress(problem: Problem, c: dict[str, Array], e: PyTree, memories: PyTree) -> tuple[dict[str, Array], PyTree]:
    """sigma = S e - sum_l S_l y_l, with y = b e + s, s = (1 + a) y - s."""
    equation, table = problem.equation, problem.equation.strains(problem.ndim)
    c = {name: c[name] for name in equation.stiffness_names(problem.ndim)}
    stress = equation.stress(c, {s.name: sum(e[t] for t in s.terms) for s in table})
    new = {}
    for mechanism, rate in enumerate(equation.relaxation_rates):
        onea, b = problem.relaxation(rate)
        y = {t: b * e[t] + memories[t.name, mechanism] for t in e}
        new |= {(t.name, mechanism): onea * y[t] - memories[t.name, mechanism] for t in e}
        relaxed = equation.relaxed_stress(c, {s.name: sum(y[t] for t in s.terms) for s in table}, mechanism)
        stress = {name: stress[name] - relaxed[name] for name in stress}
    return stress, new


def _along(problem: Problem, axis: int, values: np.ndarray) -> Array:
    shape = [1] * problem.ndim
    shape[axis] = -1
    return jnp.asarray(values.reshape(shape), problem.dtype)


def _layers(problem: Problem, axis: int) -> list[tuple[int, bool]]:
    """The layers that filter derivatives along an axis."""
    return filtering_layers(axis, problem.ndim, problem.multiaxial > 0) if problem.pml else []


Filter = tuple[np.ndarray, np.ndarray]


def _first_filter(ab: Filter, problem: Problem, axis: int, x: Array, s: Array) -> tuple[Array, Array]:
    """p = b x + s; s = a p + b x, written without x: s = (1 + a) p - s."""
    a, b = (_along(problem, axis, v) for v in ab)
    p = b * x + s
    return p, (1 + a) * p - s


def _second_filter(ab: Filter, problem: Problem, axis: int, x: Array, t: Array) -> tuple[Array, Array]:
    """x + b x + t, with t = a t + (1 + a) b x: the same filter in its other form."""
    a, b = (_along(problem, axis, v) for v in ab)
    return x + b * x + t, a * t + (1 + a) * b * x


def _extended(problem: Problem, x: Array, axis: int, radius: int, parity: int, sign: int) -> Array:
    """Zeros around the padded grid; at a free surface a mirror image, odd or even (sign -1 or 1), or zeros (0)."""
    pad = [(0, 0)] * problem.ndim
    pad[axis] = (radius, radius)
    y = jnp.pad(x, pad)
    if problem.free_surface and axis == problem.ndim - 1:
        ghost = x[..., 1 - parity : radius + 1 - parity]
        y = y.at[..., :radius].set(sign * ghost[..., ::-1])
    return y


def _second(problem: Problem, x: Array, axis: int) -> Array:
    c = differences.second(problem.order)
    r, n = len(c) - 1, x.shape[axis]
    y = _extended(problem, x, axis, r, 0, -1)
    at = partial(jax.lax.slice_in_dim, y, axis=axis)
    total = c[0] * x
    for k in range(1, r + 1):
        total = total + c[k] * (at(r + k, r + k + n) + at(r - k, r - k + n))
    return total / problem.grid.spacing[axis] ** 2


def _strain(problem: Problem, u: Array, term: Derivative) -> Array:
    """The difference D of a term."""
    parity = problem.parity(term.field)[term.axis]
    if term.centred:
        return _centred(problem, u, term.axis, -1)
    if not _ends_at_surface(problem, term):
        return _staggered(problem, u, term.axis, parity, (1 if parity else -1))
    edge = jnp.asarray(closure(problem.order).corrections[parity], problem.dtype) / problem.grid.spacing[-1]
    top = jnp.einsum("kj,...j->...k", edge, u[..., : len(edge)])
    return _staggered(problem, u, term.axis, parity, 0).at[..., : len(edge)].add(top)


def _force(problem: Problem, stress: Array, term: Derivative) -> Array:
    """Minus the transpose of D."""
    if term.centred:
        doubled = problem.free_surface and term.axis == problem.ndim - 1
        return _centred(problem, stress.at[..., 0].multiply(2) if doubled else stress, term.axis, 1)
    parity = problem.position(term)[term.axis]
    if not _ends_at_surface(problem, term):
        return _staggered(problem, stress, term.axis, parity, (1 if parity else -1))
    edge = jnp.asarray(closure(problem.order).corrections[1 - parity], problem.dtype) / problem.grid.spacing[-1]
    top = jnp.einsum("kj,...k->...j", edge, stress[..., : len(edge)])
    return _staggered(problem, stress, term.axis, parity, 0).at[..., : len(edge)].add(-top)


def _ends_at_surface(problem: Problem, term: Derivative) -> bool:
    """Whether a difference ends at a free surface by summation by parts."""
    return problem.free_surface and term.axis == problem.ndim - 1 and not problem.equation.vanishes(term.field)


def _centred(problem: Problem, x: Array, axis: int, sign: int) -> Array:
    """The first difference at the nodes, of what is odd or even about a free surface."""
    e = differences.centred(problem.strain_order)
    r, n = len(e), x.shape[axis]
    y = _extended(problem, x, axis, r, 0, sign)
    at = partial(jax.lax.slice_in_dim, y, axis=axis)
    total: Any = 0
    for k in range(1, r + 1):
        total = total + e[k - 1] * (at(r + k, r + k + n) - at(r - k, r - k + n))
    return total / problem.grid.spacing[axis]


def _staggered(problem: Problem, x: Array, axis: int, parity: int, sign: int) -> Array:
    """The first difference: from nodes to midpoints (parity 0) or back (1); ``sign`` as for a mirror image."""
    d = differences.staggered(problem.strain_order)
    r, n = len(d), x.shape[axis]
    y = _extended(problem, x, axis, r, parity, sign)
    at = partial(jax.lax.slice_in_dim, y, axis=axis)
    total: Any = 0
    for k in range(1, r + 1):
        up, down = r + k - parity, r + 1 - k - parity
        total = total + d[k - 1] * (at(up, up + n) - at(down, down + n))
    return total / problem.grid.spacing[axis]


def _source_at(problem: Problem, source: dict[str, Any], n: Array) -> dict[str, Array]:
    """What drives each field."""
    zero, first = jnp.zeros(problem.shape, problem.dtype), problem.fields[0]
    if "traces" in source:
        window = source["window"]
        q = source["traces"][n][window.channel].reshape(-1, *[1] * problem.ndim)
        points = {field: (window.of(field), *_nodes_and_weights(problem, window, field)) for field, _ in window.fields}
        return {field: zero.at[nodes].add(weights * q[these]) for field, (these, nodes, weights) in points.items()}
    if "wavefield" in source:
        return {first: zero.at[problem.interior].add(source["wavefield"][n])}
    if "weights" in source:
        return {first: zero.at[problem.interior].add(source["weights"] * source["wavelet"][n])}
    return {}


def _sample(problem: Problem, receiver: dict[str, Any], fields: dict[str, Array], n: Array) -> Array:
    if "window" in receiver:
        window = receiver["window"]
        d = jnp.zeros(window.channels, problem.dtype)
        for field, _ in window.fields:
            nodes, weights = _nodes_and_weights(problem, window, field)
            values = jnp.sum(weights * fields[field][nodes], axis=tuple(range(1, 1 + problem.ndim)))
            d = d.at[window.channel[window.of(field)]].add(values)
        return d
    inside = fields[problem.fields[0]][problem.interior]
    if "weights" in receiver:
        return jnp.vdot(receiver["weights"], inside)
    return receiver["wavelet"][n] * inside if "wavelet" in receiver else inside


def _nodes_and_weights(problem: Problem, window: Window, field: str) -> tuple[tuple[Array, ...], Array]:
    """Nodes of the padded grid for the points of a field."""
    lows, these = jnp.asarray([low for low, _ in problem.pad], window.index.dtype), window.of(field)
    return nodes_and_weights(window.index[these] + lows, window.weights[these])
