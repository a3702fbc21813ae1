"""Discrete wavelet transforms over chosen axes, periodic.

One level takes a signal of even length n along an axis apart into n/2 approximations and n/2 details,

    a_k = sum_j l_j x_{2k + m/2 - j},        d_k = sum_j h_j x_{2k + m/2 - j},        j = 0 ... m - 1,

indices modulo n, with the m taps l, h of a wavelet; further levels take the approximations apart (Mallat, A
theory for multiresolution signal decomposition, IEEE Trans. PAMI 11, 1989). With the taps of an orthogonal
wavelet the transform is orthogonal. A length that the number of levels does not halve evenly is padded with
zeros to the next one, which leaves inner products as they are.
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._pair import Bound, linear_pair
from jaxseis.operators._structure import tree_sum
from jaxseis.operators.filter_bank import (
    Bands,
    FilterBank,
    WaveletTransform,
    periodic_filter,
    put_together,
    take_apart,
)


class DWT(WaveletTransform):
    """Wavelet coefficients: approximations of the last level, then details from the coarsest level to the finest.

    The result is a tuple ``(approximation, details, ..., details)``. Details are a dictionary with a letter for each
    axis, a for low and d for high frequencies along it: "ad", "da" and "dd" for two axes. For an orthogonal
    wavelet ``A.T @ A`` is the identity; for any wavelet ``A.inverse() @ A`` is.

    Arguments:
        in_structure: structure of x, one array, real or complex.
        axes: the axes; all of them if None.
        wavelet: name of a discrete wavelet of PyWavelets, a ``pywt.Wavelet`` or a ``FilterBank``.
        level: number of levels L; lengths that are no multiples of 2^L are padded with zeros at the end.

    Raises ValueError for axes that x does not have, an unknown wavelet, and a level below one.
    As PyLops ``DWT``, ``DWT2D``, ``DWTND``, and ``pywt.wavedecn`` in mode "periodization" for multiples of 2^L.

    ```python
    W = DWT(jnp.zeros((64, 100)), wavelet="db4", level=3)
    c = W @ jnp.ones((64, 100))
    sparse = jax.tree.map(lambda v: jnp.where(abs(v) > 0.1, v, 0), c)
    x = W.inverse() @ sparse
    ```
    """

    @jax.jit
    def mv(self, x: Array) -> PyTree:
        return linear_pair(*self._pair(), jnp.pad(x, self._widths()))

    @jax.jit
    def transpose_mv(self, y: PyTree) -> Array:
        analysis, synthesis = self._pair()
        x = linear_pair(synthesis, analysis, y)
        return x[tuple(slice(n) for n in self.in_structure().shape)]

    def _pair(self) -> tuple[Bound, Bound]:
        analysis = Bound(_analyse, (self.bank, self.axes, self.level))
        return analysis, Bound(_synthesise, (self.bank, self.axes))

    def _widths(self) -> list[tuple[int, int]]:
        shape = self.in_structure().shape
        return [(0, -n % 2**self.level if axis in self.axes else 0) for axis, n in enumerate(shape)]


def _analyse(bank: FilterBank, axes: tuple[int, ...], level: int, x: Array) -> PyTree:
    details = []
    for _ in range(level):
        bands = take_apart(x, axes, partial(_split, bank))
        x = bands.pop("a" * len(axes))
        details.append(bands)
    return x, *reversed(details)


def _synthesise(bank: FilterBank, axes: tuple[int, ...], coefficients: PyTree) -> Array:
    """The transpose of ``_analyse``."""
    x, *details = coefficients
    for bands in details:
        x = put_together({"a" * len(axes): x, **bands}, axes, partial(_joined, bank))
    return x


def _split(bank: FilterBank, x: Array, axis: int) -> Bands:
    places = bank.places()
    return {letter: periodic_filter(x, taps, places, axis, stride=2) for letter, taps in bank.filters().items()}


def _joined(bank: FilterBank, pair: Bands, axis: int) -> Array:
    """The transpose of ``_split``: even samples and odd ones, in turn."""
    even, odd = (tree_sum(_phase(pair[b], taps, bank, p, axis) for b, taps in bank.filters().items()) for p in (0, 1))
    shape = list(even.shape)
    shape[axis] *= 2
    return jnp.stack([even, odd], axis + 1).reshape(shape)


def _phase(band: Array, taps: Sequence[float], bank: FilterBank, phase: int, axis: int) -> Array:
    """``x_{2i + phase}`` as far as it comes from one band: tap j met ``x_{2k + places_j}`` in sample k."""
    met = [(t, (phase - p) // 2) for t, p in zip(taps, bank.places(), strict=True) if (phase - p) % 2 == 0]
    return periodic_filter(band, *zip(*met, strict=True), axis=axis)
