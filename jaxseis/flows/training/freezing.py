"""Parameters that training leaves alone."""

from typing import TypeVar

import jax
from flax import nnx

Module = TypeVar("Module", bound=nnx.Module)


class Frozen(nnx.Variable):
    """A parameter that is not trained."""


def frozen(module: Module) -> Module:
    """The same module with parameters that `jaxseis.flows.fit` leaves alone: `nnx.Param` becomes `Frozen`.

    The optimizer keeps nothing for them, and they take nothing from data. Outside of `fit`,
    ``nnx.split(module, nnx.Param, ...)`` tells them apart.

    Arguments:
        module: a layer, a network, or a `jaxseis.flows.Flow`.

    ```python
    flow = Flow(Glow((32, 32, 1), condition_shape=(8,), rngs=rngs), condition_shape=(512,), summary=frozen(pretrained))
    ```
    """
    return jax.tree.map(_freeze, module, is_leaf=lambda part: isinstance(part, nnx.Variable))


def _freeze(parameter: nnx.Variable) -> Frozen:
    return Frozen(parameter[...])
