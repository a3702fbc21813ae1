"""Radon transforms: a model of curves, indexed by slope p and intercept t0, and a gather, indexed by offset h and time.

The operator spreads the model over the gather, and its transpose stacks the gather along the curves:

    linear       t = t0 + p h                   parabolic    t = t0 + p h^2
    hyperbolic   t = sqrt(t0^2 + (h / v)^2)     with a velocity v in the place of the slope

Offsets and slopes may be vectors, for instance in 3-D: then ``p h`` is their inner product, ``p h^2`` that with squared
components and ``(h / v)^2`` a sum over components. Fractions of a sample are interpolated linearly, and traces are zero
outside. Gathers are (offset, time): where time comes first, ``Transpose((1, 0), d) @ A`` gives (time, offset), and its
transpose takes it. The linear and parabolic ones only delay traces, so that both directions are sums of slices.
``FourierRadon`` delays them by ``exp(-2 pi i f p h)``, without interpolation error (Beylkin, IEEE Trans. ASSP 35,
1987).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, gather, one_array
from jaxseis.operators._structure import as_inexact, complexified, describe, freeze, is_complex
from jaxseis.operators.moveout import root, stack

_POWERS = {"linear": 1, "parabolic": 2}
"""Power of the offset in the delay."""


class _Radon(RealOperator):
    """Curves (slope, time) to traces (offset, time)."""

    slopes: Array
    offsets: Array
    sampling: float = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, slopes: Any, offsets: Any, in_structure: PyTree, sampling: float):
        structure = one_array(self.name, in_structure)
        self.slopes, self.offsets = (_vectors(x) for x in (slopes, offsets))
        self._structure, self.sampling = freeze(structure), _checks.positive("sampling", sampling, "time")
        gather(self.name, structure, self.in_axes(), len(self.slopes))
        if self.slopes.shape[1:] != self.offsets.shape[1:]:
            expected = f"as many components as the slopes, {self.slopes.shape[1]}"
            raise _checks.fail(f"offsets of {self.name}", expected, f"shape {self.offsets.shape}")

    def out_structure(self) -> PyTree:
        inside = self.in_structure()
        return jax.ShapeDtypeStruct((len(self.offsets), inside.shape[1]), inside.dtype)

    def in_axes(self) -> tuple[str, str]:
        return "slope", "time"

    def out_axes(self) -> tuple[str, str]:
        return "offset", "time"


class Radon(_Radon):
    """Curves to a gather, ``d(h, t) = sum_p m(p, t - p h^k)``, linear (k = 1) or parabolic (k = 2) in the offset.

    Differentiable in slopes and offsets. The transpose is the stack ``m(p, t0) = sum_h d(h, t0 + p h^k)``.

    Arguments:
        slopes: p, shape (slope,) or (slope, components), time over the k-th power of length.
        offsets: h, shape (offset,) or (offset, components).
        in_structure: structure of the model, one array (slope, time).
        sampling: interval of the time axis.
        kind: "linear" or "parabolic".

    Returns an operator to gathers (offset, time). Raises ValueError if the shapes do not fit.

    ```python
    A = Radon(jnp.array([-0.5, 0.0, 0.5]), jnp.arange(5.0), jnp.zeros((3, 20)), sampling=1.0)
    gather = A @ jnp.zeros((3, 20)).at[2, 4].set(1.0)  # a line
    ```
    """

    kind: str = eqx.field(static=True)

    def __init__(self, slopes: Any, offsets: Any, in_structure: PyTree, *, sampling: float, kind: str = "linear"):
        super().__init__(slopes, offsets, in_structure, sampling)
        self.kind = _known(kind)

    @jax.jit
    def mv(self, m: Array) -> Array:
        return _delayed_sums(m, _delays(self, self.kind) / self.sampling)

    @jax.jit
    def transpose_mv(self, d: Array) -> Array:
        return _delayed_sums(d, -_delays(self, self.kind).T / self.sampling)


class HyperbolicRadon(_Radon):
    """Hyperbolas to a gather; the transpose is the stack ``m(v, t0) = sum_h d(h, sqrt(t0^2 + (h / v)^2))``.

    Differentiable in velocities and offsets.

    Arguments:
        velocities: v, shape (velocity,) or (velocity, components), length over time, not zero.
        offsets: h, shape (offset,) or (offset, components).
        in_structure: structure of the model, one array (velocity, time).
        sampling: interval of the time axis.
        start: time of the first sample.

    Returns an operator to gathers (offset, time). Raises ValueError if the shapes do not fit.

    ```python
    A = HyperbolicRadon(jnp.array([1.5, 2.0]), jnp.arange(5.0), jnp.zeros((2, 20)), sampling=1.0)
    gather = A @ jnp.zeros((2, 20)).at[1, 4].set(1.0)
    ```
    """

    start: float = eqx.field(static=True)

    def __init__(self, velocities: Any, offsets: Any, in_structure: PyTree, *, sampling: float, start: float = 0.0):
        super().__init__(velocities, offsets, in_structure, sampling)
        self.start = float(start)

    def in_axes(self) -> tuple[str, str]:
        return "velocity", "time"

    @jax.jit
    def mv(self, m: Array) -> Array:
        (d,) = jax.linear_transpose(self._stack, self.out_structure())(m)
        return d

    @jax.jit
    def transpose_mv(self, d: Array) -> Array:
        return self._stack(d)

    def _stack(self, d: Array) -> Array:
        t0 = self.start + self.sampling * jnp.arange(d.shape[1], dtype=self.slopes.dtype)

        def along(velocity: Array) -> Array:
            moveout = jnp.sum((self.offsets / velocity) ** 2, 1, keepdims=True)
            return stack(d, (root(t0**2 + moveout) - self.start) / self.sampling)

        return jax.lax.map(along, self.slopes)


class FourierRadon(_Radon):
    """The linear or parabolic transform frequency by frequency, ``d(h, f) = sum_p exp(-2 pi i f p h^k) m(p, f)``.

    Arguments as for ``Radon``, and:
        nfft: samples of the time axis in the Fourier transform, zeros added; by default twice the samples. What is
            delayed beyond them comes in again at the other end.

    Raises ValueError if the shapes do not fit or the model is complex.

    ```python
    A = FourierRadon(jnp.array([-0.5, 0.0, 0.5]), jnp.arange(5.0), jnp.zeros((3, 20)), sampling=1.0)
    gather = A @ jnp.zeros((3, 20)).at[2, 4].set(1.0)
    ```
    """

    kind: str = eqx.field(static=True)
    nfft: int = eqx.field(static=True)

    def __init__(
        self,
        slopes: Any,
        offsets: Any,
        in_structure: PyTree,
        *,
        sampling: float,
        kind: str = "linear",
        nfft: int | None = None,
    ):
        super().__init__(slopes, offsets, in_structure, sampling)
        if is_complex(self.in_structure()):
            raise _checks.fail("in_structure of FourierRadon", "real numbers", describe(self.in_structure()))
        samples = self.in_structure().shape[1]
        self.kind, self.nfft = _known(kind), _checks.whole("nfft", 2 * samples if nfft is None else nfft, samples)

    @jax.jit
    def mv(self, m: Array) -> Array:
        delays, frequencies = _delays(self, self.kind), jnp.fft.rfftfreq(self.nfft, self.sampling)
        dtype = complexified(self.in_structure()).dtype

        # without a checkpoint, a gradient would keep the phases of all frequencies
        @jax.checkpoint
        def at(frequency: Array, model: Array) -> Array:
            phases = jnp.exp(-2j * jnp.pi * frequency * delays).astype(dtype)
            return jnp.matmul(phases, model, precision="highest")

        spectrum = jnp.fft.rfft(m, self.nfft).T
        sums = jax.lax.map(lambda pair: at(*pair), (frequencies, spectrum))
        return jnp.fft.irfft(sums.T, self.nfft)[:, : m.shape[1]]


def _vectors(x: Any) -> Array:
    """One or more components for each entry."""
    array = as_inexact(x)
    if array.ndim not in (1, 2) or is_complex(array):
        expected = "real numbers, shape (n,) or (n, components)"
        raise _checks.fail("slopes and offsets", expected, f"{array.dtype} of shape {array.shape}")
    return array.reshape(len(array), -1)


def _known(kind: str) -> str:
    if kind not in _POWERS:
        remedy = "For hyperbolas, use HyperbolicRadon."
        raise _checks.fail("kind of Radon", f"one of {', '.join(_POWERS)}", kind, remedy)
    return kind


def _delays(operator: _Radon, kind: str) -> Array:
    """Delay of each curve at each offset, (offset, slope)."""
    return jnp.matmul(operator.offsets ** _POWERS[kind], operator.slopes.T, precision="highest")


def _delayed_sums(traces: Array, delays: Array) -> Array:
    """``y(j, t) = sum_k x(k, t - s(j, k))`` for traces (k, time) and delays s (j, k) in samples."""
    length = traces.shape[1]
    delays = jnp.clip(delays, -length, length)
    whole = jnp.floor(delays)
    fractions = (delays - whole).astype(traces.real.dtype)
    around = jnp.pad(traces, ((0, 0), (length + 1, length)))

    def one(starts: Array, fraction: Array) -> Array:
        # each window begins a sample early, and holds x(t - whole - 1) and x(t - whole)
        windows = jax.vmap(lambda x, s: jax.lax.dynamic_slice(x, (s,), (length + 1,)))(around, starts)
        late, early = windows[:, :-1], windows[:, 1:]
        return jnp.sum((1 - fraction[:, None]) * early + fraction[:, None] * late, 0)

    return jax.lax.map(lambda pair: one(*pair), (length - whole.astype(jnp.int32), fractions))
