"""Discrete cosine transforms, orthonormal, through Fourier transforms of real signals.

Along each axis of length N, with c = 1/sqrt(2) at the ends where it occurs and 1 elsewhere:

    I      y_k = sqrt(2/(N-1)) c_k sum_n c_n x_n cos(pi n k / (N-1))
    II     y_k = sqrt(2/N) c_k sum_n x_n cos(pi (n + 1/2) k / N)
    III    the transpose of II, which is its inverse
    IV     y_k = sqrt(2/N) sum_n x_n cos(pi (n + 1/2) (k + 1/2) / N)

Type II takes the even samples and then the odd ones backwards, whose Fourier transform V_k is short of the
cosine transform by a factor (Makhoul, A fast cosine transform in one and two dimensions, IEEE Trans. ASSP
28, 1980): with t_k = sqrt(2/N) c_k exp(-i pi k / (2N)), V_N = V_0 and y_N = 0,

    y_k = (t_k V_k + conj(t_k) V_{N-k}) / 2,        t_k V_k = y_k - i y_{N-k},

linear in V and y, so that several axes share one Fourier transform.
"""

from collections.abc import Callable, Sequence
from math import sqrt

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._along import along, axes_to_transform, by_parts, part
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._pair import Bound, linear_pair
from jaxseis.operators._real import RealOperator, one_array
from jaxseis.operators._structure import freeze


class DCT(RealOperator):
    """The orthonormal cosine transform along each axis: ``A.T`` is its inverse.

    For type II, the default, ``y_k = sqrt(2/N) c_k sum_n x_n cos(pi (n + 1/2) k / N)`` with c_0 = 1/sqrt(2)
    and 1 elsewhere. Types II and III cost one real Fourier transform, I about two and IV about four.

    Arguments:
        in_structure: structure of x, one array, real or complex.
        axes: the axes; all of them if None.
        type: 1, 2, 3 or 4.

    Raises ValueError for axes that x does not have, an unknown type, and type 1 of a single sample.
    As PyLops ``DCT`` and ``scipy.fft.dctn`` with ``norm="ortho"``.

    ```python
    C = DCT(jnp.zeros((30, 40)))
    C.T @ (C @ jnp.ones((30, 40)))  # ones
    ```
    """

    axes: tuple[int, ...] = eqx.field(static=True)
    type: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, in_structure: PyTree, *, axes: int | Sequence[int] | None = None, type: int = 2):
        x = one_array("DCT", in_structure)
        self._structure, self.axes, self.type = freeze(x), axes_to_transform("DCT", axes, x), type
        if type not in _TYPES:
            raise _checks.fail("type of DCT", "1, 2, 3 or 4", type)
        if type == 1 and any(x.shape[a] < 2 for a in self.axes):
            raise _checks.fail("in_structure of DCT", "two or more samples along each axis for type 1", x.shape)

    @jax.jit
    def mv(self, x: Array) -> Array:
        pair = _transform(self.type, self.axes), _transform(_TRANSPOSED[self.type], self.axes)
        return by_parts(lambda v: linear_pair(*pair, v), x)

    def transpose(self) -> LinearOperator:
        return DCT(self.in_structure(), axes=self.axes, type=_TRANSPOSED[self.type])

    def out_structure(self) -> PyTree:
        return self.in_structure()

    def inverse(self) -> LinearOperator:
        """The operator B for which ``B @ A`` is the identity: the transpose."""
        return self.T


def _type_2(axes: Sequence[int], x: Array) -> Array:
    n, last = x.shape, axes[-1]
    for axis in axes:
        k = np.arange(n[axis])
        x = jnp.take(x, np.concatenate([k[::2], k[1::2][::-1]]), axis, mode="clip")
    v = jnp.fft.rfftn(x, axes=axes)
    for axis in axes[:-1]:
        first, rest = part(v, axis, 0, 1), part(v, axis, 1, None)
        t = _factors(n[axis], np.arange(1, n[axis]), axis, v)
        v = jnp.concatenate([sqrt(1 / n[axis]) * first, (rest * t + jnp.flip(rest, axis) * t.conj()) / 2], axis)
    return _real_part(v, n[last], last)


def _real_part(v: Array, n: int, axis: int) -> Array:
    """``y_k = Re(t_k V_k)`` along the axis of which there is half a spectrum: V_k is the conjugate of V_{n-k}."""
    k = np.arange(n)
    t = _factors(n, np.where(2 * k > n, -k, k), axis, v)
    v = jnp.take(v, np.minimum(k, n - k), axis, mode="clip")
    return v.real * np.real(t) - v.imag * np.imag(t)


def _type_3(axes: Sequence[int], y: Array) -> Array:
    n, last = y.shape, axes[-1]
    v = _half_spectrum(y, n[last], last)
    for axis in axes[:-1]:
        first, rest = part(v, axis, 0, 1), part(v, axis, 1, None)
        t = _factors(n[axis], np.arange(1, n[axis]), axis, v)
        # 1 / t is found here and not by XLA, which would divide every sample
        v = jnp.concatenate([sqrt(n[axis]) * first, (rest - 1j * jnp.flip(rest, axis)) * (1 / t)], axis)
    x = jnp.fft.irfftn(v, [n[axis] for axis in axes], axes)
    for axis in axes:
        x = _woven(x, axis)
    return x


def _half_spectrum(y: Array, n: int, axis: int) -> Array:
    """``V_k = (y_k - i y_{N-k}) / t_k`` along an axis, for k up to N / 2; in real numbers, which are one loop."""
    half = n // 2
    back = part(jnp.flip(y, axis), axis, 0, half)
    y, back = part(y, axis, 0, half + 1), jnp.concatenate([jnp.zeros_like(part(y, axis, 0, 1)), back], axis)
    r = 1 / _factors(n, np.arange(half + 1), axis, jax.lax.complex(y, back))
    return jax.lax.complex(y * r.real + back * r.imag, y * r.imag - back * r.real)


def _woven(v: Array, axis: int) -> Array:
    """The first half of the samples at even places, the second one backwards at odd places."""
    n = v.shape[axis]
    even, odd = part(v, axis, 0, (n + 1) // 2), jnp.flip(part(v, axis, (n + 1) // 2, None), axis)
    widths = [(0, n % 2 if a == axis else 0) for a in range(v.ndim)]
    shape = [n + n % 2 if a == axis else m for a, m in enumerate(v.shape)]
    return part(jnp.stack([even, jnp.pad(odd, widths)], axis + 1).reshape(shape), axis, 0, n)


def _factors(n: int, k: np.ndarray, axis: int, like: Array) -> np.ndarray:
    """The t_k along one axis of a complex array; those of -k are their conjugates."""
    t = np.exp(-0.5j * np.pi * k / n) * np.where(k == 0, sqrt(1 / n), sqrt(2 / n))
    return np.expand_dims(t, tuple(range(1, like.ndim - axis))).astype(like.dtype)


def _type_1(x: Array) -> Array:
    n = x.shape[-1]
    ends = np.pad(np.ones(n - 2), 1, constant_values=sqrt(2)).astype(x.dtype)
    x = x * ends
    y = jnp.fft.rfft(jnp.concatenate([x, x[..., -2:0:-1]], -1)).real
    return y / (ends * sqrt(2 * (n - 1))).astype(x.dtype)


def _type_4(x: Array) -> Array:
    n = x.shape[-1]
    k, dtype = np.arange(n), np.result_type(x.dtype, np.complex64)
    before, after = np.exp(-0.5j * np.pi * k / n), np.exp(-0.25j * np.pi * (2 * k + 1) / n) * sqrt(2 / n)
    y = jnp.fft.fft(x * before.astype(dtype), 2 * n)[..., :n]
    return (y * after.astype(dtype)).real


def _one_by_one(f: Callable[[Array], Array], axes: Sequence[int], x: Array) -> Array:
    """A transform of the last axis along each of several."""
    for axis in axes:
        x = along(f, x, axis)
    return x


_TYPES = {1: (_one_by_one, _type_1), 2: (_type_2,), 3: (_type_3,), 4: (_one_by_one, _type_4)}
_TRANSPOSED = {1: 1, 2: 3, 3: 2, 4: 4}


def _transform(type: int, axes: tuple[int, ...]) -> Bound:
    function, *arguments = _TYPES[type]
    return Bound(function, (*arguments, axes))
