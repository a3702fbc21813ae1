"""Linear functions of NumPy arrays inside JAX: one primitive, whose transpose is itself with both functions exchanged.

bind(x; A) = A x,        jvp: A dx,        transpose: A.T y = conj(A.H conj(y)),        vmap: one call a slice
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _compat
from jaxseis._types import Array


@dataclass(frozen=True)
class HostMap:
    """A linear function of NumPy arrays, its adjoint, and the structures of what they take and give."""

    forward: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray]
    domain: jax.ShapeDtypeStruct
    range: jax.ShapeDtypeStruct
    transposed: bool = False

    @property
    def T(self) -> "HostMap":
        """The transpose."""
        return replace(self, domain=self.range, range=self.domain, transposed=not self.transposed)

    def __call__(self, x: Any) -> np.ndarray:
        # a copy: what JAX hands out is read only
        y = np.conj(self.adjoint(np.conj(np.array(x)))) if self.transposed else self.forward(np.array(x))
        return np.asarray(y, self.range.dtype).reshape(self.range.shape)


def host_linear(x: Array, host_map: HostMap) -> Array:
    """The function of ``x``, called on the host; its result is cast to the range."""
    return _host_linear(x, host_map=host_map)[0]


def _call(x: Array, host_map: HostMap) -> list[Array]:
    return [_compat.varying_like(jax.pure_callback(host_map, host_map.range, x, vmap_method="sequential"), x)]


def _shapes(x: Array, host_map: HostMap) -> Sequence[jax.ShapeDtypeStruct]:
    return [host_map.range]


def _jvp(primals: Sequence[Array], tangents: Sequence[Any], host_map: HostMap) -> tuple[list[Array], list[Array]]:
    dx = _compat.instantiate(tangents[0])
    return _host_linear(*primals, host_map=host_map), _host_linear(dx, host_map=host_map)


def _transpose(cotangents: Sequence[Any], x: Any, host_map: HostMap) -> list[Array]:
    (y,) = cotangents
    if isinstance(y, _compat.Zero):
        return [jnp.zeros(host_map.domain.shape, host_map.domain.dtype)]
    return _host_linear(y, host_map=host_map.T)


def _batch(operands: Sequence[Array], axes: Sequence[int], host_map: HostMap) -> tuple[list[Array], list[int]]:
    rows = jax.lax.map(lambda x: host_linear(x, host_map), jnp.moveaxis(operands[0], axes[0], 0))
    return [rows], [0]


_host_linear = _compat.define_primitive("host_linear", _call, _shapes, _jvp, _transpose, _batch)
