"""Stationary wavelet transforms: no sample is left out, so that shifting a signal shifts its coefficients.

Level s = 0, 1, ... takes the approximations of the one before apart with taps that are 2^s samples apart,

    a'_i = sum_j (l_j / sqrt(2)) a_{i + 2^s (m/2 - j)},        d'_i = sum_j (h_j / sqrt(2)) a_{i + 2^s (m/2 - j)},

indices modulo n (Nason and Silverman, The stationary wavelet transform and some statistical applications,
Lecture Notes in Statistics 103, 1995). The factor 1/sqrt(2) makes the transform of an orthogonal wavelet an
isometry, whatever the length.
"""

from collections.abc import Sequence
from functools import partial
from math import sqrt

import jax

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


class SWT(WaveletTransform):
    """Coefficients of the stationary wavelet transform, as many as x has samples in every band.

    The result is ordered as that of ``DWT``: ``(approximation, details, ..., details)``, details from the coarsest
    level to the finest, each a dictionary with a letter for each axis, a for low and d for high frequencies.
    For an orthogonal wavelet ``A.T @ A`` is the identity; for any wavelet ``A.inverse() @ A`` is.

    Arguments:
        in_structure: structure of x, one array, real or complex; x counts as periodic.
        axes: the axes; all of them if None.
        wavelet: name of a discrete wavelet of PyWavelets, a ``pywt.Wavelet`` or a ``FilterBank``.
        level: number of levels.

    Raises ValueError for axes that x does not have, an unknown wavelet, and a level below one.
    As ``pywt.swtn`` with ``trim_approx=True, norm=True``, for any length.

    ```python
    W = SWT(jnp.zeros(101), wavelet="db4", level=3)
    approximation, coarse, middle, fine = W @ jnp.ones(101)
    ```
    """

    @jax.jit
    def mv(self, x: Array) -> PyTree:
        return linear_pair(*self._pair(), x)

    @jax.jit
    def transpose_mv(self, y: PyTree) -> Array:
        analysis, synthesis = self._pair()
        return linear_pair(synthesis, analysis, y)

    def _pair(self) -> tuple[Bound, Bound]:
        analysis = Bound(_analyse, (self.bank, self.axes, self.level))
        return analysis, Bound(_synthesise, (self.bank, self.axes))


def _analyse(bank: FilterBank, axes: tuple[int, ...], level: int, x: Array) -> PyTree:
    details = []
    for s in range(level):
        bands = take_apart(x, axes, partial(_split, bank, 2**s))
        x = bands.pop("a" * len(axes))
        details.append(bands)
    return x, *reversed(details)


def _synthesise(bank: FilterBank, axes: tuple[int, ...], coefficients: PyTree) -> Array:
    """The transpose of ``_analyse``."""
    x, *details = coefficients
    for s, bands in zip(reversed(range(len(details))), details, strict=True):
        x = put_together({"a" * len(axes): x, **bands}, axes, partial(_joined, bank, 2**s))
    return x


def _split(bank: FilterBank, step: int, x: Array, axis: int) -> Bands:
    places = [step * p for p in bank.places()]
    return {b: periodic_filter(x, _halved(taps), places, axis) for b, taps in bank.filters().items()}


def _joined(bank: FilterBank, step: int, pair: Bands, axis: int) -> Array:
    """The transpose of ``_split``."""
    places = [-step * p for p in bank.places()]
    return tree_sum(periodic_filter(pair[b], _halved(taps), places, axis) for b, taps in bank.filters().items())


def _halved(taps: Sequence[float]) -> list[float]:
    """Taps with half the energy: twice as many samples come out as of a transform that leaves out every other."""
    return [tap / sqrt(2) for tap in taps]
