"""Discrete Fourier transforms over chosen axes of an array.

    y_k = c sum_n x_n exp(-2 pi i n k / N)

with one such sum for each axis. The spectrum of a real x is known from one half of it, because
y_-k = conj(y_k). What stands for two frequencies is multiplied by sqrt(2), so that the half has the
inner product of the whole, <A x, A x'> = <x, x'> for c = 1/sqrt(N).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import axes_to_transform
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import axes_of, axis_of, one_array
from jaxseis.operators._structure import cast, complexified, freeze, is_complex, thaw

_INVERSE_NORM = {"ortho": "ortho", "backward": "forward", "forward": "backward"}


@dataclass(frozen=True)
class FullSpectrum:
    """All frequencies, for a real or complex x."""

    def forward(self, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.fft.fftn(x, axes=axes)

    def backward(self, y: Array, axes: tuple[int, ...], lengths: tuple[int, ...]) -> Array:
        """The inverse of ``forward``, and its adjoint but for the number of samples."""
        return jnp.fft.ifftn(y, axes=axes)

    def frequencies(self, n: int, is_last: bool) -> np.ndarray:
        return np.fft.fftfreq(n)


@dataclass(frozen=True)
class HalfSpectrum:
    """Frequencies from zero to Nyquist along the last of the axes, for a real x; sqrt(2) times those between."""

    def forward(self, x: Array, axes: tuple[int, ...]) -> Array:
        return _weighted(jnp.fft.rfftn(x, axes=axes), axes[-1], x.shape[axes[-1]], sqrt(2))

    def backward(self, y: Array, axes: tuple[int, ...], lengths: tuple[int, ...]) -> Array:
        """The inverse of ``forward``, and its adjoint but for the number of samples."""
        y = _weighted(y, axes[-1], lengths[-1], 1 / sqrt(2))
        return jnp.fft.irfftn(_even(y, axes, lengths[-1]), lengths, axes)

    def frequencies(self, n: int, is_last: bool) -> np.ndarray:
        return np.fft.rfftfreq(n) if is_last else np.fft.fftfreq(n)


def _weighted(y: Array, axis: int, n: int, weight: float) -> Array:
    """Half a spectrum of n samples with the frequencies that stand for two multiplied by ``weight``."""
    k = np.arange(n // 2 + 1)
    weights = np.where((k == 0) | (2 * k == n), 1.0, weight)
    return y * np.expand_dims(weights, tuple(range(1, y.ndim - axis))).astype(y.real.dtype)


def _even(y: Array, axes: tuple[int, ...], n: int) -> Array:
    """The part of ``y_-k = conj(y_k)`` where both are in the half: what an inverse transform may rely on.

    Along one axis there is nothing to do, because only the real part of those frequencies is used.
    """
    *others, last = axes
    for k in {0, n // 2} if others else ():
        if 2 * k % n == 0:
            at = (slice(None),) * last + (slice(k, k + 1),)
            mirrored = jnp.roll(jnp.flip(y[at], others), [1] * len(others), others)
            y = y.at[at].set((y[at] + mirrored.conj()) / 2)
    return y


class FFT(LinearOperator):
    """``y_k = c sum_n x_n exp(-2 pi i n k / N)`` along each axis.

    With the norm "ortho", c = 1/sqrt(N), an isometry: ``A.H @ A`` is the identity.

    Arguments:
        in_structure: structure of x, one array, real or complex. The result is complex.
        axes: the axes; all of them if None.
        nfft: lengths N, one for each of the axes; x is padded with zeros. Those of x if None.
        norm: "ortho", "backward" (c = 1) or "forward" (c = 1/N).
        spectrum: ``HalfSpectrum()``, of the last of the axes, the default for a real x, or ``FullSpectrum()``.
        ifftshift_before: axes on which the origin of x is its middle sample, n // 2.
        fftshift_after: axes on which frequency zero comes in the middle of the result, at N // 2.

    Raises ValueError for axes that x does not have, lengths smaller than those of x, an unknown norm,
    half the spectrum of a complex x, and a shift of the axis that is halved.
    As PyLops ``FFT``, ``FFT2D`` and ``FFTND``, but a padded x keeps its middle as origin.

    ```python
    F = FFT(jnp.zeros((50, 200)), axes=-1)
    F.H @ (F @ jnp.ones((50, 200)))  # ones; F @ x has shape (50, 101)
    ```
    """

    axes: tuple[int, ...] = eqx.field(static=True)
    nfft: tuple[int, ...] = eqx.field(static=True)
    norm: str = eqx.field(static=True)
    spectrum: FullSpectrum | HalfSpectrum = eqx.field(static=True)
    ifftshift_before: tuple[int, ...] = eqx.field(static=True)
    fftshift_after: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        in_structure: PyTree,
        *,
        axes: int | Sequence[int] | None = None,
        nfft: int | Sequence[int] | None = None,
        norm: str = "ortho",
        spectrum: FullSpectrum | HalfSpectrum | None = None,
        ifftshift_before: int | Sequence[int] = (),
        fftshift_after: int | Sequence[int] = (),
    ):
        x = one_array("FFT", in_structure)
        self._structure, self.axes = freeze(x), axes_to_transform("FFT", axes, x)
        self.nfft = _lengths(nfft, tuple(x.shape[a] for a in self.axes))
        if norm not in _INVERSE_NORM:
            raise _checks.fail("norm of FFT", f"one of {', '.join(_INVERSE_NORM)}", norm)
        self.norm = norm
        known = "FullSpectrum() or HalfSpectrum(), or None"
        _checks.kind_is("spectrum of FFT", spectrum, (FullSpectrum, HalfSpectrum, type(None)), known)
        self.spectrum = spectrum or (FullSpectrum() if is_complex(x) else HalfSpectrum())
        self.ifftshift_before = axes_of("FFT", ifftshift_before, x)
        self.fftshift_after = axes_of("FFT", fftshift_after, x)
        self._check_fit(x)

    def _check_fit(self, x: jax.ShapeDtypeStruct) -> None:
        if not {*self.ifftshift_before, *self.fftshift_after} <= set(self.axes):
            shifted = (self.ifftshift_before, self.fftshift_after)
            raise _checks.fail("shifts of FFT", f"axes among those transformed, {self.axes}", shifted)
        if self.spectrum == HalfSpectrum() and is_complex(x):
            raise _checks.fail("spectrum of FFT", "FullSpectrum() of complex numbers", self.spectrum)
        if self.spectrum == HalfSpectrum() and self.axes[-1] in self.fftshift_after:
            remedy = "Put another axis last, or take FullSpectrum()."
            raise _checks.fail("fftshift_after of FFT", f"not axis {self.axes[-1]}, which is halved", self.axes, remedy)

    @jax.jit
    def mv(self, x: Array) -> Array:
        padded = jnp.fft.ifftshift(jnp.pad(x, self._widths()), self.ifftshift_before)
        y = self._factor() * self.spectrum.forward(padded, self.axes)
        return jnp.fft.fftshift(y, self.fftshift_after)

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        # written through the adjoint: the conjugates cancel those that A.H puts around the transpose
        return jnp.conj(self._adjoint_mv(jnp.conj(y)))

    def _adjoint_mv(self, y: Array) -> Array:
        factor = self._factor() * prod(self.nfft)
        padded = self.spectrum.backward(jnp.fft.ifftshift(y, self.fftshift_after), self.axes, self.nfft)
        x = factor * jnp.fft.fftshift(padded, self.ifftshift_before)
        inside = (slice(a, n - b) for n, (a, b) in zip(x.shape, self._widths(), strict=True))
        return cast(x[tuple(inside)], self.in_structure())

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        x, shape = self.in_structure(), list(self.in_structure().shape)
        for axis in self.axes:
            shape[axis] = len(self.frequencies(axis))
        return complexified(jax.ShapeDtypeStruct(tuple(shape), x.dtype))

    def inverse(self) -> "LinearOperator":
        """The operator B for which ``B @ A`` is the identity."""
        return FFT(
            self.in_structure(),
            axes=self.axes,
            nfft=self.nfft,
            norm=_INVERSE_NORM[self.norm],
            spectrum=self.spectrum,
            ifftshift_before=self.ifftshift_before,
            fftshift_after=self.fftshift_after,
        ).H

    def frequencies(self, axis: int, sampling: float = 1.0) -> np.ndarray:
        """Frequencies along an axis of the result, in cycles per unit of ``sampling``, the step of x."""
        axis = axis_of("FFT", axis, self.in_structure())
        f = self.spectrum.frequencies(self.nfft[self.axes.index(axis)], axis == self.axes[-1]) / sampling
        return np.fft.fftshift(f) if axis in self.fftshift_after else f

    def _factor(self) -> float:
        return {"ortho": prod(self.nfft) ** -0.5, "backward": 1.0, "forward": 1 / prod(self.nfft)}[self.norm]

    def _widths(self) -> list[tuple[int, int]]:
        """Zeros before and after, for each axis of x."""
        widths = [(0, 0)] * len(self.in_structure().shape)
        for axis, length in zip(self.axes, self.nfft, strict=True):
            n = self.in_structure().shape[axis]
            before = length // 2 - n // 2 if axis in self.ifftshift_before else 0
            widths[axis] = (before, length - n - before)
        return widths


def _lengths(nfft: int | Sequence[int] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One length for each axis, none below that of x."""
    if nfft is None:
        return shape
    lengths = tuple(_checks.whole("nfft of FFT", n, 1) for n in np.ravel(nfft))
    if len(lengths) != len(shape) or any(n < m for n, m in zip(lengths, shape, strict=False)):
        raise _checks.fail("nfft of FFT", f"{len(shape)} lengths, none below those of x, {shape}", nfft)
    return lengths
