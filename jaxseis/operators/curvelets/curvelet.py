"""The uniform discrete curvelet transform as an operator, for arrays of any shape."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import cast, complexified, describe, freeze, is_complex, structure_of, thaw
from jaxseis.operators.curvelets.bands import tables
from jaxseis.operators.curvelets.windows import default_overlap


class Curvelet(LinearOperator):
    """Uniform discrete curvelets: a tight frame, ``C.H @ C`` is the identity, of arrays with two or more axes.

    Coefficient i of wedge l is the inner product with a plane wave packet,

        c_l[i] = sum over k of W_l(k) X(k) exp(2 pi i k . (i / L)) / sqrt(prod L),    X = unitary Fourier transform of x

    The range is a tuple over scales, from coarse to fine, of tuples over axes, of arrays (wedge, *lattice):
    ``c[j][p]`` are the wedges of scale j whose frequency is largest along axis p, in the order of their slope (see
    ``directions``). The low pass ``c[0]``, and a scale of wavelets, is one array with one wedge. Arrays of one shape
    make it quick, and ``jax.tree.map`` acts on all.

    The coefficients of a real array are complex, one half of the spectrum times sqrt(2), but for the low pass and
    wavelets, which are real. Thresholds should act on the modulus, which does not oscillate with the phase of a
    wave. Those of a complex array are complex; wedges of the other half follow along the wedge axis.

    Arguments:
        in_structure: structure of ``x``, one array of any shape.
        scales: number of scales with the low pass, at least 2.
        angles: number of wedges in each pyramid (half an axis) for each other axis: 3 or more for the coarsest scale
            of wedges, to be doubled from scale to scale; or one number for each scale but the low pass, from coarse
            to fine. The number 1 stands for wavelets, without directions: (3, 6, 1) halves the redundancy.
        overlap: how far wedges reach into the next, as a fraction of their width, above 0 and at most 1/2. More
            makes curvelets shorter, and above 1/16 makes more of them. By default a tenth of what the reference allows.

    Raises ValueError if a wedge has no frequencies (too many scales or angles for the shape), or if a number is out
    of range.
    Reference: T. T. Nguyen and H. Chauris, IEEE Transactions on Signal Processing 58 (2010), 3618-3634.

    ```python
    C = Curvelet(jnp.zeros((101, 150)), scales=3)
    c = jax.tree.map(lambda v: jnp.where(jnp.abs(v) > 0.1, v, 0), C @ x)
    x = C.H @ c
    ```
    """

    frequency: tuple[tuple[Array, ...], ...]
    weight: tuple[tuple[Array, ...], ...]
    angles: tuple[int, ...] = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self, in_structure: PyTree, scales: int = 4, angles: int | Sequence[int] = 3, overlap: float | None = None
    ):
        structure = structure_of(in_structure)
        if not isinstance(structure, jax.ShapeDtypeStruct) or len(structure.shape) < 2:
            raise _checks.fail("in_structure of Curvelet", "one array with two or more axes", describe(structure))
        self.angles, self._structure = _wedges(scales, angles), freeze(structure)
        overlap = default_overlap(self.angles) if overlap is None else _overlap(overlap)
        bands = tables(structure.shape, self.angles, overlap, is_complex(structure))
        precision = jnp.finfo(structure.dtype).dtype
        self.frequency = tuple(tuple(jnp.asarray(band.frequency) for band in scale) for scale in bands)
        self.weight = tuple(tuple(jnp.asarray(band.weight, precision) for band in scale) for scale in bands)

    # Compiled as a whole even outside of jit, where every array of coefficients would be compiled by itself.

    @jax.jit
    def mv(self, x: Array) -> PyTree:
        spectrum = jnp.fft.fftn(x).ravel()

        def band(k, w):
            return self._from_frequency(w * spectrum.at[k].get(mode="fill", fill_value=0, wrap_negative_indices=False))

        return cast(jax.tree.map(band, self.frequency, self.weight), self.out_structure())

    @jax.jit
    def transpose_mv(self, y: PyTree) -> Array:
        # Matrices of Fourier transforms are symmetric: the same steps, the other way round.
        structure = self.in_structure()
        spectrum = jnp.zeros(np.prod(structure.shape), complexified(structure).dtype)
        for k, w, c in zip(*map(jax.tree.leaves, (self.frequency, self.weight, y)), strict=True):
            spectrum = spectrum.at[k].add(w * self._from_frequency(c), mode="drop", wrap_negative_indices=False)
        return cast(jnp.fft.fftn(spectrum.reshape(structure.shape)), structure)

    def _from_frequency(self, band: Array) -> Array:
        return jnp.fft.ifftn(band, axes=range(1, band.ndim))

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        plain, wedges = self.in_structure(), complexified(self.in_structure())
        return tuple(
            tuple(jax.ShapeDtypeStruct(k.shape, (plain if n == 1 else wedges).dtype) for k in scale)
            for n, scale in zip((1, *self.angles), self.frequency, strict=True)
        )

    def directions(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """The unit wave vectors in the middle of the wedges, in cycles per sample along each axis.

        Returns, in place of every array of coefficients, an array (wedge, axis of ``x``); zeros for the low pass and
        wavelets. A wedge of a real array stands for its opposite too.

        ```python
        steep = jax.tree.map(lambda v, d: v[np.abs(d[:, 0]) > np.abs(d[:, 1])], C @ x, C.directions())
        ```
        """
        halves = (1, -1) if is_complex(self.in_structure()) else (1,)
        ndim = len(self.in_structure().shape)
        return tuple(
            (np.zeros((1, ndim)),)
            if n == 1
            else tuple(np.concatenate([h * _directions(axis, n, ndim) for h in halves]) for axis in range(ndim))
            for n in (1, *self.angles)
        )

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return sum(v.size for v in jax.tree.leaves(self.out_structure()))

    @property
    def redundancy(self) -> float:
        """The number of real numbers in ``C @ x`` over that in ``x``; a complex number counts as two."""
        return _real_numbers(self.out_structure()) / _real_numbers(self.in_structure())


def _real_numbers(structure: PyTree) -> int:
    return sum(v.size * (1 + is_complex(v)) for v in jax.tree.leaves(structure))


def _directions(axis: int, n: int, ndim: int) -> np.ndarray:
    """The middle of each wedge: -1 along the axis of the pyramid and a slope along each other."""
    slopes = (2 * np.arange(n) + 1) / n - 1
    grid = np.meshgrid(*([-1.0] if d == axis else slopes for d in range(ndim)), indexing="ij")
    vectors = np.stack([v.ravel() for v in grid], axis=-1)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _wedges(scales: int, angles: Any) -> tuple[int, ...]:
    """The number of wedges of each scale but the low pass."""
    scales = _checks.whole("scales of Curvelet", scales, 2)
    given = tuple(angles * 2**j for j in range(scales - 1)) if np.ndim(angles) == 0 else tuple(angles)
    if len(given) != scales - 1 or not all(isinstance(n, (int, np.integer)) and (n == 1 or n >= 3) for n in given):
        expected = f"{scales - 1} whole numbers, one for each of {scales} scales but the low pass, 1 or at least 3 each"
        raise _checks.fail("angles of Curvelet", expected, given)
    return tuple(map(int, given))


def _overlap(overlap: float) -> float:
    expected = "a number above 0 and at most 0.5"
    return _checks.number("overlap of Curvelet", overlap, expected, lambda a: 0 < a <= 0.5)
