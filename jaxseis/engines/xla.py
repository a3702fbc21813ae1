"""The XLA engine: the discrete equations as a ``lax.scan``, in plain JAX.

It is the reference for the compiled kernels, the fallback where there is no C compiler, and the
engine on accelerators. Every JAX transformation works on it. One step (absorbing.py derives it):

    e_a = D_a u;             e_a <- e_a + p_a,        p_a = filter of e_a in the layer of axis a
    F_a = D_a^T S e;         F_a <- F_a + q_a,        q_a = filter of F_a
    u+  = 2u - u- + (dt^2/M) (sum_a F_a + source)     (damped where there is a sponge)
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _compat, differences
from jaxseis._types import Array, PyTree
from jaxseis.engines._problem import Problem
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
        u = state["u"][0]
        return step(state, _source_at(problem, source, n)), _sample(problem, receiver, u, n)

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
    fields = problem.equation.fields
    layers = {t: (zero, zero) for t in problem.terms} if problem.pml else {}
    return {"u": tuple(zero for _ in fields), "old": tuple(zero for _ in fields), "layers": layers}


def _stepper(problem: Problem, c: dict[str, Array]) -> Callable[[PyTree, Array], PyTree]:
    equation, dt = problem.equation, problem.step
    damped = 1 + problem.mass_factors[0] if problem.absorbing and not problem.pml else np.ones(problem.shape)
    keep, damped = jnp.asarray((2 - damped) / damped, problem.dtype), jnp.asarray(damped, problem.dtype)
    force = partial(_laplacian_force if problem.laplacian else _strained_force, problem, c)

    def step(state: PyTree, source: Array) -> PyTree:
        fields = dict(zip(equation.fields, state["u"], strict=True))
        forces, layers = force(fields, state["layers"])
        new = []
        for i, name in enumerate(equation.fields):
            f = forces[name] + source if i == 0 else forces[name]
            u = 2 / damped * state["u"][i] - keep * state["old"][i] + dt**2 / c[equation.mass_name(name)] / damped * f
            new.append(u.at[..., 0].set(0) if problem.free_surface else u)
        return {"u": tuple(new), "old": state["u"], "layers": layers}

    return step


def _laplacian_force(
    problem: Problem, c: dict[str, Array], u: dict[str, Array], layers: PyTree
) -> tuple[PyTree, PyTree]:
    forces: dict[str, Any] = dict.fromkeys(u, 0)
    new: dict[Any, Any] = {}
    for field, axis in problem.terms:
        force = _second(problem, u[field], axis)
        if problem.pml:
            s, t = layers[field, axis]
            p, s = _first_filter(problem, axis, 1, _staggered(problem, u[field], axis, 0), s)
            force = force + _staggered(problem, p, axis, 1)
            force, t = _second_filter(problem, axis, 0, force, t)
            new[field, axis] = (s, t)
        forces[field] = forces[field] + force
    return forces, new


def _strained_force(
    problem: Problem, c: dict[str, Array], u: dict[str, Array], layers: PyTree
) -> tuple[PyTree, PyTree]:
    equation, ndim = problem.equation, problem.ndim
    derivatives, halves = {}, {}
    for field, axis in problem.terms:
        parity = equation.parity(field, ndim)[axis]
        e = _staggered(problem, u[field], axis, parity)
        if problem.pml:
            p, halves[field, axis] = _first_filter(problem, axis, 1 - parity, e, layers[field, axis][0])
            e = e + p
        derivatives[field, axis] = e
    strains = {s.name: sum(derivatives[t] for t in s.terms) for s in equation.strains(ndim)}
    stress = equation.stress({k: c[k] for k in equation.stiffness_names(ndim)}, strains)
    forces: dict[str, Any] = dict.fromkeys(u, 0)
    new: dict[Any, Any] = {}
    for strain in equation.strains(ndim):
        for field, axis in strain.terms:
            parity = equation.parity(field, ndim)[axis]
            force = _staggered(problem, stress[strain.name], axis, 1 - parity)
            if problem.pml:
                force, t = _second_filter(problem, axis, parity, force, layers[field, axis][1])
                new[field, axis] = (halves[field, axis], t)
            forces[field] = forces[field] + force
    return forces, new


def _along(problem: Problem, axis: int, values: np.ndarray) -> Array:
    shape = [1] * problem.ndim
    shape[axis] = -1
    return jnp.asarray(values.reshape(shape), problem.dtype)


def _first_filter(problem: Problem, axis: int, parity: int, x: Array, s: Array) -> tuple[Array, Array]:
    """p = b x + s; s = a p + b x, written without x: s = (1 + a) p - s."""
    a, b = (_along(problem, axis, v) for v in problem.filter(axis, parity))
    p = b * x + s
    return p, (1 + a) * p - s


def _second_filter(problem: Problem, axis: int, parity: int, x: Array, t: Array) -> tuple[Array, Array]:
    """x + b x + t, with t = a t + (1 + a) b x: the same filter in its other form."""
    a, b = (_along(problem, axis, v) for v in problem.filter(axis, parity))
    return x + b * x + t, a * t + (1 + a) * b * x


def _extended(problem: Problem, x: Array, axis: int, radius: int, parity: int) -> Array:
    """Zeros around the padded grid; at a free surface the field mirrors oddly, its strain evenly."""
    pad = [(0, 0)] * problem.ndim
    pad[axis] = (radius, radius)
    y = jnp.pad(x, pad)
    if problem.free_surface and axis == problem.ndim - 1:
        ghost = x[..., :radius] if parity else -x[..., 1 : radius + 1]
        y = y.at[..., :radius].set(ghost[..., ::-1])
    return y


def _second(problem: Problem, x: Array, axis: int) -> Array:
    c = differences.second(problem.order)
    r, n = len(c) - 1, x.shape[axis]
    y = _extended(problem, x, axis, r, 0)
    at = partial(jax.lax.slice_in_dim, y, axis=axis)
    total = c[0] * x
    for k in range(1, r + 1):
        total = total + c[k] * (at(r + k, r + k + n) + at(r - k, r - k + n))
    return total / problem.grid.spacing[axis] ** 2


def _staggered(problem: Problem, x: Array, axis: int, parity: int) -> Array:
    """The first difference: from nodes to midpoints (parity 0) or back (1)."""
    d = differences.staggered(problem.strain_order)
    r, n = len(d), x.shape[axis]
    y = _extended(problem, x, axis, r, parity)
    at = partial(jax.lax.slice_in_dim, y, axis=axis)
    total: Any = 0
    for k in range(1, r + 1):
        up, down = r + k - parity, r + 1 - k - parity
        total = total + d[k - 1] * (at(up, up + n) - at(down, down + n))
    return total / problem.grid.spacing[axis]


def _source_at(problem: Problem, source: dict[str, Any], n: Array) -> Array:
    q = jnp.zeros(problem.shape, problem.dtype)
    if "traces" in source:
        nodes, weights = _nodes_and_weights(problem, source["window"])
        q = q.at[nodes].add(weights * source["traces"][n].reshape(-1, *[1] * problem.ndim))
    if "wavefield" in source:
        q = q.at[problem.interior].add(source["wavefield"][n])
    if "weights" in source:
        q = q.at[problem.interior].add(source["weights"] * source["wavelet"][n])
    return q


def _sample(problem: Problem, receiver: dict[str, Any], u: Array, n: Array) -> Array:
    if "window" in receiver:
        nodes, weights = _nodes_and_weights(problem, receiver["window"])
        return jnp.sum(weights * u[nodes], axis=tuple(range(1, 1 + problem.ndim)))
    inside = u[problem.interior]
    if "weights" in receiver:
        return jnp.vdot(receiver["weights"], inside)
    return receiver["wavelet"][n] * inside if "wavelet" in receiver else inside


def _nodes_and_weights(problem: Problem, window: Window) -> tuple[tuple[Array, ...], Array]:
    """Nodes of the padded grid."""
    lows = jnp.asarray([low for low, _ in problem.pad], window.index.dtype)
    return nodes_and_weights(window.index + lows, window.weights)
