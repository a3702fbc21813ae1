"""One step of training, and the value of the loss, compiled once for a run.

The flow comes in three parts: its graph, which is static, what is trained (`nnx.Param`), and the rest, which is not.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows.training._batches import Batch
from jaxseis.flows.training.augmentation import Augmentation

Loss = Callable[[Any, PyTree, PyTree, Array], Array]


class Trained(NamedTuple):
    """What a step changes: parameters, and the state of the optimizer."""

    parameters: PyTree
    optimizer: PyTree


def make_step(
    graph: nnx.GraphDef, loss: Loss, optimizer: optax.GradientTransformation, augment: Augmentation | None
) -> Callable[[Trained, PyTree, Batch, Array, Any], tuple[Trained, Array]]:
    """The function from what is trained, the rest, a batch, a key and the step's number to the next and the loss."""
    update = optax.with_extra_args_support(optimizer).update

    @jax.jit
    def step(trained: Trained, rest: PyTree, batch: Batch, key: Array, number: Any) -> tuple[Trained, Array]:
        for_augment, for_loss = jax.random.split(jax.random.fold_in(key, number))
        x, condition = augment(for_augment, *batch, number) if augment else batch
        value, gradient = jax.value_and_grad(
            lambda parameters: loss(nnx.merge(graph, parameters, rest), x, condition, for_loss)
        )(trained.parameters)
        change, state = update(gradient, trained.optimizer, trained.parameters, value=value)
        return Trained(optax.apply_updates(trained.parameters, change), state), value

    return step


def make_value(graph: nnx.GraphDef, loss: Loss) -> Callable[[PyTree, PyTree, Batch, Array], Array]:
    """The loss as a function of the parameters, the rest, a batch and a key."""

    @jax.jit
    def value(parameters: PyTree, rest: PyTree, batch: Batch, key: Array) -> Array:
        return loss(nnx.merge(graph, parameters, rest), *batch, key)

    return value
