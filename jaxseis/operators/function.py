"""A JAX function as an operator."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, freeze, same_structure, structure_of, thaw, tree_conj


class FunctionOperator(LinearOperator):
    """A linear function as an operator; arrays that it closes over become leaves with derivatives.

    Arguments:
        function: x -> A x, in JAX, linear in x.
        in_structure: structure of ``x``, or any pytree of arrays that has it.
        adjoint: y -> A.H y, for ``Re sum conj(x) y``, as ``HostOperator`` takes it; derived from the function if None.
            Only ``A.H`` and ``A.T`` use it: ``jax.grad`` and ``jax.linear_transpose`` see the function itself.

    Raises ValueError if ``adjoint`` does not return the structure of ``x``. Linearity is for
    ``linearity_test`` to check, and an adjoint for ``dot_test``.

    ```python
    D = FunctionOperator(jnp.diff, structure_of(jnp.zeros(5)))
    D.T @ jnp.ones(4)  # [-1, 0, 0, 0, 1]
    ```
    """

    function: "_Function"
    reverse: "_Function | None"
    _structure: tuple = eqx.field(static=True)
    _range: tuple = eqx.field(static=True)

    def __init__(self, function: Callable, in_structure: PyTree, adjoint: Callable | None = None):
        domain = structure_of(in_structure)
        self.function = _Function(function, domain)
        self._structure, self._range = freeze(domain), freeze(jax.eval_shape(self.function, domain))
        self.reverse = None if adjoint is None else _Function(adjoint, self.out_structure())
        if self.reverse is not None:
            back = jax.eval_shape(self.reverse, self.out_structure())
            if not same_structure(back, domain):
                raise _checks.fail("adjoint of FunctionOperator", f"a result of {describe(domain)}", describe(back))

    def mv(self, x: PyTree) -> PyTree:
        return self.function(x)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return super().transpose_mv(y) if self.reverse is None else tree_conj(self.reverse(tree_conj(y)))

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return thaw(self._range)


class _Function(eqx.Module):
    """A function whose closed-over arrays are leaves, so that they pass through jit, grad and vmap."""

    arrays: PyTree
    code: Callable = eqx.field(static=True)

    def __init__(self, function: Callable, structure: PyTree):
        converted = eqx.filter_closure_convert(function, structure)
        arrays, self.code = eqx.partition(converted, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray)))
        self.arrays = jax.tree.map(jnp.asarray, arrays)

    def __call__(self, x: PyTree) -> PyTree:
        return eqx.combine(self.arrays, self.code)(x)
