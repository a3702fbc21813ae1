"""Gaussian random fields of a given covariance, by circulant embedding.

A field with zero mean and ``E f(x) f(y) = C(x - y)`` on a grid is a window of one on a larger, periodic grid, whose
covariance matrix is circulant: the Fourier transform diagonalises it, and with w white noise

    f = F^-1 sqrt(s) F w,    s = F C,

has that covariance exactly, as long as the embedding has s >= 0. The grid is extended until it has.

Two families of C, functions of the scaled distance ``r^2 = sum_i (x_i / a_i)^2``, with C(0) = 1:

    Gaussian      exp(-r^2 / 2)
    von Karman    2^(1 - h) / Gamma(h) r^h K_h(r),    0 < h <= 1;    h = 1/2 is exp(-r)

The first gives smooth fields, the second fractal ones of Hurst exponent h, as well logs have them.

Dietrich and Newsam, SIAM J. Sci. Comput. 18 (1997), 1088-1107; Goff and Jordan, J. Geophys. Res. 93 B11 (1988).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.grid import Grid

GROWTH = (1, 2, 4, 8)  # of the periodic grid, until the spectrum is positive
ROUNDING = 1e-9  # of the largest value of the spectrum


@dataclass(frozen=True)
class GaussianCorrelation:
    """``exp(-r^2 / 2)``: smooth fields.

    Arguments:
        lengths: a_i along each axis (x[, y], z), metres.

    ```python
    GaussianCorrelation((400.0, 100.0))
    ```
    """

    lengths: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", _lengths(self.lengths))

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """C at scaled distances r."""
        return np.exp(-0.5 * r**2)


@dataclass(frozen=True)
class VonKarmanCorrelation:
    """``2^(1 - h) / Gamma(h) r^h K_h(r)``: rough fields.

    Arguments:
        lengths: a_i along each axis (x[, y], z), metres.
        hurst: h, above 0 and up to 1; the smaller, the rougher.

    ```python
    VonKarmanCorrelation((1000.0, 100.0), hurst=0.3)
    ```
    """

    lengths: Sequence[float]
    hurst: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", _lengths(self.lengths))
        _checks.number("hurst", self.hurst, "a number above 0 and up to 1", lambda h: 0 < h <= 1)

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """C at scaled distances r."""
        h, apart = self.hurst, np.where(r == 0, 1.0, r)
        return np.where(r == 0, 1.0, 2 ** (1 - h) / special.gamma(h) * apart**h * special.kv(h, apart))


Correlation = GaussianCorrelation | VonKarmanCorrelation


def random_field(key: Array, grid: Grid, correlation: Correlation) -> Array:
    """A Gaussian random field on a grid, of mean zero and deviation one; `jax.vmap` over keys for many.

    Arguments:
        key: random key.
        grid: one, two or three axes.
        correlation: `GaussianCorrelation` or `VonKarmanCorrelation`, with a length for each axis.

    Returns an array of shape ``grid.shape``, not periodic. Its covariance at the nodes is that of the correlation.
    Raises ValueError for another number of lengths than axes, or lengths too large for the grid.

    ```python
    grid = Grid((101, 101), 20.0)
    field = random_field(jax.random.key(0), grid, VonKarmanCorrelation((400.0, 80.0), hurst=0.3))
    velocity = 2.5 + 0.2 * field  # km/s
    ```
    """
    amplitude = _amplitude(grid, correlation)
    white = jax.random.normal(key, amplitude.shape)
    field = jnp.fft.ifftn(jnp.fft.fftn(white) * jnp.asarray(amplitude, white.dtype)).real
    return field[tuple(slice(n) for n in grid.shape)]


@lru_cache(maxsize=16)
def _amplitude(grid: Grid, correlation: Correlation) -> np.ndarray:
    """``sqrt(s)`` on the smallest periodic grid where s is not negative."""
    if len(correlation.lengths) != grid.ndim:
        raise _checks.fail("correlation.lengths", f"{grid.ndim} lengths, one per axis", correlation.lengths)
    for growth in GROWTH:
        spectrum = _spectrum(grid, correlation, growth)
        if spectrum.min() >= -ROUNDING * spectrum.max():
            return np.sqrt(np.maximum(spectrum, 0.0))
    raise _checks.fail(
        "correlation.lengths", f"lengths that are small beside the grid, {grid.extent} m", correlation.lengths
    )


def _spectrum(grid: Grid, correlation: Correlation, growth: int) -> np.ndarray:
    """The transform of C on a periodic grid, twice ``growth`` times as large as the grid."""
    distances = []
    for n, h, a in zip(grid.shape, grid.spacing, correlation.lengths, strict=True):
        size = 2 * growth * n
        distances.append(h * np.minimum(np.arange(size), size - np.arange(size)) / a)
    r = np.sqrt(sum(d**2 for d in np.meshgrid(*distances, indexing="ij", sparse=True)))
    return np.fft.fftn(correlation(r)).real


def _lengths(lengths: Sequence[float]) -> tuple[float, ...]:
    return tuple(_checks.positive("lengths", a, "metres") for a in np.atleast_1d(lengths))
