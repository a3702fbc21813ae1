"""Local means along axes. Beyond the ends an array counts as zero, so each mean is its own transpose.

A mean over 2 r + 1 samples is a sum made by doubling: with p_w[i] the sum of w samples from i on,

    p_2w[i] = p_w[i] + p_w[i + w],        p_(w+1)[i] = p_w[i] + x[i + w],

a few additions whatever the length. Near the ends a mean falls off; divide by ``S @ ones`` to weigh only what is there.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import part
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import RealOperator, axes_of, one_array, one_each
from jaxseis.operators._structure import freeze, tree_sum


class _SelfAdjoint(RealOperator):
    """An operator with a real symmetric matrix."""

    def transpose(self) -> LinearOperator:
        return self

    def out_structure(self) -> PyTree:
        return self.in_structure()

    def tags(self) -> frozenset:
        return frozenset({lx.symmetric_tag})


class Smoothing(_SelfAdjoint):
    """``x_i -> (1/n) sum_{|k| <= (n-1)/2} x_{i+k}`` along each axis: the mean over a box.

    Arguments:
        nsmooth: lengths n of the box in samples, odd; one, or one for each axis.
        in_structure: structure of x, one array.
        axes: the axes; all of them if None.

    Raises ValueError if a length is even.

    ```python
    Smoothing(3, jnp.zeros(5)) @ jnp.array([0.0, 0.0, 3.0, 0.0, 0.0])  # [0, 1, 1, 1, 0]
    ```
    """

    nsmooth: tuple[int, ...] = eqx.field(static=True)
    axes: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, nsmooth: int | Sequence[int], in_structure: PyTree, *, axes: Sequence[int] | None = None):
        structure = one_array("Smoothing", in_structure)
        self.axes, self._structure = axes_of("Smoothing", axes, structure), freeze(structure)
        lengths = one_each("nsmooth of Smoothing", nsmooth, len(self.axes))
        if any(n < 1 or n % 2 != 1 for n in lengths):
            raise _checks.fail("nsmooth of Smoothing", "odd numbers of samples", nsmooth, "Take the next odd one.")
        self.nsmooth = tuple(int(n) for n in lengths)

    @jax.jit
    def mv(self, x: Array) -> Array:
        for axis, length in zip(self.axes, self.nsmooth, strict=True):
            x = _sums(_padded(x, length // 2, axis), length, axis) / length
        return x


def _sums(x: Array, length: int, axis: int) -> Array:
    """Sums of ``length`` neighbours, from the leading binary digit of the length to the last."""
    total, width = x, 1
    for digit in bin(length)[3:]:
        total, width = part(total, axis, 0, -width) + part(total, axis, width, None), 2 * width
        if digit == "1":
            total, width = part(total, axis, 0, -1) + part(x, axis, width, None), width + 1
    return total


class GaussianSmoothing(_SelfAdjoint):
    """``x_i -> sum_k g_k x_{i+k}``, ``g_k ~ exp(-k^2 / 2 sigma^2)``, along each axis; the g_k sum to one.

    Arguments:
        sigma: standard deviation in samples, zero or more; one, or one for each axis.
        in_structure: structure of x, one array.
        axes: the axes; all of them if None.
        truncate: reach of the weights, in standard deviations.

    Raises ValueError if sigma is negative.

    ```python
    smooth_model = GaussianSmoothing(5.0, jnp.ones((60, 50))) @ jnp.ones((60, 50))
    ```
    """

    sigma: tuple[float, ...] = eqx.field(static=True)
    axes: tuple[int, ...] = eqx.field(static=True)
    truncate: float = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        sigma: float | Sequence[float],
        in_structure: PyTree,
        *,
        axes: Sequence[int] | None = None,
        truncate: float = 4.0,
    ):
        structure = one_array("GaussianSmoothing", in_structure)
        self.axes, self._structure = axes_of("GaussianSmoothing", axes, structure), freeze(structure)
        self.sigma = one_each("sigma of GaussianSmoothing", sigma, len(self.axes))
        if not all(0 <= s < np.inf for s in self.sigma):
            raise _checks.fail("sigma of GaussianSmoothing", "zero or a positive number of samples", sigma)
        self.truncate = _checks.positive("truncate", truncate, "standard deviations")

    @jax.jit
    def mv(self, x: Array) -> Array:
        for axis, sigma in zip(self.axes, self.sigma, strict=True):
            x = _weighted(x, _gaussian(sigma, round(sigma * self.truncate)), axis)
        return x


def _gaussian(sigma: float, reach: int) -> list[float]:
    """Weights g_0 to g_reach of samples on either side."""
    k = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (k / (sigma or 1.0)) ** 2)
    return (weights / weights.sum())[reach:].tolist()


def _weighted(x: Array, weights: list[float], axis: int) -> Array:
    """``g_0 x_i + sum_k g_k (x_{i-k} + x_{i+k})``, one fused sum of slices."""
    reach, length = len(weights) - 1, x.shape[axis]
    around = _padded(x, reach, axis)

    def shifted(k: int) -> Array:
        return part(around, axis, reach + k, reach + k + length)

    sides = (g * (shifted(-k) + shifted(k)) for k, g in enumerate(weights[1:], 1))
    return tree_sum([weights[0] * x, *sides])


def _padded(x: Array, reach: int, axis: int) -> Array:
    return jnp.pad(x, [(reach, reach) if a == axis else (0, 0) for a in range(x.ndim)])
