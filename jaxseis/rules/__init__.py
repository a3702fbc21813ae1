r"""Where JAX meets the engines: the only place with ``custom_vjp`` and ``pure_callback``.

Notation: ``c`` coefficients on the padded grid, ``q`` source, ``d = P A(c)^-1 q`` data. Three linear
maps on top of compiled kernels are JAX primitives (the first is the second along no direction):

    propagate   q  -> d          P A^-1 q
    scatter     dc -> dd         -P A^-1 (dA dc) A^-1 q        (Born, the derivative of d in c)
    correlate   y  -> dc         its transpose: -<A^-T P^T y, dA A^-1 q>

Each is linear in its data arguments, and their derivatives and transposes are these three again
(the adjoint kernel is the forward one on time-reversed data), so ``jvp``, ``grad``, ``vmap`` and
``linear_transpose`` compose. Scatter and correlate take several directions in ``c``, which are their
derivatives of higher order. The nonlinear map (c, q) -> d is by default a ``custom_vjp`` around the same
host functions, which stores the wavefield in its forward pass and so makes exactly two host calls for
value and gradient.

With the XLA engine all of it is plain JAX.

Sources and receivers are dicts of arrays with a leading shot axis (1 where shared):

    source      traces (shot, time, point), window, positions | wavefield (shot, time, *grid)
                | weights (shot, *grid), wavelet (shot, time)
    receiver    window, positions | wavefield: None | weights | wavelet
"""

from typing import Any

import jax

from jaxseis import _compat
from jaxseis._types import Array
from jaxseis.engines import xla
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import Storage
from jaxseis.rules import _model, _primitives
from jaxseis.rules._calls import shot_count
from jaxseis.rules._primitives import EXACT as EXACT

Dict = dict[str, Any]


def propagate(problem: Problem, engine: str, c: Dict, source: Dict, receiver: Dict, storage: Storage = EXACT) -> Array:
    """Data of all shots, ``P A(c)^-1 q``; differentiable in everything by JAX's own rules."""
    if engine == "xla":
        return _xla(problem, c, source, receiver)
    return _primitives.propagate(problem, c, source, receiver, storage)


def scatter(problem: Problem, engine: str, storage: Storage, c: Dict, dc: Dict, source: Dict, receiver: Dict) -> Array:
    """The derivative of :func:`propagate` along ``dc``; linear in ``dc`` and in the source."""
    if engine == "xla":
        return jax.jvp(lambda c: _xla(problem, c, source, receiver), (c,), (dc,))[1]
    return _primitives.scatter(problem, storage, c, (dc,), source, receiver)


def model(problem: Problem, engine: str, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> Array:
    """:func:`propagate` in reverse mode only, which stores the wavefield as it goes."""
    if engine == "xla":
        return _xla(problem, c, source, receiver)
    return _model.model(problem, storage, *_compat.together((c, source, receiver)))


def _xla(problem: Problem, c: Dict, source: Dict, receiver: Dict) -> Array:
    shots = shot_count(source, receiver)
    source, receiver = ({k: v for k, v in x.items() if k != "positions"} for x in (source, receiver))
    one = lambda s, r: xla.propagate(problem, c, s, r)  # noqa: E731
    axes = [jax.tree.map(lambda v: 0 if v.shape[0] == shots else None, x) for x in (source, receiver)]
    squeezed = [
        jax.tree.map(lambda v, a: v if a == 0 or v is None else v[0], x, a, is_leaf=lambda v: v is None)
        for x, a in zip((source, receiver), axes, strict=True)
    ]
    if shots == 1:
        return one(*jax.tree.map(lambda v: v[0], (source, receiver)))[None]
    return jax.vmap(one, in_axes=tuple(axes))(*squeezed)
