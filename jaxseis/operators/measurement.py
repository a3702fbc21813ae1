"""Random measurements for compressed sensing: random convolution, and matrices of normal numbers.

Random convolution (Romberg, SIAM J. Imaging Sci. 2, 2009) is the orthogonal map

    x -> s F^-1 (phi F x),        |phi| = 1,  s = +1 or -1 at random,

where phi is the Fourier transform of noise divided by its modulus: its symmetry keeps real signals real. Measure by
composing with a ``Restriction``.

The entries of a Gaussian matrix with m rows are independent, normal, of mean 0 and variance 1 / m, so that lengths are
kept on average. Row blocks have keys of their own: the matrix can be stored, or made again in every product.
"""

from collections.abc import Callable
from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import RealOperator, one_array, real_dtype
from jaxseis.operators._structure import freeze, is_complex, thaw

_BLOCK = 2**20
"""Entries of a Gaussian matrix that are made at a time."""


class RandomPhase(RealOperator):
    """``x -> s F^-1 (phi F x)``: convolution with random phases, then random signs; orthogonal.

    The Fourier transform is over all axes, and periodic. What is random is stored, not made again.

    Arguments:
        key: random key.
        in_structure: structure of x, one array.

    Returns an operator from and to the shape of x; its transpose is its inverse.

    ```python
    Phi = Restriction([0, 3, 4], 0, jnp.zeros(8)) @ RandomPhase(jax.random.key(0), jnp.zeros(8))
    ```
    """

    phases: Array
    signs: Array
    _structure: tuple = eqx.field(static=True)

    def __init__(self, key: Array, in_structure: PyTree):
        structure = one_array("RandomPhase", in_structure)
        noise, signs = jax.random.split(key)
        self._structure, dtype = freeze(structure), real_dtype(structure)
        self.signs = jax.random.rademacher(signs, structure.shape, dtype)
        spectrum = self._to_frequency(jax.random.normal(noise, structure.shape, dtype).astype(structure.dtype))
        self.phases = spectrum / jnp.abs(spectrum)

    @jax.jit
    def mv(self, x: Array) -> Array:
        return self.signs * self._to_space(self.phases * self._to_frequency(x))

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        return self._to_space(self.phases.conj() * self._to_frequency(self.signs * y))

    def out_structure(self) -> PyTree:
        return self.in_structure()

    def _to_frequency(self, x: Array) -> Array:
        return jnp.fft.fftn(x) if is_complex(self.in_structure()) else jnp.fft.rfftn(x)

    def _to_space(self, spectrum: Array) -> Array:
        structure = self.in_structure()
        axes = range(len(structure.shape))
        if is_complex(structure):
            return jnp.fft.ifftn(spectrum)
        return jnp.fft.irfftn(spectrum, structure.shape, axes)


class _Gaussian(LinearOperator):
    """A random matrix on the entries of one array."""

    rows: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        return jax.ShapeDtypeStruct((self.rows,), self.in_structure().dtype)


class Gaussian(_Gaussian):
    """``x -> sum_j G_ij x_j`` with a matrix of normal numbers that is never stored: its rows are made when needed.

    Equal to ``GaussianMatrix`` with the same key; slower, but without its memory.

    Arguments:
        key: random key.
        rows: number m of measurements.
        in_structure: structure of x, one array of any shape; for complex x the entries are complex.
        kind: "plain", or "normalized", which divides each column by its length.

    Returns an operator to vectors (rows,). Raises ValueError for another kind.

    ```python
    y = Gaussian(jax.random.key(0), 5, jnp.zeros((4, 3))) @ jnp.ones((4, 3))
    ```
    """

    key: Array
    scale: Array
    implementation: str = eqx.field(static=True)

    def __init__(self, key: Array, rows: int, in_structure: PyTree, *, kind: str = "plain"):
        self._structure = freeze(one_array("Gaussian", in_structure))
        self.rows = _checks.whole("rows of Gaussian", rows, 1)
        # as plain numbers, which every transformation of JAX takes
        self.key, self.implementation = jax.random.key_data(key), str(jax.random.key_impl(key))
        if kind not in ("plain", "normalized"):
            remedy = "A matrix that is not stored cannot be made orthonormal: use GaussianMatrix."
            raise _checks.fail("kind of Gaussian", "plain or normalized", kind, remedy)
        lengths = _column_lengths(self) if kind == "normalized" else jnp.asarray(self.rows**0.5)
        self.scale = (1 / lengths).astype(real_dtype(self.in_structure()))

    @jax.jit
    def mv(self, x: Array) -> Array:
        v = self.scale * x.ravel()

        # without a checkpoint, a gradient would keep all blocks
        @jax.checkpoint
        def product(i: Array) -> Array:
            return jnp.matmul(self.block(i), v, precision="highest")

        return jax.lax.map(product, self._blocks()).reshape(-1)[: self.rows]

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        return (self.scale * self.weighted_rows(y, lambda block: block)).reshape(self.in_structure().shape)

    def weighted_rows(self, weights: Array, entries: Callable[[Array], Array]) -> Array:
        """``sum_i w_i f(G_ij)`` over the rows, before they are scaled, for weights (rows,)."""
        blocks = self._blocks()
        parts = jnp.pad(weights, (0, blocks.size * self._block_rows - self.rows)).reshape(blocks.size, -1)

        @jax.checkpoint
        def weighted(i: Array, part: Array) -> Array:
            return jnp.matmul(part, entries(self.block(i)), precision="highest")

        zero = jnp.zeros(prod(self.in_structure().shape), weights.dtype)
        return jax.lax.scan(lambda total, pair: (total + weighted(*pair), None), zero, (blocks, parts))[0]

    def block(self, i: Array) -> Array:
        """The rows of block ``i``, not scaled; those past the last row of the matrix are not used."""
        structure = self.in_structure()
        key = jax.random.wrap_key_data(self.key, impl=self.implementation)
        shape = (self._block_rows, prod(structure.shape))
        return jax.random.normal(jax.random.fold_in(key, i), shape, structure.dtype)

    def _blocks(self) -> Array:
        """The numbers of the blocks."""
        return jnp.arange(-(-self.rows // self._block_rows))

    @property
    def _block_rows(self) -> int:
        return min(self.rows, max(1, _BLOCK // max(1, prod(self.in_structure().shape))))


class GaussianMatrix(_Gaussian):
    """``x -> sum_j G_ij x_j`` with a stored matrix of normal numbers.

    Arguments:
        key: random key.
        rows: number m of measurements.
        in_structure: structure of x, one array of any shape; for complex x the entries are complex.
        kind: "plain"; "normalized", which divides each column by its length; or "orthonormal", which makes the rows
            orthonormal.

    Returns an operator to vectors (rows,).
    Raises ValueError for another kind, or if there are too many rows to be orthonormal.

    ```python
    A = GaussianMatrix(jax.random.key(0), 5, jnp.zeros((4, 3)), kind="orthonormal")
    y = A @ (A.T @ jnp.ones(5))  # ones again
    ```
    """

    array: Array

    def __init__(self, key: Array, rows: int, in_structure: PyTree, *, kind: str = "plain"):
        self._structure = freeze(one_array("GaussianMatrix", in_structure))
        self.rows = _checks.whole("rows of GaussianMatrix", rows, 1)
        if kind not in _KINDS:
            raise _checks.fail("kind of GaussianMatrix", f"one of {', '.join(_KINDS)}", kind)
        size = prod(self.in_structure().shape)
        if kind == "orthonormal" and self.rows > size:
            raise _checks.fail("rows of GaussianMatrix", f"at most {size}, the entries of x, to be orthonormal", rows)
        made = Gaussian(key, self.rows, self.in_structure())
        self.array = _KINDS[kind](_stored(made))

    @jax.jit
    def mv(self, x: Array) -> Array:
        return jnp.matmul(self.array, x.ravel(), precision="highest")

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        return jnp.matmul(y, self.array, precision="highest").reshape(self.in_structure().shape)


_KINDS: dict[str, Callable[[Array], Array]] = {
    "plain": lambda G: G,
    "normalized": lambda G: G / jnp.linalg.norm(G, axis=0),
    "orthonormal": lambda G: jnp.linalg.qr(G.conj().T)[0].conj().T,
}


def _stored(made: Gaussian) -> Array:
    """The matrix of an operator that does not store it."""
    blocks = jax.lax.map(made.block, made._blocks())
    return made.scale * blocks.reshape(-1, blocks.shape[-1])[: made.rows]


def _column_lengths(made: Gaussian) -> Array:
    """Lengths of the columns before they are scaled."""
    ones = jnp.ones(made.rows, real_dtype(made.in_structure()))
    return jnp.sqrt(made.weighted_rows(ones, lambda block: jnp.abs(block) ** 2))
