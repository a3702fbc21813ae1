"""An array cut into windows that overlap, each with a taper.

A window k of an axis covers the samples ``k s`` to ``k s + n - 1``, with the length n and the step s = n - overlap. The
array is continued by zeros until its last sample is covered. Tapers g are divided by the sum of those that overlap,

    w_k(i) = ( g(i - k s) / sum_j g(i - j s) )^(1/q),        so that        sum_k w_k(i)^q = 1    at every sample,

at the ends too: with q = 2 the operator is an isometry, whose adjoint puts the array together again; with q = 1 the sum
of the tapered windows does.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, one_array, one_each, real_dtype
from jaxseis.operators._structure import describe, freeze

TAPERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hanning": lambda u: np.sin(np.pi * u) ** 2,
    "cosine": lambda u: np.sin(np.pi * u),
    "triangle": lambda u: np.minimum(u, 1 - u),
    "box": np.ones_like,
}
"""Tapers on the unit interval; samples lie half an interval from its ends, so that none is zero."""

_POWERS = {"energy": 2, "amplitude": 1}
"""The q above, by what is one when summed over the windows."""


class Patches(RealOperator):
    """``x -> (w_k x)(k s + i)``: overlapping windows along the last axes, tapered.

    Arguments:
        nwin: samples n of a window along each of the last axes of x.
        nover: samples in which neighbours overlap, from 0 to n - 1; one number, or one for each axis.
        in_structure: structure of x, one array.
        taper: "hanning", "cosine", "triangle" or "box".
        partition: "energy", so that ``P.T @ P`` is the identity; or "amplitude", so that the windows add up to x.

    Returns an operator to arrays (other axes of x, windows along each axis, samples of a window along each axis).
    Raises ValueError if the lengths do not fit or a name is unknown.

    ```python
    P = Patches((8, 8), 4, jnp.zeros((30, 50)))
    windows = P @ jnp.ones((30, 50))  # (7, 12, 8, 8)
    x = P.T @ windows  # ones again
    ```
    """

    nwin: tuple[int, ...] = eqx.field(static=True)
    nover: tuple[int, ...] = eqx.field(static=True)
    taper: str = eqx.field(static=True)
    partition: str = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(
        self,
        nwin: Sequence[int],
        nover: int | Sequence[int],
        in_structure: PyTree,
        *,
        taper: str = "hanning",
        partition: str = "energy",
    ):
        structure = one_array("Patches", in_structure)
        self.nwin = tuple(_checks.whole("nwin of Patches", n, 1) for n in np.ravel(nwin))
        if len(self.nwin) > len(structure.shape):
            raise _checks.fail("nwin of Patches", f"at most one length for each axis of {describe(structure)}", nwin)
        overlaps = one_each("nover of Patches", nover, len(self.nwin))
        self.nover = tuple(_checks.whole("nover of Patches", n, 0) for n in overlaps)
        if any(v >= n for v, n in zip(self.nover, self.nwin, strict=True)):
            raise _checks.fail("nover of Patches", f"less than the length of a window, {self.nwin}", nover)
        self.taper, self.partition, self._structure = taper, partition, freeze(structure)
        for what, name, known in (("taper", taper, TAPERS), ("partition", partition, _POWERS)):
            if name not in known:
                raise _checks.fail(f"{what} of Patches", f"one of {', '.join(known)}", name)

    @jax.jit
    def mv(self, x: Array) -> Array:
        ndim = len(self.nwin)
        first, power = x.ndim - ndim, _POWERS[self.partition]
        dtype = real_dtype(self.in_structure())
        for a, (length, overlap) in enumerate(zip(self.nwin, self.nover, strict=True)):
            axis = first + 2 * a
            weights = _weights(self.taper, power, x.shape[axis], length, length - overlap).astype(dtype)
            trailing = (1,) * (x.ndim - axis - 1)
            x = _windows(x, axis, length, length - overlap) * weights.reshape(*weights.shape, *trailing)
        grid, inside = range(first, x.ndim, 2), range(first + 1, x.ndim, 2)
        return x.transpose(*range(first), *grid, *inside)


def _count(samples: int, length: int, step: int) -> int:
    """Windows that cover all samples."""
    return max(ceil((samples - length) / step), 0) + 1


@lru_cache(maxsize=64)
def _weights(taper: str, power: int, samples: int, length: int, step: int) -> np.ndarray:
    """The w above, (window, sample of a window)."""
    count = _count(samples, length, step)
    place = step * np.arange(count)[:, None] + np.arange(length)
    values = np.broadcast_to(TAPERS[taper]((np.arange(length) + 0.5) / length), place.shape)
    sums = np.bincount(place.ravel(), values.ravel())
    return (values / sums[place]) ** (1 / power)


def _windows(x: Array, axis: int, length: int, step: int) -> Array:
    """An axis (sample) as two (window, sample of a window).

    Cut into blocks of one step, a window is a few blocks in a row: slices, where an index would gather.
    """
    count, blocks = _count(x.shape[axis], length, step), ceil(length / step)
    missing = (count + blocks - 1) * step - x.shape[axis]
    padded = jnp.pad(x, [(0, missing if a == axis else 0) for a in range(x.ndim)]) if missing > 0 else x
    cut = padded.reshape(*x.shape[:axis], -1, step, *x.shape[axis + 1 :])
    before = (slice(None),) * axis
    parts = [cut[*before, b : b + count, : length - b * step] for b in range(blocks)]
    return jnp.concatenate(parts, axis + 1)
