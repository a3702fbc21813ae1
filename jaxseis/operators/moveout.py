"""Sums along curves in time, and their transposes, which spread samples over the curves.

A trace is read at a fractional sample number s by linear interpolation, ``d(s) = (1 - f) d_i + f d_(i+1)`` with
``s = i + f``, and is zero outside. Reading is a gather; spreading, its transpose, adds the samples up where they land.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, gather, one_array
from jaxseis.operators._structure import as_inexact, describe, freeze, is_complex


def read(trace: Array, samples: Array) -> Array:
    """A trace at fractional sample numbers, zero outside and where the number is NaN.

    Arguments:
        trace: shape (time,), real or complex.
        samples: real numbers of any shape.

    Returns an array of the shape of ``samples`` and the dtype of the trace.

    ```python
    read(jnp.array([1.0, 3.0]), jnp.array([0.5, 9.0, jnp.nan]))  # [2, 0, 0]
    ```
    """
    around = jnp.pad(trace, (1, 2))
    inside = jnp.clip(jnp.where(jnp.isnan(samples), -1, samples), -1, trace.shape[0])
    first = jnp.floor(inside)
    fraction = (inside - first).astype(trace.real.dtype)
    index = first.astype(jnp.int32) + 1
    left, right = (around.at[i].get(mode="promise_in_bounds") for i in (index, index + 1))
    return (1 - fraction) * left + fraction * right


class Spread(RealOperator):
    """Spreads each sample of a model along a curve in the data; the transpose sums the data along the curves.

        A.T d (x0, t0) = sum_x d(x, table(x0, t0, x))

    Differentiable in the table.

    Arguments:
        table: sample numbers of the curves in the data, shape (x0, t0, x), fractions allowed; NaN where there is none.
        samples: length of the time axis of the data.
        in_structure: structure of the model, one array (x0, t0).

    Returns an operator to data (x, time). Outside the data a curve counts for nothing.
    Raises ValueError if the table does not have the axes of the model first.

    ```python
    table = jnp.arange(4.0)[None, :, None] + jnp.arange(3.0)  # one model trace, three data traces
    Spread(table, 6, jnp.zeros((1, 4))) @ jnp.array([[0.0, 1.0, 0.0, 0.0]])
    ```
    """

    table: Array
    samples: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, table: Any, samples: int, in_structure: PyTree):
        structure = one_array("Spread", in_structure)
        self.table, self._structure = as_inexact(table), freeze(structure)
        self.samples = _checks.whole("samples of Spread", samples, 1)
        if self.table.ndim != 3 or self.table.shape[:2] != structure.shape or is_complex(self.table):
            expected = f"real numbers (x0, t0, x) for a model (x0, t0) of {describe(structure)}"
            raise _checks.fail("table of Spread", expected, f"{self.table.dtype} of shape {self.table.shape}")

    @jax.jit
    def mv(self, m: Array) -> Array:
        (d,) = jax.linear_transpose(self._stack, self.out_structure())(m)
        return d

    @jax.jit
    def transpose_mv(self, d: Array) -> Array:
        return self._stack(d)

    def out_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct((self.table.shape[2], self.samples), self.in_structure().dtype)

    def in_axes(self) -> tuple[str, str]:
        return "x0", "t0"

    def out_axes(self) -> tuple[str, str]:
        return "x", "time"

    def _stack(self, d: Array) -> Array:
        return jax.lax.map(lambda curves: stack(d, curves.T), self.table)


def stack(traces: Array, samples: Array) -> Array:
    """``sum_x d(x, s(x, t0))``: traces read along curves and summed.

    Arguments:
        traces: d, shape (x, time).
        samples: s, shape (x, t0), fractional sample numbers.

    Returns an array (t0,).

    ```python
    stack(jnp.eye(3), jnp.zeros((3, 1)))  # [1]
    ```
    """
    return jnp.sum(jax.vmap(read)(traces, samples), 0)


class NMO(RealOperator):
    """Normal moveout correction: each trace is stretched so that reflections lie at their time at zero offset.

        y(h, t0) = d(h, t),    t = sqrt(t0^2 + (h / v(t0))^2),    zero where t > (1 + stretch) t0

    Differentiable in the velocity. The transpose puts corrected traces back along their hyperbolas.

    Arguments:
        velocity: stacking velocity v at each t0, shape (time,) or one number, length over time.
        offsets: h, shape (offset,).
        in_structure: structure of the gather d, one array (offset, time).
        sampling: interval of the time axis.
        start: time of the first sample.
        stretch: largest stretch t / t0 - 1 that is kept; by default all are.

    Returns an operator from and to gathers; where time comes first, ``NMO(...) @ Transpose((1, 0), d)``.
    Raises ValueError if velocities or offsets do not fit.

    ```python
    corrected = NMO(2.0, jnp.array([0.0, 100.0]), jnp.zeros((2, 50)), sampling=4.0) @ jnp.ones((2, 50))
    ```
    """

    velocity: Array
    offsets: Array
    sampling: float = eqx.field(static=True)
    start: float = eqx.field(static=True)
    stretch: float = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        velocity: Any,
        offsets: Any,
        in_structure: PyTree,
        *,
        sampling: float,
        start: float = 0.0,
        stretch: float = float("inf"),
    ):
        structure = one_array("NMO", in_structure)
        self.velocity, self.offsets, self._structure = as_inexact(velocity), as_inexact(offsets), freeze(structure)
        if self.offsets.ndim != 1:
            raise _checks.fail("offsets of NMO", "numbers along one axis (offset)", f"shape {self.offsets.shape}")
        gather("NMO", structure, self.in_axes(), len(self.offsets))
        if self.velocity.ndim:
            _checks.shape_is("velocity of NMO", self.velocity, structure.shape[1:], ("time",))
        self.sampling, self.start = _checks.positive("sampling", sampling, "time"), float(start)
        self.stretch = _checks.number("stretch", stretch, "zero or a positive number", lambda s: s >= 0)

    @jax.jit
    def mv(self, d: Array) -> Array:
        t0 = self.start + self.sampling * jnp.arange(d.shape[1], dtype=self.velocity.dtype)
        t = root(t0**2 + (self.offsets[:, None] / self.velocity) ** 2)
        kept = t0 >= t / (1 + self.stretch)
        return jnp.where(kept, jax.vmap(read)(d, (t - self.start) / self.sampling), 0)

    def out_structure(self) -> PyTree:
        return self.in_structure()

    def in_axes(self) -> tuple[str, str]:
        return "offset", "time"

    def out_axes(self) -> tuple[str, str]:
        return self.in_axes()


def root(square: Array) -> Array:
    """``sqrt(square)``, with the slope zero where it vanishes.

    ```python
    root(jnp.array([0.0, 4.0]))  # [0, 2]
    ```
    """
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)
