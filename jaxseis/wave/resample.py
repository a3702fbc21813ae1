"""Resampling between time axes as an operator on traces."""

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import TRACE_AXES, Array
from jaxseis.operators import LinearOperator
from jaxseis.resampling import Resampling


class Resample(LinearOperator):
    """``y = R x`` along the time axis of traces (shot, time, receiver), with the exact transpose.

    Arguments:
        resampling: from which step and size to which, and whether it corrects time dispersion.
        shots, receivers: the other axes of the traces.
        dtype: of the traces; by default JAX's float type.

    ```python
    coarse = Resample(Resampling(1.0, 4001, 4.0, 1001), shots=16, receivers=401)
    y = coarse @ traces
    ```
    """

    resampling: Resampling = eqx.field(static=True)
    shots: int = eqx.field(static=True)
    receivers: int = eqx.field(static=True)
    dtype: str = eqx.field(static=True)

    def __init__(self, resampling: Resampling, shots: int, receivers: int, dtype: str | None = None):
        self.resampling, self.shots, self.receivers = resampling, shots, receivers
        self.dtype = jnp.dtype(dtype or jnp.result_type(float)).name

    def mv(self, x: Array) -> Array:
        """Resample."""
        return self.resampling(x, axis=1)

    def in_structure(self) -> jax.ShapeDtypeStruct:
        """Traces on the source axis."""
        shape = (self.shots, self.resampling.source_size, self.receivers)
        return jax.ShapeDtypeStruct(shape, jnp.dtype(self.dtype))

    def in_axes(self) -> tuple[str, ...]:
        """Names of the axes."""
        return TRACE_AXES

    out_axes = in_axes
