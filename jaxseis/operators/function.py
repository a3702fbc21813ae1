"""A JAX function as an operator."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, freeze, same_structure, structure_of, thaw


class FunctionOperator(LinearOperator):
    """A linear function as an operator; arrays that it closes over become leaves with derivatives.

    Arguments:
        function: x -> A x, in JAX, linear in x.
        in_structure: structure of ``x``, or any pytree of arrays that has it.
        transpose: y -> A.T y, for the pairing ``Re sum x y``; derived from the function if None.
            Only ``A.T`` uses it: ``jax.grad`` and ``jax.linear_transpose`` see the function itself.

    Raises ValueError if ``transpose`` does not return the structure of ``x``. Linearity is for
    ``linearity_test`` to check, and a transpose for ``dot_test``.

    ```python
    D = FunctionOperator(jnp.diff, structure_of(jnp.zeros(5)))
    D.T @ jnp.ones(4)  # [-1, 0, 0, 0, 1]
    ```
    """

    function: "_Function"
    reverse: "_Function | None"
    _structure: tuple = eqx.field(static=True)
    _range: tuple = eqx.field(static=True)

    def __init__(self, function: Callable, in_structure: PyTree, transpose: Callable | None = None):
        domain = structure_of(in_structure)
        self.function = _Function(function, domain)
        self._structure, self._range = freeze(domain), freeze(jax.eval_shape(self.function, domain))
        self.reverse = None if transpose is None else _Function(transpose, self.out_structure())
        if self.reverse is not None:
            back = jax.eval_shape(self.reverse, self.out_structure())
            if not same_structure(back, domain):
                raise _checks.fail("transpose of FunctionOperator", f"a result of {describe(domain)}", describe(back))

    def mv(self, x: PyTree) -> PyTree:
        return self.function(x)

    def transpose_mv(self, y: PyTree) -> PyTree:
        return super().transpose_mv(y) if self.reverse is None else self.reverse(y)

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
