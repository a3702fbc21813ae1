"""A linear operator that runs outside JAX, on NumPy arrays."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, structure_of
from jaxseis.rules.host_linear import HostMap, host_linear


class HostOperator(LinearOperator):
    """``x -> A x`` by functions of NumPy arrays; everything that other operators do in JAX works with it.

    Arguments:
        forward: x -> A x, from arrays of the domain to arrays of the range.
        adjoint: y -> A.H y, the adjoint for ``Re sum conj(x) y``.
        in_structure, out_structure: structures of x and y, one array each.

    Pure functions: they may be called again, or not at all. Results are cast to the structures. ``dot_test``
    checks the adjoint. Raises ValueError if a structure is not that of one array.

    ```python
    A = HostOperator(np.cumsum, lambda y: np.cumsum(y[::-1])[::-1], jnp.zeros(4), jnp.zeros(4))
    ```
    """

    host_map: HostMap = eqx.field(static=True)

    def __init__(
        self,
        forward: Callable[[np.ndarray], np.ndarray],
        adjoint: Callable[[np.ndarray], np.ndarray],
        in_structure: PyTree,
        out_structure: PyTree,
    ):
        domain, range_ = structure_of(in_structure), structure_of(out_structure)
        for name, structure in (("in_structure", domain), ("out_structure", range_)):
            if not isinstance(structure, jax.ShapeDtypeStruct):
                raise _checks.fail(f"{name} of HostOperator", "one array", describe(structure))
        self.host_map = HostMap(forward, adjoint, domain, range_)

    def mv(self, x: Array) -> Array:
        return host_linear(x, self.host_map)

    def in_structure(self) -> PyTree:
        return self.host_map.domain

    def out_structure(self) -> PyTree:
        return self.host_map.range
