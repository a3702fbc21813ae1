"""The Fourier transform of a regularly sampled signal at any frequencies, through FINUFFT.

    y_j = (1 / sqrt(N)) sum_n x_n exp(-i <n - o, w_j>)

with n over the samples of a grid in one, two or three dimensions, N their number, o the origin and w_j the
frequencies, in radians per sample (Barnett, Magland and af Klinteberg, A parallel nonuniform fast Fourier
transform library, SIAM J. Sci. Comput. 41, 2019). At w = 2 pi k / N it is the orthonormal FFT.
"""

from collections.abc import Sequence
from functools import cache, partial
from math import prod
from types import ModuleType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from jaxseis import _checks
from jaxseis._compat import with_not_mapped
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._real import one_array, real_dtype
from jaxseis.operators._structure import complexified, describe, freeze, is_complex, structure_of, thaw

_ACCURACY = {"float32": 1e-6, "float64": 1e-12}


class NonuniformFFT(LinearOperator):
    """``y_j = (1 / sqrt(N)) sum_n x_n exp(-i <n - o, w_j>)`` over the last d axes of x; differentiable in w.

    Arguments:
        frequencies: w, real, shape (point, d) with d = 1, 2 or 3, or (point,), in radians per sample.
        in_structure: structure of x, one array, real or complex, its last d axes the grid. The result is
            complex, with one axis of points in place of the grid.
        origin: o, a sample for each axis of the grid; the first one if None.
        accuracy: relative error; 1e-6 in single and 1e-12 in double precision if None.

    Raises ValueError for complex frequencies, ones of another shape and an accuracy that is not positive, and
    ImportError if jax_finufft is not installed.

    ```python
    F = NonuniformFFT(jnp.array([0.1, 0.25, 3.0]), jnp.zeros(64))
    ```
    """

    frequencies: Array
    origin: tuple[int, ...] = eqx.field(static=True)
    accuracy: float = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        frequencies: Any,
        in_structure: PyTree,
        *,
        origin: Sequence[int] | None = None,
        accuracy: float | None = None,
    ):
        _finufft()
        x, w = one_array("NonuniformFFT", in_structure), jnp.asarray(frequencies)
        self._structure = freeze(x)
        w = w[:, None] if w.ndim == 1 else w
        if w.ndim != 2 or not 1 <= w.shape[1] <= min(3, len(x.shape)) or is_complex(w):
            expected = f"real numbers of shape (point, d) with d from 1 to {min(3, len(x.shape))}"
            raise _checks.fail("frequencies of NonuniformFFT", expected, describe(structure_of(w)))
        self.frequencies = w.astype(real_dtype(x))
        given = (0,) * w.shape[1] if origin is None else tuple(origin)
        if len(given) != w.shape[1] or any(o % 1 for o in given):
            raise _checks.fail("origin of NonuniformFFT", f"{w.shape[1]} samples, one for each axis", origin)
        self.origin = tuple(map(int, given))
        accuracy = _ACCURACY[str(real_dtype(x))] if accuracy is None else accuracy
        self.accuracy = _checks.positive("accuracy of NonuniformFFT", accuracy, "relative error")

    @jax.jit
    def mv(self, x: Array) -> Array:
        grid = x.shape[x.ndim - len(self.origin) :]
        batch = x.reshape(-1, *grid).astype(self.out_structure().dtype)
        y = jax.vmap(partial(_transform, self.origin, self.accuracy), (None, 0))(self.frequencies, batch)
        return prod(grid) ** -0.5 * y.reshape(*x.shape[: -len(grid)], -1)

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def out_structure(self) -> PyTree:
        x = self.in_structure()
        shape = (*x.shape[: len(x.shape) - len(self.origin)], len(self.frequencies))
        return complexified(jax.ShapeDtypeStruct(shape, x.dtype))


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _transform(origin: tuple[int, ...], accuracy: float, w: Array, x: Array) -> Array:
    """``sum_n x_n exp(-i <n - o, w_j>)`` of one complex grid x."""
    # FINUFFT counts samples from the middle of the grid
    from_middle = np.array([n // 2 - o for n, o in zip(x.shape, origin, strict=True)], w.dtype)
    y = _finufft().nufft2(x, *w.T, iflag=-1, eps=accuracy)
    return jnp.exp(-1j * jnp.matmul(w, from_middle, precision=jax.lax.Precision.HIGHEST)) * y


@partial(_transform.defjvp, symbolic_zeros=True)
def _(origin: tuple[int, ...], accuracy: float, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    (w, x), (dw, dx) = primals, tangents
    transform = partial(_transform, origin, accuracy, w)
    y = transform(x)
    dy = jnp.zeros_like(y) if type(dx) is SymbolicZero else transform(dx)
    if type(dw) is not SymbolicZero:
        for axis, moment in enumerate(_moments(origin, x)):
            dy = dy - 1j * dw[:, axis] * transform(moment)
    return y, dy


def _moments(origin: tuple[int, ...], x: Array) -> list[Array]:
    """``(n - o) x_n`` for each axis of the grid."""
    samples = [np.arange(n) - o for n, o in zip(x.shape, origin, strict=True)]
    return [x * s.astype(x.real.dtype) for s in np.meshgrid(*samples, indexing="ij", sparse=True)]


@cache
def _finufft() -> ModuleType:
    """The module ``jax_finufft``, or an error that says how to get it."""
    try:
        import jax_finufft
    except ImportError as error:
        raise ImportError("NonuniformFFT needs jax_finufft: pip install jax-finufft") from error
    with_not_mapped(jax_finufft.ops)
    return jax_finufft
