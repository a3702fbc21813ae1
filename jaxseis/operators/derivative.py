"""Derivatives along the axes of an array by finite differences, with an exact transpose.

With the spacing h, the interior samples are

    forward     f'_i = (f_{i+1} - f_i) / h                                   f''_i = (f_i - 2 f_{i+1} + f_{i+2}) / h^2
    backward    f'_i = (f_i - f_{i-1}) / h                                   f''_i = (f_i - 2 f_{i-1} + f_{i-2}) / h^2
    centered    f'_i = (f_{i+1} - f_{i-1}) / 2h                              f''_i = (f_{i+1} - 2 f_i + f_{i-1}) / h^2
    of order 5  f'_i = (f_{i-2} - 8 f_{i-1} + 8 f_{i+1} - f_{i+2}) / 12h     f''_i likewise, (-1, 16, -30, 16, -1) / 12

The order counts the points, as in PyLops. Samples whose points are not all inside are zero or, for centered
differences with ``edge``, differences between those that are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import part
from jaxseis.operators._real import RealOperator, axes_of, axis_of, one_array, one_each, real_dtype
from jaxseis.operators._structure import as_inexact, describe, freeze, is_complex, tree_sum

Taps = tuple[float, ...]


class Stencil(NamedTuple):
    """Weights of neighbouring samples: for the first results, for those inside, and for the last ones.

    A row of ``before`` weighs the first samples of the array and one of ``after`` the last; an empty one gives zero.
    """

    before: tuple[Taps, ...]
    inside: Taps
    after: tuple[Taps, ...]


_SLOPE, _WIDE_SLOPE, _FLAT_SLOPE = (-1.0, 1.0), (-0.5, 0.0, 0.5), (1 / 12, -2 / 3, 0.0, 2 / 3, -1 / 12)
_BEND, _WIDE_BEND = (1.0, -2.0, 1.0), (-1 / 12, 4 / 3, -5 / 2, 4 / 3, -1 / 12)

FIRST = {
    ("forward", 3): Stencil((), _SLOPE, ((),)),
    ("backward", 3): Stencil(((),), _SLOPE, ()),
    ("centered", 3): Stencil((_SLOPE,), _WIDE_SLOPE, (_SLOPE,)),
    ("centered", 5): Stencil((_SLOPE, _WIDE_SLOPE), _FLAT_SLOPE, (_WIDE_SLOPE, _SLOPE)),
}
SECOND = {
    ("forward", 3): Stencil((), _BEND, ((), ())),
    ("backward", 3): Stencil(((), ()), _BEND, ()),
    ("centered", 3): Stencil((_BEND,), _BEND, (_BEND,)),
    ("centered", 5): Stencil((_BEND, _BEND), _WIDE_BEND, (_BEND, _BEND)),
}


class _Derivative(RealOperator):
    """Differences along one axis by a stencil."""

    stencil: Stencil = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, stencil: Stencil, scale: float, axis: int, in_structure: PyTree):
        structure = one_array(self.name, in_structure)
        self.axis, self._structure = axis_of(self.name, axis, structure), freeze(structure)
        self.stencil, self.scale = stencil, scale
        points = max(map(len, (stencil.inside, *stencil.before, *stencil.after)))
        if structure.shape[self.axis] < points:
            expected = f"at least {points} samples along axis {self.axis}"
            raise _checks.fail(f"in_structure of {self.name}", expected, describe(structure))

    @jax.jit
    def mv(self, x: Array) -> Array:
        length, (before, inside, after) = x.shape[self.axis], self.stencil
        # zeros at the ends by padding, which XLA fuses with what comes next
        widths = [(len(before), len(after)) if a == self.axis else (0, 0) for a in range(x.ndim)]
        y = jnp.pad(self._weighted(inside, x, 0, length - len(inside) + 1), widths)
        rows = [(k, taps, 0) for k, taps in enumerate(before)]
        rows += [(length - len(after) + k, taps, length - len(taps)) for k, taps in enumerate(after)]
        for row, taps, first in rows:
            if taps:
                y = jax.lax.dynamic_update_slice_in_dim(y, self._weighted(taps, x, first, 1), row, self.axis)
        return y

    def _weighted(self, taps: Taps, x: Array, first: int, count: int) -> Array:
        """``count`` weighted sums of neighbours, those of the first one beginning at ``first``."""
        shifts = ((k, self.scale * c) for k, c in enumerate(taps) if c)
        return tree_sum(c * part(x, self.axis, first + k, first + k + count) for k, c in shifts)

    def out_structure(self) -> PyTree:
        return self.in_structure()


class FirstDerivative(_Derivative):
    """``f -> f'`` along an axis, by the differences above.

    Arguments:
        axis: the axis.
        in_structure: structure of f, one array.
        sampling: the spacing h.
        kind: "forward", "centered" or "backward".
        edge: whether centered differences are one-sided at the ends of the axis; else zero there.
        order: points of a centered difference, 3 or 5.

    Returns an operator from and to the shape of f, in units of f over those of ``sampling``.
    Raises ValueError for an unknown kind and order or an axis that is too short.

    ```python
    FirstDerivative(0, jnp.zeros(4), edge=True) @ jnp.array([0.0, 1.0, 4.0, 9.0])  # [1, 2, 4, 5]
    ```
    """

    def __init__(
        self,
        axis: int,
        in_structure: PyTree,
        *,
        sampling: float = 1.0,
        kind: str = "centered",
        edge: bool = False,
        order: int = 3,
    ):
        stencil = _stencil(self.name, FIRST, kind, order, edge)
        super().__init__(stencil, 1 / _checks.positive("sampling", sampling, "length"), axis, in_structure)


class SecondDerivative(_Derivative):
    """``f -> f''`` along an axis, by the differences above.

    Arguments, result and errors as for ``FirstDerivative``; the units are those of f over ``sampling`` squared.

    ```python
    SecondDerivative(0, jnp.zeros(4)) @ jnp.array([0.0, 1.0, 4.0, 9.0])  # [0, 2, 2, 0]
    ```
    """

    def __init__(
        self,
        axis: int,
        in_structure: PyTree,
        *,
        sampling: float = 1.0,
        kind: str = "centered",
        edge: bool = False,
        order: int = 3,
    ):
        stencil = _stencil(self.name, SECOND, kind, order, edge)
        super().__init__(stencil, 1 / _checks.positive("sampling", sampling, "length") ** 2, axis, in_structure)


class Laplacian(RealOperator):
    """``f -> sum_a w_a d^2 f / dx_a^2``.

    Arguments:
        in_structure: structure of f, one array.
        axes: the axes a; all of them if None.
        weights: one number w, or one for each axis.
        sampling: spacing, one or one for each axis.
        kind, edge, order: as for ``FirstDerivative``.

    ```python
    Laplacian(jnp.zeros((3, 3)), sampling=10.0) @ jnp.eye(3)
    ```
    """

    terms: tuple[SecondDerivative, ...]
    weights: tuple[float, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        in_structure: PyTree,
        *,
        axes: Sequence[int] | None = None,
        weights: float | Sequence[float] = 1.0,
        sampling: float | Sequence[float] = 1.0,
        **options: Any,
    ):
        self.terms = _along(SecondDerivative, in_structure, axes, sampling, options)
        self.weights = one_each("weights of Laplacian", weights, len(self.terms))
        self._structure = freeze(in_structure)

    @jax.jit
    def mv(self, x: Array) -> Array:
        return tree_sum(w * d.mv(x) for w, d in zip(self.weights, self.terms, strict=True))

    def out_structure(self) -> PyTree:
        return self.in_structure()


class Gradient(RealOperator):
    """``f -> (df/dx_0, df/dx_1, ...)``, a tuple with one array for each axis.

    Arguments:
        in_structure: structure of f, one array.
        axes: the axes; all of them if None.
        sampling: spacing, one or one for each axis.
        kind, edge, order: as for ``FirstDerivative``.

    ```python
    along_x, along_z = Gradient(jnp.zeros((3, 4)), sampling=(10.0, 5.0)) @ jnp.ones((3, 4))
    ```
    """

    terms: tuple[FirstDerivative, ...]
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        in_structure: PyTree,
        *,
        axes: Sequence[int] | None = None,
        sampling: float | Sequence[float] = 1.0,
        **options: Any,
    ):
        self.terms = _along(FirstDerivative, in_structure, axes, sampling, options)
        self._structure = freeze(in_structure)

    @jax.jit
    def mv(self, x: Array) -> tuple[Array, ...]:
        return tuple(d.mv(x) for d in self.terms)

    def out_structure(self) -> PyTree:
        return (self.in_structure(),) * len(self.terms)


class DirectionalDerivative(RealOperator):
    """``f -> sum_a v_a df/dx_a``, the derivative along vectors v, which may vary from place to place.

    Differentiable in v. The second directional derivative of PyLops is ``-(D.T @ D)``.

    Arguments:
        v: real vectors, shape (axes,) or (axes, *shape of f); taken as they are, not made unit vectors.
        in_structure: structure of f, one array; v has one component for each of its axes.
        sampling: spacing, one or one for each axis.
        kind, edge, order: as for ``FirstDerivative``.

    Raises ValueError if v is complex or its shape does not fit.

    ```python
    DirectionalDerivative([1.0, 1.0], jnp.zeros((3, 4))) @ jnp.ones((3, 4))
    ```
    """

    v: Array
    gradient: Gradient
    _structure: tuple = eqx.field(static=True)

    def __init__(self, v: Any, in_structure: PyTree, *, sampling: float | Sequence[float] = 1.0, **options: Any):
        self.gradient, self.v = Gradient(in_structure, sampling=sampling, **options), as_inexact(v)
        self._structure = freeze(in_structure)
        shape = self.in_structure().shape
        if is_complex(self.v) or self.v.shape not in ((len(shape),), (len(shape), *shape)):
            expected = f"real numbers of shape {(len(shape),)} or {(len(shape), *shape)}"
            raise _checks.fail("v of DirectionalDerivative", expected, f"{self.v.dtype} of shape {self.v.shape}")

    @jax.jit
    def mv(self, x: Array) -> Array:
        v = self.v.astype(real_dtype(self.in_structure()))
        return tree_sum(a * d for a, d in zip(v, self.gradient.mv(x), strict=True))

    def out_structure(self) -> PyTree:
        return self.in_structure()


def _stencil(name: str, table: dict, kind: str, order: int, edge: bool) -> Stencil:
    if (kind, order) not in table:
        known = ", ".join(f"{k} of {n}" for k, n in table)
        raise _checks.fail(f"kind and order of {name}", f"one of: {known}", f"{kind} of {order}")
    found = table[kind, order]
    return found if edge else Stencil(((),) * len(found.before), found.inside, ((),) * len(found.after))


def _along(derivative: type, in_structure: PyTree, axes: Any, sampling: Any, options: dict) -> tuple:
    """One derivative for each axis."""
    axes = axes_of(derivative.__name__, axes, one_array(derivative.__name__, in_structure))
    spacings = one_each("sampling", sampling, len(axes))
    return tuple(derivative(a, in_structure, sampling=h, **options) for a, h in zip(axes, spacings, strict=True))
