"""The step of an invertible recurrent inference machine that meets the data (Putzky and Welling, NeurIPS 2019).

    (eta, s) -> (eta, s + t g(eta_1))

The image is the first channel of eta, and the gradient is added to the first of s. It is undone by the same gradient
with the other sign, for eta is still there. The way back takes one evaluation of g and its transposed derivative, and
no wavefield is kept from the way forth.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows._states import no_log_det
from jaxseis.flows.bijection import Bijection, Cotangents
from jaxseis.networks.problem import Gradient, Held, Problem, over_batch


class GradientStep(Bijection):
    """``(eta, s) -> (eta, s + t g(eta_1; physics, data))``, the condition being a `Problem`; ``log |det| = 0``.

    Arguments:
        channels: how many channels the state has, half of them eta; even.
        gradient: g, of one sample.
        step_size: t to begin with; it is trained, and stays positive.
        param_dtype: of the parameter.

    Its backward pass takes one gradient and its transposed derivative, in the image, t, data and physics; `IRIM` leaves
    out the last.

    ```python
    step = GradientStep(8, gradient=least_squares_gradient, step_size=0.1)
    y, _ = step.forward(x, Problem(Shared(A), d))
    ```
    """

    def __init__(self, channels: int, *, gradient: Gradient, step_size: float = 1.0, param_dtype=jnp.float32):
        if _checks.whole("channels", channels, 2) % 2:
            raise _checks.fail("channels", "an even number", channels)
        self.half = channels // 2
        self.gradient = gradient
        self.log_step = nnx.Param(jnp.log(jnp.asarray(_checks.positive("step_size", step_size, "1"), param_dtype)))

    def forward(self, x: Array, condition: Problem) -> tuple[Array, Array]:
        return x.at[..., self.half].add(_scaled(self, x[..., 0], condition)), no_log_det(x)

    def inverse(self, y: Array, condition: Problem) -> tuple[Array, Array]:
        return y.at[..., self.half].add(-_scaled(self, y[..., 0], condition)), no_log_det(y)

    def backward(self, y: Array, condition: Problem, y_bar: Array, log_det_bar: Array) -> tuple[Array, Cotangents]:
        return self._back(y, condition, y_bar, sign=1)

    def backward_inverse(self, x: Array, condition: Problem, x_bar: Array, log_det_bar: Array):
        return self._back(x, condition, x_bar, sign=-1)

    def _back(self, y: Array, condition: Problem, y_bar: Array, sign: int) -> tuple[Array, Cotangents]:
        """From one gradient, its transposed derivative; not in physics that are `Held`."""
        still = isinstance(condition.physics, Held)

        def added(layer: GradientStep, image: Array, given: PyTree) -> Array:
            return sign * _scaled(layer, image, condition._replace(data=given) if still else given)

        g, pull_back = jax.vjp(added, self, y[..., 0], condition.data if still else condition)
        layer_bar, image_bar, given_bar = pull_back(y_bar[..., self.half])
        physics_bar = jax.tree.map(jnp.zeros_like, condition.physics)
        condition_bar = Problem(physics_bar, given_bar) if still else given_bar
        condition_bar = jax.tree.map(_number, condition_bar, condition)
        x_bar = y_bar.at[..., 0].add(image_bar)
        return y.at[..., self.half].add(-g), Cotangents(layer_bar, x_bar, condition_bar)


def _number(bar: Array, value: Array) -> Array:
    """Zero for what has no derivative, whole numbers."""
    return jnp.zeros_like(value) if bar.dtype == jax.dtypes.float0 else bar


def _scaled(layer: GradientStep, image: Array, problem: Problem) -> Array:
    return (jnp.exp(layer.log_step[...]) * over_batch(layer.gradient, image, problem)).astype(image.dtype)
