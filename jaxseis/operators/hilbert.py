"""The Hilbert transform: every frequency turned back by a quarter of a period.

    (H x)^(f) = -i sign(f) x^(f)

For a real x, ``x + i H x`` is the analytic signal and ``sqrt(x^2 + (H x)^2)`` the envelope.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array, PyTree
from jaxseis.operators._along import along
from jaxseis.operators._real import RealOperator, axis_of, one_array
from jaxseis.operators._structure import freeze


class Hilbert(RealOperator):
    """``(H x)^(f) = -i sign(f) x^(f)`` along an axis, by FFT, so x counts as periodic.

    Frequency zero and, for an even length, the Nyquist frequency are removed; ``A.T = -A``. A complex x is
    transformed as its real and its imaginary part. ``scipy.signal.hilbert(x)`` is ``x + i H x``.

    Arguments:
        axis: the axis, for instance that of time.
        in_structure: structure of x, one array, real or complex.

    Raises ValueError for an axis that x does not have.

    ```python
    H = Hilbert(-1, jnp.zeros((20, 500)))
    envelope = jnp.hypot(x := jnp.ones((20, 500)), H @ x)
    ```
    """

    axis: int = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, axis: int, in_structure: PyTree):
        x = one_array("Hilbert", in_structure)
        self.axis, self._structure = axis_of("Hilbert", axis, x), freeze(x)

    @jax.jit
    def mv(self, x: Array) -> Array:
        return along(_turned, x, self.axis)

    @jax.jit
    def transpose_mv(self, y: Array) -> Array:
        return -self.mv(y)

    def out_structure(self) -> PyTree:
        return self.in_structure()


def _turned(x: Array) -> Array:
    n = x.shape[-1]
    k = np.arange(n // 2 + 1)
    inside = ((k > 0) & (2 * k < n)).astype(x.dtype)
    return jnp.fft.irfft(-1j * inside * jnp.fft.rfft(x), n)
