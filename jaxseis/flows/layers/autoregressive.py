"""Masked autoregressive flows (Papamakarios, Pavlakou and Murray, NeurIPS 2017).

    y_i = g(x_i; p_i(x_1 ... x_{i-1}, c)),    log |det| = sum_i log g'.

One pass of a masked network gives all p_i of a known x, so a density costs one pass. Inverting wants x_{i-1} before
p_i, a pass for each feature. Reversed, it is the inverse autoregressive flow (Kingma et al., 2016): samples at once,
densities one feature after the other.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.backbones.made import MADE
from jaxseis.flows import _states
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.layers.elementwise import Affine, Elementwise


class MaskedAutoregressive(Bijection):
    """``y_i = g(x_i; p_i(x_{<i}, c))`` for vectors, p by a `MADE`.

    Arguments:
        features: the length of the vectors.
        map: g, an `Elementwise` map: `Affine`, `Additive` or `RationalQuadratic`.
        width, depth: of the hidden layers.
        condition_features: features of the condition, 0 for none.
        activation: between layers.
        dtype, param_dtype: of the arithmetic in the network, and of the parameters.
        rngs: random numbers.

    ```python
    layer = MaskedAutoregressive(5, map=RationalQuadratic(), width=32, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        features: int,
        *,
        map: Elementwise = Affine(),  # noqa: B008  it is frozen
        width: int = 64,
        depth: int = 2,
        condition_features: int = 0,
        activation: Callable[[Array], Array] = nnx.gelu,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.map = map
        self.network = MADE(
            features,
            map.count,
            width=width,
            depth=depth,
            condition_features=condition_features,
            activation=activation,
            dtype=dtype,
            param_dtype=param_dtype,
            rngs=rngs,
        )

    def forward(self, x: Array, condition: PyTree = None) -> tuple[Array, Array]:
        return self._all(self.map.forward, x, x, condition)

    def inverse(self, y: Array, condition: PyTree = None) -> tuple[Array, Array]:
        index = jnp.arange(y.shape[-1])

        def find(x, i):
            found, _ = self._all(self.map.inverse, y, x, condition)
            return jnp.where(index == i, found, x), None  # what is not known yet stays zero

        known, _ = jax.lax.scan(find, jnp.zeros_like(y), index[:-1])
        return self._all(self.map.inverse, y, known, condition)

    def _all(self, run: Callable, numbers: Array, x: Array, condition: PyTree) -> tuple[Array, Array]:
        """Map all numbers with the parameters that x sets."""
        parameters = self.network(x, condition).astype(numbers.dtype)
        result, log_derivative = run(numbers, parameters)
        return result, _states.sum_sample(log_derivative)
