"""The nonlinear map (c, q) -> d as a ``custom_vjp``: two host calls for a value and its gradient."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _compat
from jaxseis._types import Array, PyTree
from jaxseis.engines import _host
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import Storage
from jaxseis.rules._calls import Dict, callback, data_structure, like, source_structure
from jaxseis.rules._primitives import propagate, second_order, shared_sum, sloped


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
    keep = storage if any(perturbed[0].values()) else None
    d = _once("forward", problem, keep, data_structure(problem, *values[1:]), *values)
    moving = jax.tree.map(bool, (perturbed[1].get("positions", False), perturbed[2].get("positions", False)))
    return d, (values, _Static((keep is not None, *moving)))


def _backward(problem: Problem, storage: Storage, residuals: PyTree, y: Array) -> tuple[Any, ...]:
    (c, source, receiver), flags = residuals
    in_c, source_moves, receiver_moves = flags.value
    apply = partial(propagate, problem, c)
    if in_c:
        structure = (like(c), source_structure(source, y.shape[0]))
        dc, ds = _once("gradient", problem, storage, structure, c, source, receiver, y)
    else:
        dc = None
        ds = {
            k: _host.reverse_time({k: apply(_host.reverse_source(receiver, y), _sampler_for(source, k))})[k]
            for k in source
            if k in _host.SOURCE_DATA
        }
    ds = {k: shared_sum(v, source[k].shape) for k, v in ds.items()}
    along = range(problem.ndim)
    if source_moves:
        driver = _host.reverse_source(receiver, y)
        v = [apply(driver, {"window": sloped(source["window"], a)})[:, ::-1] for a in along]
        ds["positions"] = shared_sum(
            jnp.stack([jnp.sum(source["traces"] * va, 1) for va in v], -1), source["positions"].shape
        )
    dr: Dict = {}
    if receiver_moves:
        u = [apply(source, receiver | {"window": sloped(receiver["window"], a)}) for a in along]
        dr["positions"] = shared_sum(jnp.stack([jnp.sum(y * ua, 1) for ua in u], -1), receiver["positions"].shape)
    for k in ("weights", "wavelet"):
        if k in receiver:
            dr[k] = shared_sum(apply(source, {"wavelet" if k == "weights" else "weights": y}), receiver[k].shape)
    return dc, {k: ds.get(k) for k in source}, {k: dr.get(k) for k in receiver}


def _sampler_for(source: Dict, key: str) -> Dict:
    """What samples the adjoint of one data argument of a source."""
    sampler = _host.reverse_receiver(source)
    if key in ("weights", "wavelet"):
        return {k: v for k, v in sampler.items() if k != key}
    return sampler


def _once(kind: str, problem: Problem, storage: Storage | None, structure: PyTree, *arrays: Any) -> Any:
    """A host call inside the derivative: to differentiate it again is the second derivative."""

    @jax.custom_jvp
    def call(arrays: PyTree) -> Any:
        return _compat.varying_like(callback(kind, problem, storage, structure, *arrays), arrays)

    @call.defjvp
    def _refuse(primals: Any, tangents: Any) -> Any:
        raise second_order("the model")

    return call(arrays)


@jax.tree_util.register_static
class _Static:
    """A hashable value carried through a pytree without becoming an array."""

    def __init__(self, value: tuple[bool, ...]):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


model.defvjp(_forward, _backward, symbolic_zeros=True)
