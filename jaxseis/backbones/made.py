"""Masked multilayer perceptrons (Germain, Gregor, Murray and Larochelle, MADE, ICML 2015).

Every unit has a degree. A hidden unit of degree d is connected to units of degree at most d before it, output i to
hidden units of degree less than i; input i has degree i, a condition degree 0. So output i depends on the inputs
1 ... i - 1 and on the condition.
"""

import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights


class MADE(nnx.Module):
    """Dense layers, ``(batch, features) -> (batch, count, features)``, output i of the inputs before i alone.

    Arguments:
        features: how many features come in.
        count: how many numbers go out for each.
        width: units of the hidden layers, at least ``features`` for every degree to be there.
        depth: how many hidden layers, at least 1.
        condition_features: features of the condition, on which every output depends.
        activation: between layers.
        zero: whether the last layer starts at zero.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    ```python
    net = MADE(3, 2, width=64, rngs=nnx.Rngs(0))
    ```
    """

    def __init__(
        self,
        features: int,
        count: int,
        *,
        width: int = 64,
        depth: int = 2,
        condition_features: int = 0,
        activation=nnx.gelu,
        zero: bool = True,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.features, self.count = _checks.whole("features", features, 1), _checks.whole("count", count, 1)
        _checks.whole("depth", depth, 1)
        _checks.whole("width", width, features, "Output i wants hidden units of all degrees below i.")
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        inputs = (*range(1, features + 1), *[0] * condition_features)
        hidden = _spread(0 if condition_features else 1, features, width)
        sizes = [inputs, *[hidden] * depth]
        self.hidden = nnx.List(Masked(a, b, **options) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.last = Masked(hidden, tuple(range(features)) * count, kernel_init=last_weights(zero), **options)
        self.activation = activation

    def __call__(self, x: Array, condition: Array | None = None) -> Array:
        if condition is not None:
            x = jnp.concatenate([x, condition.astype(x.dtype)], axis=-1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        x = self.last(x)
        return x.reshape(*x.shape[:-1], self.count, self.features)


class Masked(nnx.Linear):
    """A dense layer without the connections that lead from a degree to a lower one.

    Arguments:
        before, after: degrees of the units on both sides.
        options: as for `flax.nnx.Linear`.

    ```python
    layer = Masked((1, 2), (1, 1, 2), rngs=nnx.Rngs(0))  # the first two units do not see the second input
    ```
    """

    def __init__(self, before: tuple[int, ...], after: tuple[int, ...], **options):
        super().__init__(len(before), len(after), **options)
        self.before, self.after = before, after

    def __call__(self, inputs: Array) -> Array:
        mask = np.less_equal.outer(self.before, self.after)
        dtype = self.dtype or jnp.result_type(inputs, self.kernel[...])
        kernel = jnp.where(mask, self.kernel[...], 0).astype(dtype)
        return inputs.astype(dtype) @ kernel + self.bias[...].astype(dtype)  # type: ignore[index]  there always is one


def _spread(least: int, features: int, width: int) -> tuple[int, ...]:
    """Degrees of hidden units, in turn; the highest that an output can use is ``features - 1``."""
    least = min(least, features - 1)
    return tuple(least + i % (features - least) for i in range(width))
