r"""The tables of the transform: which frequency stands at which point of a coefficient lattice, and its weight.

A wedge is a set of frequencies k, integer vectors of which several may differ by a period, and weights W(k) > 0.
Its coefficients are an inverse Fourier transform over a lattice of L = (L_1, ..., L_D) points, on which W(k) X(k mod N)
stands at k mod L. As long as no two frequencies of a wedge meet there (nor in the spectrum X: a wedge is narrower
than a period), the normal operator of the wedge is multiplication of X by W(k)^2, for any N and L, and that of all
wedges is the identity if

    sum of W(k)^2 over all wedges and all their k with the same k mod N  =  1

which division of the weights by the root of the sum achieves. No length need divide another.

Lattices start at the decimation of Nguyen and Chauris, 2^(s+1) along the axis of the pyramid and 2^(s+1) n/3
along the others, rounded up to lengths that are quick to transform. They grow where frequencies meet.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from scipy.fft import next_fast_len

from jaxseis import _checks
from jaxseis.operators.curvelets.windows import low_pass, ring, slope, wedge

_SMALLEST = 1e-5
"""Smaller weights are left out; the division makes up for them."""


class Tables(NamedTuple):
    """Arrays of shape (wedge, *lattice): where in the raveled spectrum the frequency is, and its weight.

    Nothing stands at a point of a lattice if its frequency is beyond the end of the spectrum; its weight is 0.
    """

    frequency: np.ndarray
    weight: np.ndarray


class _Wedge(NamedTuple):
    k: np.ndarray  # (number, D)
    weight: np.ndarray  # (number,)


class _Band(NamedTuple):
    wedges: list[_Wedge]
    lattice: tuple[int, ...]
    is_directional: bool  # wedges on one half of the spectrum, to be mirrored, and not sets with -k for each k


@lru_cache(maxsize=2)
def tables(
    shape: tuple[int, ...], angles: tuple[int, ...], overlap: float, both_halves: bool
) -> tuple[tuple[Tables, ...], ...]:
    """By scale from coarse to fine, then by axis. Wedges on the other half of the spectrum follow if asked for."""
    scales: list[tuple[_Band, ...]] = [(_isotropic(shape, low_pass, len(angles)),)]
    for s, n in zip(reversed(range(len(angles))), angles, strict=True):
        scales.append(_scale(shape, s, n, overlap))
    _check_wedges(scales, shape)
    total = np.sum([_energy(band, shape) for bands in scales for band in bands], axis=0)
    return tuple(tuple(_tables(band, total, shape, both_halves) for band in bands) for bands in scales)


def _scale(shape: tuple[int, ...], s: int, n: int, overlap: float) -> tuple[_Band, ...]:
    if n == 1:
        return (_isotropic(shape, ring if s > 0 else _outermost, s),)
    return tuple(_directional(shape, axis, s, n, overlap) for axis in range(len(shape)))


def _outermost(q: list[np.ndarray], s: int) -> np.ndarray:
    """F_0 with its repeats, which reach beyond Nyquist's frequency."""
    return 1 - low_pass(q, s + 1)


def _check_wedges(scales: list[tuple[_Band, ...]], shape: tuple[int, ...]) -> None:
    for j, bands in enumerate(scales):
        for axis, band in enumerate(bands):
            if not all(len(w.k) for w in band.wedges):
                expected = f"frequencies of an array of shape {shape} in every wedge"
                got = f"wedges of scale {j} along axis {axis} without any"
                raise _checks.fail("scales and angles of Curvelet", expected, got, "Use fewer scales, or fewer angles.")


def _isotropic(shape: tuple[int, ...], window: Callable, s: int) -> _Band:
    """All directions at once: the frequencies of one period, on a lattice that holds those up to 2^-s."""
    k, q = _grid([np.arange(-(n // 2), (n + 1) // 2) for n in shape], shape)
    lattice = tuple(min(n, _quick(-(-2 * n // 2**s))) for n in shape)
    return _Band([_wedge(k, window(q, s))], lattice, False)


def _directional(shape: tuple[int, ...], axis: int, s: int, n: int, overlap: float) -> _Band:
    """The wedges of the pyramid q_p < 0, not reduced to a period: those of scale 0 pass Nyquist's frequency."""
    ends = [2 * m // (3 * 2**s) for m in shape]
    k, q = _grid([np.arange(-e, 0 if d == axis else e + 1) for d, e in enumerate(ends)], shape)
    squared = ring(q, s)
    inside = squared > 0
    k, q, squared = _pick(k, inside), _pick(q, inside), squared[inside]
    u = [n * (slope(q[axis], v) + 1) / 2 for d, v in enumerate(q) if d != axis]
    wedges = []
    for numbers in product(range(n), repeat=len(u)):
        across = [v - number for v, number in zip(u, numbers, strict=True)]
        inside = np.all([np.abs(v - 0.5) < 0.5 + overlap for v in across], axis=0)
        factors = [wedge(v, overlap) for v in _pick(across, inside)]
        wedges.append(_wedge(_pick(k, inside), squared[inside] * prod(factors)))
    return _Band(wedges, _lattice(wedges, shape, axis, s, n), True)


def _grid(k: list[np.ndarray], shape: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The integers k of each axis and the frequencies q = 3 k / 2N, to broadcast."""
    grid = list(np.meshgrid(*k, indexing="ij", sparse=True))
    return grid, [1.5 * v / n for v, n in zip(grid, shape, strict=True)]


def _pick(arrays: list[np.ndarray], where: np.ndarray) -> list[np.ndarray]:
    return [np.broadcast_to(v, where.shape)[where] for v in arrays]


def _wedge(k: list[np.ndarray], squared: np.ndarray) -> _Wedge:
    kept = squared > _SMALLEST**2
    return _Wedge(np.stack(_pick(k, kept), axis=-1), np.sqrt(squared[kept]))


def _lattice(wedges: list[_Wedge], shape: tuple[int, ...], axis: int, s: int, n: int) -> tuple[int, ...]:
    """The lengths of a lattice on which no two frequencies of a wedge meet."""
    steps = [2 ** (s + 1) * (3 if d == axis else n) for d in range(len(shape))]
    lattice = tuple(_quick(-(-3 * m // t)) for m, t in zip(shape, steps, strict=True))
    while any(np.bincount(_place(w.k, lattice)).max() > 1 for w in wedges if len(w.k)):
        lattice = tuple(_quick(length + 1) for length in lattice)
    return lattice


def _quick(length: int) -> int:
    """The next length that is quick to transform."""
    return next_fast_len(length)  # type: ignore[return-value]


def _place(k: np.ndarray, lengths: tuple[int, ...]) -> np.ndarray:
    """Where in a raveled array of these lengths frequency k stands."""
    return np.asarray(np.ravel_multi_index(tuple((k % lengths).T), lengths))


def _energy(band: _Band, shape: tuple[int, ...]) -> np.ndarray:
    """What the band adds to the sum of squared weights."""
    wedges = _with_mirror(band) if band.is_directional else band.wedges
    at = np.concatenate([_place(w.k, shape) for w in wedges])
    return np.bincount(at, np.concatenate([w.weight**2 for w in wedges]), minlength=prod(shape))


def _with_mirror(band: _Band) -> list[_Wedge]:
    return band.wedges + [_Wedge(-w.k, w.weight) for w in band.wedges]


def _tables(band: _Band, total: np.ndarray, shape: tuple[int, ...], both_halves: bool) -> Tables:
    """The factor is that of a unitary transform over that of ``numpy.fft``, and sqrt(2) for half a spectrum."""
    wedges = _with_mirror(band) if band.is_directional and both_halves else band.wedges
    halves = 2 if band.is_directional and not both_halves else 1
    factor = np.sqrt(halves * prod(band.lattice) / prod(shape))
    frequency = np.full((len(wedges), prod(band.lattice)), prod(shape), np.int32)
    weight = np.zeros(frequency.shape)
    for i, w in enumerate(wedges):
        here, there = _place(w.k, band.lattice), _place(w.k, shape)
        frequency[i, here] = there
        weight[i, here] = factor * w.weight / np.sqrt(total[there])
    return Tables(frequency.reshape(-1, *band.lattice), weight.reshape(-1, *band.lattice))
