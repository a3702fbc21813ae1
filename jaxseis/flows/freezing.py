"""Parameters that training leaves alone."""

from typing import TypeVar

import jax
from flax import nnx

Module = TypeVar("Module", bound=nnx.Module)


class Frozen(nnx.Variable):
    """A parameter that is not trained."""


def frozen(module: Module) -> Module:
    """The same module with parameters that training leaves alone: `nnx.Param` becomes `Frozen`.

    They take nothing from data, and a `jaxseis.flows.Flow` has no gradient in them: that is zero for any loss. The
    optimizer of `jaxseis.flows.fit` keeps nothing for them; another one should be given what
    ``nnx.split(flow, nnx.Param, ...)`` calls parameters if it moves those without gradient too, as weight decay does.

    Arguments:
        module: a layer, a network, or a `jaxseis.flows.Flow`.

    ```python
    flow = Flow(Glow((32, 32, 1), condition_shape=(8,), rngs=rngs), condition_shape=(512,), summary=frozen(pretrained))
    ```
    """
    return jax.tree.map(lambda parameter: Frozen(parameter[...]), module, is_leaf=_is_variable)


def held(module: Module) -> Module:
    """The module with no derivative in what is frozen."""
    return jax.tree.map(
        lambda part: Frozen(jax.lax.stop_gradient(part[...])) if isinstance(part, Frozen) else part,
        module,
        is_leaf=_is_variable,
    )


def _is_variable(part: object) -> bool:
    return isinstance(part, nnx.Variable)
