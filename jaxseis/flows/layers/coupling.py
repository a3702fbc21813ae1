"""Couplings: one part of the channels stays, and says how the other is moved (Dinh et al., Real NVP, ICLR 2017).

    y_kept = x_kept,    y_moved = g(x_moved; p),    p = subnet(x_kept, c)

The subnet can be anything, and ``log |det| = sum log g'``. Going back, ``x_kept`` is there in the output, so the subnet
is evaluated once for both the inverse and the derivative; the backward pass costs no more than recomputing from a
saved input would.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows import _states
from jaxseis.flows._conditions import join
from jaxseis.flows.bijection import Bijection, Cotangents
from jaxseis.flows.layers.elementwise import Affine, Elementwise

Backbone = Callable[..., nnx.Module]


class Coupling(Bijection):
    """``y = (x_kept, g(x_moved; subnet(x_kept, c)))``.

    Arguments:
        channels: how many channels the state has, at least 2.
        subnet: makes the network from channels in and out, ``subnet(inputs, outputs, rngs=rngs)``; one of
            `jaxseis.backbones` with its other arguments bound.
        map: g, an `Elementwise` map: `Affine`, `Additive` or `RationalQuadratic`.
        condition_channels: channels of the condition, 0 for none.
        kept: how many channels stay, the first ones; half of them by default.
        rngs: random numbers.

    The subnet may work in lower precision: its output is taken to the precision of the state.

    ```python
    layer = Coupling(12, partial(CNN, space=2, width=64), condition_channels=1, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        channels: int,
        subnet: Backbone,
        *,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        condition_channels: int = 0,
        kept: int | None = None,
        rngs: nnx.Rngs,
    ):
        _checks.whole("channels", channels, 2, "A coupling needs one to keep and one to move: squeeze first.")
        self.kept = channels // 2 if kept is None else _checks.whole("kept", kept, 1)
        if self.kept >= channels:
            raise _checks.fail("kept", f"fewer than all {channels} channels", self.kept)
        self.map = map
        self.subnet = subnet(self.kept + condition_channels, map.count * (channels - self.kept), rngs=rngs)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return self._run(self.map.forward, x, condition)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return self._run(self.map.inverse, y, condition)

    def backward(self, y: Array, condition: PyTree, y_bar: Array, log_det_bar: Array) -> tuple[Array, Cotangents]:
        return self._back(self.map.forward, self.map.inverse, y, condition, y_bar, log_det_bar)

    def backward_inverse(
        self, x: Array, condition: PyTree, x_bar: Array, log_det_bar: Array
    ) -> tuple[Array, Cotangents]:
        return self._back(self.map.inverse, self.map.forward, x, condition, x_bar, log_det_bar)

    def _run(self, run: Callable, x: Array, condition: PyTree) -> tuple[Array, Array]:
        kept, moved = self._split(x)
        moved, log_derivative = run(moved, _parameters(self, kept, condition))
        return jnp.concatenate([kept, moved], axis=-1), _states.sum_sample(log_derivative)

    def _back(self, run: Callable, undo: Callable, y: Array, condition: PyTree, y_bar: Array, log_det_bar: Array):
        (kept, moved), (kept_bar, moved_bar) = self._split(y), self._split(y_bar)
        parameters, back_to_subnet = jax.vjp(_parameters, self, kept, condition)
        moved, _ = undo(moved, parameters)
        (_, log_derivative), back_to_map = jax.vjp(run, moved, parameters)
        each = jnp.broadcast_to(_states.per_sample(log_det_bar, log_derivative), log_derivative.shape)
        moved_bar, parameters_bar = back_to_map((moved_bar, each))
        layer_bar, through_subnet, condition_bar = back_to_subnet(parameters_bar)
        x_bar = jnp.concatenate([kept_bar + through_subnet, moved_bar], axis=-1)
        return jnp.concatenate([kept, moved], axis=-1), Cotangents(layer_bar, x_bar, condition_bar)

    def _split(self, x: Array) -> tuple[Array, Array]:
        return x[..., : self.kept], x[..., self.kept :]


def _parameters(layer: Coupling, kept: Array, condition: PyTree) -> Array:
    return layer.map.parameters(layer.subnet, join(kept, condition))
