"""Wavelet squeezes: the bands of one level of an orthogonal wavelet transform become channels."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.flows.layers.shuffle import Squeeze
from jaxseis.operators.filter_bank import FilterBank, filter_bank
from jaxseis.operators.wavelet import DWT


class Wavelet(Squeeze):
    """One level of the periodic transform `jaxseis.operators.DWT` along every axis of space, bands as channels.

    Arguments:
        family: name of an orthogonal wavelet of PyWavelets, such as "haar", "db4" or "sym6"; or its `FilterBank`.

    Bands come in the order of `Haar`, which is ``Wavelet("haar")``: low frequencies, then high ones along the last
    axis, and so on. Raises ValueError for a wavelet that is not orthogonal to 1e-9.

    ```python
    y, _ = Wavelet("db4").forward(x)  # (8, 64, 64, 1) -> (8, 32, 32, 4)
    ```
    """

    def __init__(self, family: Any = "db2"):
        self.bank = filter_bank("Wavelet", family)
        if _defect(self.bank) > 1e-9:
            raise _checks.fail("family", "an orthogonal wavelet, such as 'db4', 'sym6' or 'coif2'", repr(family))

    def squeeze(self, x: Array) -> Array:
        smooth, details = self._transform(x.shape, x.dtype) @ x
        return jnp.concatenate([smooth, *(details[key] for key in sorted(details))], axis=-1)

    def unsqueeze(self, y: Array) -> Array:
        axes = range(1, y.ndim - 1)
        shape = (y.shape[0], *(2 * y.shape[axis] for axis in axes), y.shape[-1] // 2 ** len(axes))
        transform = self._transform(shape, y.dtype)
        smooth, details = transform.out_structure()
        smooth, *bands = jnp.split(y, 1 + len(details), axis=-1)
        return transform.T @ (smooth, dict(zip(sorted(details), bands, strict=True)))

    def _transform(self, shape: tuple[int, ...], dtype) -> DWT:
        return DWT(jax.ShapeDtypeStruct(shape, dtype), axes=range(1, len(shape) - 1), wavelet=self.bank)  # type: ignore[call-arg]


def _defect(bank: FilterBank) -> float:
    """How far a bank is from orthogonality to its own shifts by an even number, its partner, and from unit length."""
    taps = np.array([bank.low, bank.high])
    length = taps.shape[1]
    shifted = np.stack([np.pad(taps, ((0, 0), (s, length - s)))[:, : 2 * length] for s in range(0, length, 2)])
    gram = np.einsum("sia,ja->sij", shifted, np.pad(taps, ((0, 0), (0, length))))
    gram[0] -= np.eye(2)
    return float(np.abs(gram).max())
