"""The nonlinear map (c, q) -> d as a ``custom_vjp``: two host calls for a value and its gradient.

Both are primitives, so that the gradient is differentiated like any other function.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.engines import _host
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import Storage
from jaxseis.rules._calls import Dict
from jaxseis.rules._ends import shared_sum, sloped
from jaxseis.rules._primitives import propagate
from jaxseis.rules._recorded import at_source, exact, gradient, recorded


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def model(problem: Problem, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> Array:
    return propagate(problem, c, source, receiver)


def _forward(problem: Problem, storage: Storage, c: Dict, source: Dict, receiver: Dict) -> tuple[Array, PyTree]:
    values, perturbed = (
        jax.tree.map(
            lambda v, i=i: (v.value, v.perturbed)[i], (c, source, receiver), is_leaf=lambda v: hasattr(v, "perturbed")
        )
        for i in (0, 1)
    )
    in_c = any(perturbed[0].values())
    d = recorded(problem, storage, *values) if in_c else propagate(problem, *values, storage=exact(storage))
    data = tuple(k for k in _host.SOURCE_DATA if perturbed[1].get(k, False))
    moving = jax.tree.map(bool, (perturbed[1].get("positions", False), perturbed[2].get("positions", False)))
    return d, (values, _Static((in_c, data, *moving)))


def _backward(problem: Problem, storage: Storage, residuals: PyTree, y: Array) -> tuple[Any, ...]:
    (c, source, receiver), flags = residuals
    in_c, data, source_moves, receiver_moves = flags.value
    apply = partial(propagate, problem, c, storage=exact(storage))
    if in_c:
        dc, ds = gradient(problem, storage, data, c, source, receiver, y)
    else:
        dc, ds = None, {k: at_source(problem, storage, k, c, source, receiver, y) for k in data}
    ds = {k: shared_sum(v, source[k].shape) for k, v in ds.items()}
    along = range(problem.ndim)
    if source_moves:
        driver = _host.reverse_source(receiver, y)
        v = [apply(driver, sloped(_host.reverse_receiver(source), a))[:, ::-1] for a in along]
        ds["positions"] = shared_sum(
            jnp.stack([jnp.sum(source["traces"] * va, 1) for va in v], -1), source["positions"].shape
        )
    dr: Dict = {}
    if receiver_moves:
        u = [apply(source, sloped(receiver, a)) for a in along]
        dr["positions"] = shared_sum(jnp.stack([jnp.sum(y * ua, 1) for ua in u], -1), receiver["positions"].shape)
    for k in ("weights", "wavelet"):
        if k in receiver:
            dr[k] = shared_sum(apply(source, {"wavelet" if k == "weights" else "weights": y}), receiver[k].shape)
    return dc, {k: ds.get(k) for k in source}, {k: dr.get(k) for k in receiver}


@jax.tree_util.register_static
class _Static:
    """A hashable value carried through a pytree without becoming an array."""

    def __init__(self, value: tuple[Any, ...]):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


model.defvjp(_forward, _backward, symbolic_zeros=True)
