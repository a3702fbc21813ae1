"""A functional of a transformed vector, for transforms whose rows are orthogonal."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional, positive_numbers
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import inner


class Composed(Functional):
    """``x -> f(C x)`` with ``C C.H = bound I``.

        prox(x, t) = x + C.H (prox_f(C x, bound t) - C x) / bound

    Orthonormal transforms are of this kind, with bound one, and so are restrictions. A redundant tight frame,
    ``C.H C = I``, for instance curvelets or the Fourier transform of real numbers, is not: no formula is known for its
    proximal map. Look for its coefficients instead: z = the solution with ``A @ C.H`` in place of ``A`` and f in place
    of this, then x = C.H z.

    Arguments:
        functional: f, on the range of C.
        C: linear operator.
        bound: the number above.

    Raises ValueError if ``C C.H`` is not ``bound I``, tried on one vector.

    ```python
    Composed(L1(), DCT(x)).prox(x, 0.1)
    ```
    """

    functional: Functional
    C: LinearOperator
    bound: Array

    def __init__(self, functional: Functional, C: LinearOperator, bound: Any = 1.0):
        _checks.kind_is("functional", functional, Functional, "a functional, for instance L1()")
        _checks.kind_is("C", C, LinearOperator, "a linear operator")
        self.functional, self.C, self.bound = functional, C, positive_numbers("bound", bound)
        _checks.when_concrete(_check_rows, C, self.bound)

    def __call__(self, x: PyTree) -> Array:
        return self.functional(self.C.mv(x))

    def prox(self, x: PyTree, step: Any) -> PyTree:
        y = self.C.mv(x)
        moved = self.functional.prox(y, self.bound * step)
        back = self.C.H.mv(jax.tree.map(lambda a, b: (a - b) / self.bound.astype(b.real.dtype), moved, y))
        return jax.tree.map(jnp.add, x, back)


def _check_rows(C: LinearOperator, bound: Array) -> None:
    y = jax.tree.map(_probe, C.out_structure())
    difference = jax.tree.map(lambda a, b: a - bound.astype(b.real.dtype) * b, C.mv(C.H.mv(y)), y)
    precision = max(float(jnp.finfo(v.dtype).eps) for v in jax.tree.leaves(y))
    error = float(inner(difference, difference) / inner(y, y)) ** 0.5 / float(bound)
    if not error <= 1e3 * precision:
        remedy = "For a frame with C.H C = I, solve for its coefficients with A @ C.H."
        raise _checks.fail(
            f"C, {C.name}", f"C C.H = {float(bound):g} I", f"a relative difference of {error:.1e}", remedy
        )


def _probe(s: jax.ShapeDtypeStruct) -> Array:
    return jax.random.normal(jax.random.key(0), s.shape, s.dtype)
