"""Host calls: ``pure_callback`` around the compiled kernels, and the structures of what they give."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np

from jaxseis._types import PyTree
from jaxseis.engines import _host
from jaxseis.engines._problem import Problem
from jaxseis.engines.storage import Storage

Dict = dict[str, Any]


def shot_count(*operands: PyTree) -> int:
    """Number of shots: the largest leading axis."""
    return max(leaf.shape[0] for leaf in jax.tree.leaves(operands))


def data_structure(problem: Problem, source: Dict, receiver: Dict) -> jax.ShapeDtypeStruct:
    shots, nt = shot_count(source, receiver), problem.steps
    if "window" in receiver:
        shape = (shots, nt, receiver["window"].channels)
    elif "wavefield" in receiver:
        shape = (shots, nt, *problem.grid.shape)
    else:
        shape = (shots, nt) if "weights" in receiver else (shots, *problem.grid.shape)
    return jax.ShapeDtypeStruct(shape, problem.dtype)


def like(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: jax.ShapeDtypeStruct(v.shape, v.dtype), x)


def source_structure(source: Dict, shots: int) -> Dict:
    """Structure of the adjoint of a source: its data arrays, with all shots."""
    return {
        k: jax.ShapeDtypeStruct((shots, *v.shape[1:]), v.dtype) for k, v in source.items() if k in _host.SOURCE_DATA
    }


@lru_cache(maxsize=256)
def _host_call(kind: str, problem: Problem, storage: Storage | None, tree: Any) -> Callable[..., Any]:
    """A host function of flat NumPy arguments; cached, since JAX compares callbacks by identity."""

    def call(*leaves: Any) -> Any:
        arrays = jax.tree.unflatten(tree, [np.asarray(leaf) for leaf in leaves])
        return _HOST[kind](problem, storage, *arrays)

    return call


def callback(kind: str, problem: Problem, storage: Storage | None, structure: PyTree, *arrays: Any) -> Any:
    leaves, tree = jax.tree.flatten(arrays)
    call = _host_call(kind, problem, storage, tree)
    return jax.pure_callback(call, structure, *leaves, vmap_method="sequential")


def _only(outputs: dict[str, np.ndarray]) -> np.ndarray:
    (value,) = outputs.values()
    return value


def _host_forward(problem: Problem, storage: Storage | None, c: Dict, source: Dict, receiver: Dict) -> np.ndarray:
    return _only(_host.forward(problem, c, source, receiver, shot_count(source, receiver), storage))


def _host_born(problem: Problem, storage: Any, c: Dict, directions: Any, source: Dict, receiver: Dict) -> np.ndarray:
    return _only(_host.born(problem, c, directions, source, receiver, shot_count(source, receiver)))


def _host_gradient(problem: Problem, storage: Any, *arrays: Any, keep: bool) -> Any:
    c, directions, source, receiver, y = arrays
    return _host.gradient(problem, c, directions, source, receiver, y, shot_count(source, receiver), storage, keep)


_HOST = {
    "forward": _host_forward,
    "born": _host_born,
    "gradient": partial(_host_gradient, keep=False),
    "correlate": partial(_host_gradient, keep=True),
}
