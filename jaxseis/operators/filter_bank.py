"""Pairs of wavelet filters, and what transforms do with them along the axes of periodic arrays.

A bank has a low-pass and a high-pass filter that take a signal apart, and a dual pair: the transpose of the
transform with the dual filters puts it together again. An orthogonal bank is its own dual. Taps are those of
PyWavelets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import pywt

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import axes_to_transform
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import RealOperator, one_array
from jaxseis.operators._structure import freeze, tree_sum

Taps = tuple[float, ...]
Bands = dict[str, Array]


@dataclass(frozen=True)
class FilterBank:
    """Low-pass and high-pass taps, an even number of each, and those of the dual bank.

    ```python
    haar = FilterBank((s := 0.5**0.5, s), (-s, s), (s, s), (-s, s))
    DWT(jnp.zeros(8), wavelet=haar) @ jnp.arange(8.0)
    ```
    """

    low: Taps
    high: Taps
    dual_low: Taps
    dual_high: Taps

    @property
    def dual(self) -> "FilterBank":
        """The bank whose transpose puts together what this one takes apart."""
        return FilterBank(self.dual_low, self.dual_high, self.low, self.high)

    def filters(self) -> dict[str, Taps]:
        """The taps by the letters that PyWavelets has for approximation and detail."""
        return {"a": self.low, "d": self.high}

    def places(self) -> tuple[int, ...]:
        """The sample, relative to that of the result, which each tap multiplies."""
        m = len(self.low)
        return tuple(m // 2 - j for j in range(m))


class WaveletTransform(RealOperator):
    """A transform that takes one array apart level by level with the filters of a bank."""

    bank: FilterBank = eqx.field(static=True)
    level: int = eqx.field(static=True)
    axes: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        in_structure: PyTree,
        *,
        axes: int | Sequence[int] | None = None,
        wavelet: Any = "haar",
        level: int = 1,
    ):
        x = one_array(self.name, in_structure)
        self._structure, self.axes = freeze(x), axes_to_transform(self.name, axes, x)
        self.bank = filter_bank(self.name, wavelet)
        self.level = _checks.whole(f"level of {self.name}", level, 1)

    def inverse(self) -> LinearOperator:
        """The operator B for which ``B @ A`` is the identity: the transpose with the dual filters."""
        return type(self)(self.in_structure(), axes=self.axes, wavelet=self.bank.dual, level=self.level).T


def filter_bank(name: str, wavelet: Any) -> FilterBank:
    """The filters of a wavelet, given by its name, as a ``pywt.Wavelet`` or as they are."""
    if isinstance(wavelet, FilterBank):
        return wavelet
    expected = "a discrete wavelet of PyWavelets, such as 'db4' (pywt.wavelist(kind='discrete') has them all)"
    _checks.kind_is(f"wavelet of {name}", wavelet, (str, pywt.Wavelet), expected)  # type: ignore[attr-defined]
    if isinstance(wavelet, str) and wavelet not in _names():
        raise _checks.fail(f"wavelet of {name}", expected, repr(wavelet))
    found = pywt.Wavelet(wavelet) if isinstance(wavelet, str) else wavelet  # type: ignore[attr-defined]
    if found.dec_len % 2 != 0 or found.rec_len != found.dec_len:
        lengths = (found.dec_len, found.rec_len)
        raise _checks.fail(f"wavelet of {name}", "filters of one even length", lengths, "Add zeros to the taps.")
    # synthesis with filters r is the transpose of analysis with r reversed
    return FilterBank(*map(tuple, (found.dec_lo, found.dec_hi, found.rec_lo[::-1], found.rec_hi[::-1])))


@lru_cache
def _names() -> frozenset[str]:
    return frozenset(pywt.wavelist(kind="discrete"))  # type: ignore[attr-defined]


def periodic_filter(x: Array, taps: Sequence[float], places: Sequence[int], axis: int, stride: int = 1) -> Array:
    """``y_i = sum_j taps_j x_{stride i + places_j}`` along an axis, whose length the stride divides; x is periodic."""
    reach = max(map(abs, places))  # as much on both sides, so that filters of one band share the padded array
    widths = [(reach, reach) if a == axis else (0, 0) for a in range(x.ndim)]
    padded, span = jnp.pad(x, widths, "wrap"), x.shape[axis] - stride + 1

    def term(tap: float, start: int) -> Array:
        return tap * jax.lax.slice_in_dim(padded, start, start + span, stride, axis)

    return tree_sum(term(tap, reach + place) for tap, place in zip(taps, places, strict=True) if tap)


def take_apart(x: Array, axes: Sequence[int], split: Callable[[Array, int], Bands]) -> Bands:
    """The bands that ``split(x, axis)`` makes along one axis after the other, a letter for each axis."""
    bands = {"": x}
    for axis in axes:
        pairs = {key: split(band, axis) for key, band in bands.items()}
        bands = {key + letter: band for key, pair in pairs.items() for letter, band in pair.items()}
    return bands


def put_together(bands: Bands, axes: Sequence[int], join: Callable[[Bands, int], Array]) -> Array:
    """The reverse of ``take_apart``, ``join(pair, axis)`` being that of ``split``."""
    for axis in reversed(axes):
        keys = sorted({key[:-1] for key in bands})
        bands = {key: join({letter: bands[key + letter] for letter in "ad"}, axis) for key in keys}
    return bands[""]
