"""Values of sampled functions between the samples.

A value at the position p, in samples, is a weighted sum of the samples around it, ``y(p) = sum_k w_k(p) x_{i(p)+k}``.
What the weights are is said by a small object: ``Nearest``, ``Linear``, ``Cubic`` (Catmull-Rom, which needs only four
samples and passes through them with a continuous slope: Keys, IEEE Trans. ASSP 29, 1981) or ``Sinc`` (Kaiser-windowed:
Hicks, Geophysics 67, 2002). Sources and receivers use the same ``Linear`` and ``Sinc``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.interpolation import Linear as Linear
from jaxseis.interpolation import Sinc as Sinc
from jaxseis.operators._real import RealOperator, axis_of, one_array, real_dtype
from jaxseis.operators._structure import as_inexact, describe, freeze, is_complex, tree_sum


@runtime_checkable
class Kind(Protocol):
    """Weights of the samples around a position: ``width`` of them, up to ``margin`` beyond the ends.

    Samples beyond the ends are zero. A kind that continues the array in another way gives them no weight, and what
    they would have to the samples that continue it.
    """

    @property
    def width(self) -> int:
        """Samples that a value depends on."""
        ...

    @property
    def margin(self) -> int:
        """Samples that may be needed before the first and after the last."""
        ...

    def window(self, cells: Array, low: int, high: int) -> tuple[Array, Array]:
        """First sample and weights (..., width) at ``cells``, between the samples ``low`` and ``high``."""
        ...


@dataclass(frozen=True)
class Nearest:
    """The sample nearest to the position, the later of two; its slope in the position is zero."""

    width: int = 1
    margin: int = 0

    def window(self, cells: Array, low: int, high: int) -> tuple[Array, Array]:
        """The nearest sample, with weight one."""
        first = jnp.clip(jnp.floor(cells + 0.5), low, high)
        return first.astype(jnp.int32), jnp.where(jnp.isnan(cells), cells, 1.0)[..., None]


@dataclass(frozen=True)
class Cubic:
    """The cubic between two samples that has there the slopes ``(x_{i+1} - x_{i-1}) / 2`` (Catmull-Rom).

    Beyond its ends the array goes on along the line through the last two samples.
    """

    width: int = 4
    margin: int = 1

    def window(self, cells: Array, low: int, high: int) -> tuple[Array, Array]:
        """The two samples on either side and their weights."""
        left = jnp.clip(jnp.floor(jax.lax.stop_gradient(cells)), low, high - 1)
        t = cells - left
        slopes = t * (1 - t) ** 2, t**2 * (t - 1)
        values = (1 + 2 * t) * (1 - t) ** 2, t**2 * (3 - 2 * t)
        a, b, c, d = -slopes[0], 2 * values[0] - slopes[1], 2 * values[1] + slopes[0], slopes[1]
        # on the lines x_{i-1} = 2 x_i - x_{i+1} before the first sample, x_{i+2} = 2 x_{i+1} - x_i after the last
        first, last = jnp.where(left == low, a, 0), jnp.where(left == high - 1, d, 0)
        weights = a - first, b + 2 * first - last, c - first + 2 * last, d - last
        return (left - 1).astype(jnp.int32), jnp.stack(weights, -1) / 2


_LINEAR = Linear()
_KINDS = "Nearest(), jaxseis.Linear(), Cubic() or jaxseis.Sinc(radius)"


class Interpolate(RealOperator):
    """``x -> x(p)``: values at positions along an axis.

    Differentiable in the positions: make the operator inside the function that is differentiated.

    Arguments:
        positions: p in samples from the first one, one axis, from 0 to the length of the axis less one, in any order.
        axis: the axis of x.
        in_structure: structure of x, one array.
        kind: ``Nearest()``, ``jaxseis.Linear()``, ``Cubic()`` or ``jaxseis.Sinc(radius)``.

    Returns an operator to arrays whose axis has one entry for each position.
    Raises ValueError if a position lies outside; traced ones give NaN there instead.

    ```python
    Interpolate([0.5, 2.25], 0, jnp.zeros(4)) @ jnp.array([0.0, 1.0, 2.0, 3.0])  # [0.5, 2.25]
    ```
    """

    first: Array
    weights: Array
    axis: int = eqx.field(static=True)
    kind: Kind = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, positions: Any, axis: int, in_structure: PyTree, kind: Kind = _LINEAR):
        structure = one_array("Interpolate", in_structure)
        _check_kind("Interpolate", kind)
        self.axis, self._structure, self.kind = axis_of("Interpolate", axis, structure), freeze(structure), kind
        positions = as_inexact(positions)
        if positions.ndim != 1 or is_complex(positions):
            got = f"{positions.dtype} of shape {positions.shape}"
            raise _checks.fail("positions of Interpolate", "real numbers along one axis", got)
        length = structure.shape[self.axis]
        _check_inside("Interpolate", positions[:, None], (length,), structure)
        self.first, self.weights = _window(kind, positions, length, real_dtype(structure))

    @jax.jit
    def mv(self, x: Array) -> Array:
        around = jnp.moveaxis(_extended(self.kind, x, (self.axis,)), self.axis, 0)
        weights = _with_axes(self.weights, around.ndim - 1)
        parts = (weights[:, k] * _picked(around, (self.first + k,)) for k in range(self.kind.width))
        return jnp.moveaxis(tree_sum(parts), 0, self.axis)

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        # what JAX derives scatters each weight of a window into an array of its own
        length, margin, values = self.in_structure().shape[self.axis], self.kind.margin, jnp.moveaxis(y, self.axis, 0)
        weights = _with_axes(self.weights, y.ndim - 1)
        around = jnp.zeros((length + 2 * margin, *values.shape[1:]), y.dtype)
        for k in range(self.kind.width):
            around = around.at[self.first + k].add(weights[:, k] * values, mode="promise_in_bounds")
        return jnp.moveaxis(around[margin : margin + length], 0, self.axis)

    def out_structure(self) -> PyTree:
        inside = self.in_structure()
        shape = (*inside.shape[: self.axis], len(self.first), *inside.shape[self.axis + 1 :])
        return jax.ShapeDtypeStruct(shape, inside.dtype)


class InterpolatePoints(RealOperator):
    """``x -> x(p)``: values at points of the last axes, multilinear or by any other kind along each axis.

    Differentiable in the points, as ``Interpolate``. PyLops calls the linear one in two dimensions ``Bilinear``.

    Arguments:
        points: p in samples, shape (points, dimensions), inside the last axes of x.
        in_structure: structure of x, one array.
        kind: ``Nearest()``, ``jaxseis.Linear()``, ``Cubic()`` or ``jaxseis.Sinc(radius)``, along each axis.

    Returns an operator to arrays whose last axes are replaced by one, with an entry for each point.
    Raises ValueError if a point lies outside; traced ones give NaN there instead.

    ```python
    InterpolatePoints([[0.5, 1.0]], jnp.zeros((2, 3))) @ jnp.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])  # [2.5]
    ```
    """

    first: tuple[Array, ...]
    weights: tuple[Array, ...]
    kind: Kind = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, points: Any, in_structure: PyTree, kind: Kind = _LINEAR):
        structure, points = one_array("InterpolatePoints", in_structure), as_inexact(points)
        _check_kind("InterpolatePoints", kind)
        self._structure, self.kind = freeze(structure), kind
        ndim = points.shape[-1] if points.ndim == 2 else 0
        if not 1 <= ndim <= len(structure.shape) or is_complex(points):
            expected = f"real numbers (points, dimensions), at most as many dimensions as {describe(structure)}"
            got = f"{points.dtype} of shape {points.shape}"
            raise _checks.fail("points of InterpolatePoints", expected, got)
        shape = structure.shape[-ndim:]
        _check_inside("InterpolatePoints", points, shape, structure)
        windows = [_window(kind, p, n, real_dtype(structure)) for p, n in zip(points.T, shape, strict=True)]
        self.first, self.weights = (tuple(parts) for parts in zip(*windows, strict=True))

    @jax.jit
    def mv(self, x: Array) -> Array:
        ndim = len(self.first)
        around = _extended(self.kind, x, range(x.ndim - ndim, x.ndim))
        around = jnp.moveaxis(around, range(-ndim, 0), range(ndim))

        def corner(offsets: Sequence[int]) -> Array:
            weight = reduce(jnp.multiply, (w[:, k] for w, k in zip(self.weights, offsets, strict=True)))
            values = _picked(around, tuple(i + k for i, k in zip(self.first, offsets, strict=True)))
            return _with_axes(weight, values.ndim - 1) * values

        corners = product(range(self.kind.width), repeat=ndim)
        return jnp.moveaxis(tree_sum(map(corner, corners)), 0, -1)

    def out_structure(self) -> PyTree:
        inside, ndim = self.in_structure(), len(self.first)
        return jax.ShapeDtypeStruct((*inside.shape[:-ndim], len(self.first[0])), inside.dtype)


def _window(kind: Kind, positions: Array, length: int, dtype: Any) -> tuple[Array, Array]:
    """First samples, counted in the extended array, and weights; NaN outside, where none can be refused any more."""
    first, weights = kind.window(positions, 0, length - 1)
    outside = (positions < 0) | (positions > length - 1)
    return first + kind.margin, jnp.where(outside[:, None], jnp.nan, weights).astype(dtype)


def _extended(kind: Kind, x: Array, axes: Sequence[int]) -> Array:
    """``x`` with the margin of a kind, zeros, at both ends of some axes."""
    return jnp.pad(x, [(kind.margin,) * 2 if a in axes else (0, 0) for a in range(x.ndim)])


def _picked(x: Array, nodes: tuple[Array, ...]) -> Array:
    """``x`` at nodes of its first axes; windows always lie inside the extended array."""
    return x.at[nodes].get(mode="promise_in_bounds")


def _check_kind(name: str, kind: Any) -> None:
    if isinstance(kind, type) or not isinstance(kind, Kind):
        raise _checks.fail(f"kind of {name}", _KINDS, repr(kind))


def _with_axes(weights: Array, count: int) -> Array:
    """``weights`` with ``count`` axes of length one at the end."""
    return weights.reshape(*weights.shape, *(1,) * count)


def _check_inside(name: str, points: Array, shape: tuple[int, ...], structure: jax.ShapeDtypeStruct) -> None:
    """An error if an axis is a single sample or a point lies outside."""
    if min(shape) < 2:
        raise _checks.fail(f"in_structure of {name}", "at least two samples along each axis", describe(structure))

    def check(points: Array) -> None:
        values = np.asarray(points)
        fits = np.all((values >= 0) & (values <= np.subtract(shape, 1)), axis=-1)
        if not fits.all():
            expected = " and ".join(f"0 to {n - 1}" for n in shape)
            raise _checks.fail(f"positions of {name}", f"{expected}, in samples", values[~fits][0].tolist())

    _checks.when_concrete(check, points)
