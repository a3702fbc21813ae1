"""Running integrals along an axis.

With the spacing h and the decay d (1 unless the integral leaks), S the running sum

    (S x)_i = sum_{j <= i} d^(i-j) x_j,        that is        y_i = d y_{i-1} + x_i

the kinds are

    full           h S x
    half           h (S x - x / 2)
    trapezoidal    h (S x' - x / 2),  x' = x with its first sample halved;  then y_0 = 0

S is done in blocks: a small triangular matrix sums inside each block, and what the blocks hand on is a running sum
again, one sample a block with the decay of a block.
"""

from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, axis_of, one_array
from jaxseis.operators._structure import freeze

_ENDS = {"full": (0.0, 0.0), "half": (0.0, 0.5), "trapezoidal": (0.5, 0.5)}
"""By kind, the parts of the first and of the last sample that an integral leaves out."""

_BLOCK = 8
"""Samples in a block; found by timing."""


class CausalIntegration(RealOperator):
    """``x -> integral of x from the first sample`` along an axis.

    Arguments:
        axis: the axis.
        in_structure: structure of x, one array.
        sampling: the spacing h.
        kind: "full", "half" or "trapezoidal".
        decay: what is left of the integral after one sample, above 0 and up to 1; below 1 it leaks.

    Returns an operator from and to the shape of x, in units of x times those of ``sampling``.
    Raises ValueError for an unknown kind or a decay outside.

    ```python
    CausalIntegration(0, jnp.zeros(3), kind="trapezoidal") @ jnp.array([0.0, 2.0, 4.0])  # [0, 1, 4]
    ```
    """

    axis: int = eqx.field(static=True)
    sampling: float = eqx.field(static=True)
    kind: str = eqx.field(static=True)
    decay: float = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self, axis: int, in_structure: PyTree, *, sampling: float = 1.0, kind: str = "full", decay: float = 1.0
    ):
        structure = one_array("CausalIntegration", in_structure)
        self.axis, self._structure = axis_of("CausalIntegration", axis, structure), freeze(structure)
        if kind not in _ENDS:
            raise _checks.fail("kind of CausalIntegration", f"one of {', '.join(_ENDS)}", kind)
        self.sampling, self.kind = _checks.positive("sampling", sampling, "length"), kind
        self.decay = _checks.number("decay", decay, "a number above 0 and up to 1", lambda d: 0 < d <= 1)

    @jax.jit
    def mv(self, x: Array) -> Array:
        first, last = _ENDS[self.kind]
        lines = x.reshape(prod(x.shape[: self.axis]), x.shape[self.axis], prod(x.shape[self.axis + 1 :]))
        begun = lines.at[:, :1].multiply(1 - first) if first else lines
        sums = _running_sum(begun, self.decay)
        return (self.sampling * (sums - last * lines if last else sums)).reshape(x.shape)

    def out_structure(self) -> PyTree:
        return self.in_structure()


def _running_sum(x: Array, decay: float) -> Array:
    """S along the middle axis of three."""
    before, length, after = x.shape
    if length <= _BLOCK:
        return _triangular_sum(x, decay)
    missing = -length % _BLOCK
    whole = jnp.pad(x, ((0, 0), (0, missing), (0, 0))) if missing else x
    sums = _triangular_sum(whole.reshape(before, -1, _BLOCK, after), decay)
    handed_on = jnp.pad(sums[:, :-1, -1], ((0, 0), (1, 0), (0, 0)))
    carried = _running_sum(handed_on, decay**_BLOCK)[:, :, None]
    powers = (decay ** np.arange(1.0, _BLOCK + 1)).astype(x.real.dtype)[:, None]
    return (sums + powers * carried).reshape(before, -1, after)[:, :length]


def _triangular_sum(x: Array, decay: float) -> Array:
    """S along the last axis but one, by a matrix."""
    i = np.arange(x.shape[-2])
    matrix = np.tril(decay ** np.maximum(i[:, None] - i, 0.0)).astype(x.dtype)
    if x.shape[-1] == 1:  # one long product instead of many matrices times a vector
        return jnp.matmul(x[..., 0], matrix.T, precision="highest")[..., None]
    return jnp.matmul(matrix, x, precision="highest")
