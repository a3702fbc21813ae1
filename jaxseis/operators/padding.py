"""Arrays made longer: by zeros, by their last sample, by their mirror image, or periodically."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._real import RealOperator, one_array
from jaxseis.operators._structure import freeze

_MODES = {"zero": "constant", "edge": "edge", "mirror": "symmetric", "periodic": "wrap"}


class Pad(RealOperator):
    """``x -> x`` with samples added at the ends of its axes.

    Arguments:
        widths: samples before and after, for each axis of ``x``: ``((before, after), ...)``.
        in_structure: structure of ``x``, one array.
        extension: "zero"; "edge", which repeats the last sample; "mirror", which puts a mirror half a sample
            behind it; or "periodic".

    Raises ValueError if the widths do not fit the axes or the extension is unknown.

    ```python
    Pad([(1, 2)], jnp.zeros(3), "edge") @ jnp.array([5.0, 6.0, 7.0])  # [5, 5, 6, 7, 7, 7]
    ```
    """

    widths: tuple[tuple[int, int], ...] = eqx.field(static=True)
    extension: str = eqx.field(static=True)
    _structure: tuple = eqx.field(static=True)

    def __init__(self, widths: Sequence[tuple[int, int]], in_structure: PyTree, extension: str = "zero"):
        structure = one_array("Pad", in_structure)
        self._structure, self.extension = freeze(structure), extension
        ndim = len(structure.shape)
        if np.shape(widths) != (ndim, 2) or np.min(widths, initial=0) < 0 or np.any(np.mod(widths, 1)):
            raise _checks.fail("widths of Pad", f"{ndim} pairs of whole numbers of samples (before, after)", widths)
        if extension not in _MODES:
            raise _checks.fail("extension of Pad", f"one of {', '.join(_MODES)}", extension)
        self.widths = tuple((int(a), int(b)) for a, b in widths)

    def mv(self, x: Array) -> Array:
        return jnp.pad(x, self.widths, _MODES[self.extension])

    def transpose_mv(self, y: Array) -> Array:
        if self.extension != "zero":
            return super().transpose_mv(y)
        return y[tuple(slice(a, n - b) for n, (a, b) in zip(y.shape, self.widths, strict=True))]
