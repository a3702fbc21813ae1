"""Convolution with a kernel along chosen axes, linear or circular.

    y_i = sum_j h_j x_{i - j + offset}

where x counts as zero outside (``Convolve``) or as periodic (``CircularConvolve``). The transpose is the
same with the kernel reversed and the offset counted from its other end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import axes_of, one_array, one_each, real_dtype
from jaxseis.operators._structure import as_inexact, cast, complexified, freeze, is_complex, thaw, tree_sum

Sizes = tuple[int, ...]
_MOST_TAPS = 32
"""Up to so many taps for each axis a sum over them is faster than Fourier transforms, on processors."""


@dataclass(frozen=True)
class Direct:
    """A sum of shifted copies of x, one for each tap; the work grows with the kernel."""

    def __call__(self, x: Array, kernel: Array, offset: Sizes, axes: Sizes, extension: str) -> Array:
        widths = [(0, 0)] * x.ndim
        for axis, o in zip(axes, offset, strict=True):
            widths[axis] = (kernel.shape[axis] - 1 - o, o)
        padded = jnp.pad(x, widths, extension)

        def term(tap: Sizes) -> Array:
            h, window = kernel, padded
            for axis, j in zip(axes, tap, strict=True):
                h = jax.lax.slice_in_dim(h, j, j + 1, axis=axis)
                start = kernel.shape[axis] - 1 - j
                window = jax.lax.slice_in_dim(window, start, start + x.shape[axis], axis=axis)
            return h * window

        return tree_sum(map(term, np.ndindex(*(kernel.shape[a] for a in axes))))


@dataclass(frozen=True)
class ByFFT:
    """A product of Fourier transforms; the work hardly depends on the kernel."""

    def __call__(self, x: Array, kernel: Array, offset: Sizes, axes: Sizes, extension: str) -> Array:
        is_real = not (is_complex(x) or is_complex(kernel))
        forward, backward = (jnp.fft.rfftn, jnp.fft.irfftn) if is_real else (jnp.fft.fftn, jnp.fft.ifftn)
        sizes = [(x.shape[a], kernel.shape[a], o) for a, o in zip(axes, offset, strict=True)]
        lengths = [n if extension == "wrap" else _length(n, taps, o) for n, taps, o in sizes]
        widths = [(0, 0)] * x.ndim
        for axis, length in zip(axes, lengths, strict=True):
            widths[axis] = (0, length - kernel.shape[axis])
        centred = jnp.roll(jnp.pad(kernel, widths), [-o for o in offset], axes)
        y = backward(forward(x, lengths, axes) * forward(centred, axes=axes), lengths, axes)
        return y[tuple(slice(n) for n in x.shape)]


def _length(n: int, taps: int, offset: int) -> int:
    """A quick length at which nothing wraps around into the n samples that are kept."""
    return int(next_fast_len(max(n + max(offset, taps - 1 - offset), taps), real=True))  # type: ignore[arg-type]


class _Convolution(LinearOperator):
    """A convolution of x extended beyond its ends in one way or the other."""

    kernel: Array
    axes: Sizes = eqx.field(static=True)
    offset: Sizes = eqx.field(static=True)
    method: Callable = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)
    _extension: ClassVar[str]

    def __init__(
        self,
        kernel: Any,
        in_structure: PyTree,
        *,
        axes: int | Sequence[int] | None = None,
        offset: int | Sequence[int] = 0,
        method: Direct | ByFFT | None = None,
    ):
        known = "Direct() or ByFFT(), or None"
        _checks.kind_is(f"method of {self.name}", method, (Direct, ByFFT, type(None)), known)
        x, h = one_array(self.name, in_structure), as_inexact(kernel)
        self._structure = freeze(x)
        axes = range(max(0, len(x.shape) - h.ndim), len(x.shape)) if axes is None else axes
        self.axes = tuple(sorted(axes_of(self.name, axes, x)))  # type: ignore[arg-type]
        self.kernel = h.astype(np.result_type(real_dtype(x), np.complex64) if is_complex(h) else real_dtype(x))
        _check_kernel(self.name, h.shape, x.shape, self.axes)
        taps = self._taps()
        self.offset = _offsets(self.name, offset, taps)
        self.method = method or (Direct() if prod(taps) <= _MOST_TAPS * len(taps) else ByFFT())

    @jax.jit
    def mv(self, x: Array) -> Array:
        return self.method(x, self._whole_kernel(), self.offset, self.axes, self._extension)

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        offset = tuple(n - 1 - o for n, o in zip(self._taps(), self.offset, strict=True))
        reverse = jnp.flip(self._whole_kernel(), self.axes)
        return cast(self.method(y, reverse, offset, self.axes, self._extension), self.in_structure())

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        x = self.in_structure()
        return complexified(x) if is_complex(self.kernel) else x

    def conj(self) -> LinearOperator:
        return super().conj() if is_complex(self.kernel) else self

    def _whole_kernel(self) -> Array:
        """The kernel with as many axes as x."""
        ndim = len(self.in_structure().shape)
        others = tuple(a for a in range(ndim) if a not in self.axes)
        return self.kernel if self.kernel.ndim == ndim else jnp.expand_dims(self.kernel, others)

    def _taps(self) -> Sizes:
        """The length of the kernel along each of the axes."""
        shape = self._whole_kernel().shape
        return tuple(shape[a] for a in self.axes)


def _check_kernel(name: str, kernel: Sizes, x: Sizes, axes: Sizes) -> None:
    fits = len(axes) > 0 and len(kernel) in (len(axes), len(x)) and 0 not in kernel
    if fits and len(kernel) > len(axes):
        fits = all(kernel[a] in (1, x[a]) for a in range(len(x)) if a not in axes)
    if not fits:
        expected = f"taps along axes {axes}, the same for all or for each trace of shape {x}"
        raise _checks.fail(f"kernel of {name}", expected, f"shape {kernel}")


def _offsets(name: str, offset: int | Sequence[int], taps: Sizes) -> Sizes:
    found = tuple(_checks.whole(f"offset of {name}", o, 0) for o in one_each(f"offset of {name}", offset, len(taps)))
    if any(o >= n for o, n in zip(found, taps, strict=True)):
        raise _checks.fail(f"offset of {name}", f"indices of taps, each below its length in {taps}", offset)
    return found


class Convolve(_Convolution):
    """``y_i = sum_j h_j x_{i - j + offset}`` with x zero outside: as many samples come out as go in.

    Differentiable in the kernel.

    Arguments:
        kernel: h, one axis for each of ``axes``, which it follows in increasing order; or as many axes as x,
            one kernel for each trace. A complex one makes the result complex.
        in_structure: structure of x, one array, real or complex.
        axes: the axes; the last ones if None, as many as the kernel has.
        offset: index of the tap at time zero; one, or one for each axis.
        method: ``Direct()`` or ``ByFFT()``; by the number of taps if None.

    Raises ValueError if the kernel does not fit the axes or the offset lies outside of it.
    As PyLops ``Convolve1D``, ``Convolve2D`` and ``ConvolveND``.

    ```python
    Convolve(jnp.array([1.0, 2.0, 3.0]), jnp.zeros(5), offset=1) @ jnp.eye(5)[2]  # [0, 1, 2, 3, 0]
    ```
    """

    _extension: ClassVar[str] = "constant"


class CircularConvolve(_Convolution):
    """``y_i = sum_j h_j x_{(i - j + offset) mod n}``: x is periodic. Differentiable in the kernel.

    Arguments:
        kernel, in_structure, axes, offset, method: as for ``Convolve``; the kernel is not longer than x.

    Raises ValueError as ``Convolve`` does, and for a kernel that is longer than x.

    ```python
    CircularConvolve(jnp.array([1.0, 2.0, 3.0]), jnp.zeros(5)) @ jnp.eye(5)[4]  # [2, 3, 0, 0, 1]
    ```
    """

    _extension: ClassVar[str] = "wrap"

    def __check_init__(self) -> None:
        n = tuple(self.in_structure().shape[a] for a in self.axes)
        if any(k > m for k, m in zip(self._taps(), n, strict=True)):
            raise _checks.fail("kernel of CircularConvolve", f"at most {n} taps", f"{self._taps()}")
