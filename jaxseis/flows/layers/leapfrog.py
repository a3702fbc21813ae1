"""Leapfrog layers: wave equations as networks (Lensink, Peters and Haber, Fully hyperbolic CNNs, 2019).

Two steps in time of ``u'' = -W^T a(W u + b)``, with a convolution W and a non-decreasing activation a:

    (previous, current) -> (current, next),    next = 2 current - previous - h^2 W^T a(W current + b).

The operator on the right is symmetric and its Jacobian ``W^T a' W`` positive semi-definite: signals travel, and neither
die nor blow up as long as ``h^2 |W|^2 max a' < 4``, which is where layers start. With a bounded activation a state
grows no faster than linearly with depth where W changes from layer to layer, too. The layer preserves volume, and
inverting it runs time backward.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.backbones.convolution import Conv, odd_kernel
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection


class Leapfrog(Bijection):
    """``(previous, current) -> (current, 2 current - previous - h^2 W^T a(W current + b))``; ``log |det| = 0``.

    Arguments:
        channels: how many channels each of the two has.
        space: how many axes of space.
        width: channels of ``W current``.
        kernel: size of the convolution, odd.
        step: h.
        activation: a, non-decreasing.
        dtype, param_dtype: of the arithmetic in the convolutions, and of the parameters.
        rngs: random numbers.

    ```python
    layer = Leapfrog(4, space=2, width=16, rngs=nnx.Rngs(0))
    (current, following), log_det = layer.forward((previous, current))
    ```
    """

    def __init__(
        self,
        channels: int,
        *,
        space: int = 2,
        width: int = 64,
        kernel: int = 3,
        step: float = 0.5,
        activation: Callable[[Array], Array] = jnp.tanh,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        start = nnx.initializers.glorot_normal()  # |W| is about 2 at most, whatever the width
        self.convolution = Conv(
            channels, width, odd_kernel(kernel, space), use_bias=False, kernel_init=start, **options
        )
        self.bias = nnx.Param(jnp.zeros(width, param_dtype))
        self.step = _checks.positive("step", step, "time")
        self.activation = activation

    def forward(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        previous, current = x
        return (current, self._after(current) - previous), _states.no_log_det(x)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        current, following = y
        return (self._after(current) - following, current), _states.no_log_det(y)

    def _after(self, current: Array) -> Array:
        """The sum of the states before and after."""
        wide, transpose = jax.vjp(self.convolution, current)  # exactly transposed, zeros around the space and all
        (force,) = transpose(self.activation(wide + self.bias[...].astype(wide.dtype)))
        return 2 * current - self.step**2 * force


class Pair(Bijection):
    """The two halves of the channels as a pair of states.

    ```python
    (previous, current), _ = Pair().forward(x)  # (8, 32, 32, 4) -> two of (8, 32, 32, 2)
    ```
    """

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        if x.shape[-1] % 2:
            raise _checks.fail("x", "an even number of channels", f"shape {x.shape}", "Squeeze it first.")
        return tuple(jnp.split(x, 2, axis=-1)), _states.no_log_det(x)

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        return jnp.concatenate(y, axis=-1), _states.no_log_det(y)
