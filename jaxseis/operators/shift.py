"""Signals moved along an axis by any number of samples, whole or not, by the shift theorem.

y^(f) = exp(-2 pi i f tau) x^(f),        y(t) = x(t - tau)
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import along
from jaxseis.operators._real import RealOperator, axis_of, one_array, real_dtype
from jaxseis.operators._structure import describe, freeze, is_complex, structure_of


class Shift(RealOperator):
    """``y(t) = x(t - tau)`` along an axis, by FFT, so x counts as periodic; differentiable in ``tau``.

    A real x stays real. The Nyquist frequency of an even length has no sign: the shift multiplies it by
    cos(pi tau), in samples, and is orthogonal in all other frequencies. ``A.T`` shifts by -tau.

    Arguments:
        shift: tau, in the unit of ``sampling``; one number, or an array that broadcasts to the shape of x
            without the axis: a shift for each trace.
        axis: the axis along which to shift.
        in_structure: structure of x, one array, real or complex.
        sampling: step of the axis.
        nfft: length after padding with zeros, so that less wraps around; that of the axis if None.

    Raises ValueError for an axis that x does not have, complex shifts or ones that do not broadcast, and a
    length below that of the axis.
    As PyLops ``Shift``.

    ```python
    S = Shift(0.004, 0, jnp.zeros((500, 20)), sampling=0.002)  # later by two samples
    ```
    """

    shift: Array
    axis: int = eqx.field(static=True)
    sampling: float = eqx.field(static=True)
    nfft: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, shift: Any, axis: int, in_structure: PyTree, *, sampling: float = 1.0, nfft: int | None = None):
        x = one_array("Shift", in_structure)
        self.axis, self._structure = axis_of("Shift", axis, x), freeze(x)
        self.sampling = _checks.positive("sampling of Shift", sampling, "the unit of the axis")
        length = x.shape[self.axis]
        self.nfft = length if nfft is None else _checks.whole("nfft of Shift", nfft, length)
        others = x.shape[: self.axis] + x.shape[self.axis + 1 :]
        given = jnp.asarray(shift)
        if is_complex(given) or not _fits(given.shape, others):
            raise _checks.fail(
                "shift of Shift", f"real numbers that broadcast to shape {others}", describe(structure_of(given))
            )
        self.shift = given.astype(real_dtype(x))

    @jax.jit
    def mv(self, x: Array) -> Array:
        return along(lambda v: _shifted(v, self.shift / self.sampling, self.nfft), x, self.axis)

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        return along(lambda v: _shifted(v, -self.shift / self.sampling, self.nfft), y, self.axis)

    def out_structure(self) -> PyTree:
        return self.in_structure()


def _shifted(x: Array, samples: Array, nfft: int) -> Array:
    # a Nyquist frequency loses its imaginary part in irfft, in both directions: the transpose is exact
    frequencies = (np.arange(nfft // 2 + 1) / nfft).astype(x.dtype)
    angle = 2 * np.pi * samples[..., None] * frequencies
    phase = jax.lax.complex(jnp.cos(angle), -jnp.sin(angle))
    return jnp.fft.irfft(phase * jnp.fft.rfft(x, nfft), nfft)[..., : x.shape[-1]]


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether an array of a shape broadcasts to another one."""
    return len(shape) <= len(whole) and all(n in (1, m) for n, m in zip(shape[::-1], whole[::-1], strict=False))
