"""The state of a training, and what brings it from one validation to the next."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from jaxseis._progress import ProgressBar
from jaxseis._types import Array, PyTree
from jaxseis.flows.flow import Flow
from jaxseis.flows.training._batches import Drawn, Stored
from jaxseis.flows.training._step import Loss, Trained, make_step, make_value
from jaxseis.flows.training.augmentation import Augmentation
from jaxseis.flows.training.checkpoint import Checkpoints
from jaxseis.flows.training.monitor import inverts


class History(NamedTuple):
    """Losses: of the batch of every step, before it, and validated after so many ``steps``; all in nats a sample."""

    train: np.ndarray
    validation: np.ndarray
    steps: np.ndarray

    def followed_by(self, train: list[float], validation: float) -> "History":
        """With the losses of more steps, and of a validation after them."""
        losses = np.append(self.train, train)
        return History(losses, np.append(self.validation, validation), np.append(self.steps, len(losses)))


class State(NamedTuple):
    """What training goes on from."""

    trained: Trained
    best: PyTree
    best_value: Array
    waited: Array  # validations since the best


class Run:
    """The parts of a training: what is compiled, what is not trained, the batches."""

    def __init__(
        self,
        flow: Flow,
        loss: Loss,
        optimizer: optax.GradientTransformation,
        augment: Augmentation | None,
        batches: Stored | Drawn,
        keys: Array,
    ):
        self.graph, self.optimizer, self.batches, self.keys = nnx.graphdef(flow), optimizer, batches, keys
        self.step = make_step(self.graph, loss, optimizer, augment)
        self.value = make_value(self.graph, loss)
        self.rest: PyTree = None  # of the flow: what is not trained
        self.inverts, self.last = True, math.nan  # whether the last flow did, and its validation loss

    def identity(self, every: int) -> dict[str, Any]:
        """What has to be the same for a training to go on."""
        numbers = {"batch_size": self.batches.size, "samples": self.batches.count, "every": every}
        return {"key": jax.random.key_data(self.keys[0]), **numbers}

    def start(self, flow: Flow, initialise: bool, saved: Checkpoints | None) -> tuple[State, History]:
        """The state to begin with, or that of a checkpoint."""
        _, parameters, self.rest = nnx.split(flow, nnx.Param, ...)
        if saved and (found := saved.load(self._state(parameters))):
            return found[0], History(**found[1])
        if initialise and (batch := self.batches.training_batch(0))[0] is not None:
            _, parameters, self.rest = nnx.split(flow.initialised(*batch), nnx.Param, ...)
        return self._state(parameters), History(np.zeros(0), np.zeros(0), np.zeros(0, int))

    def _state(self, parameters: PyTree) -> State:
        trained = Trained(parameters, self.optimizer.init(parameters))
        return State(trained, parameters, jnp.asarray(jnp.inf), jnp.asarray(0))

    def trained(self, state: State, numbers: range, bar: ProgressBar) -> tuple[State, list[float]]:
        """The state after some steps, and their losses."""
        trained, losses, value = state.trained, [], None
        for number in numbers:
            before = value
            trained, value = self.step(trained, self.rest, self.batches.training_batch(number), self.keys[1], number)
            if before is not None:  # one step late, so that the device has work while the host reads
                losses.append(_finite(before, number - 1))
                bar.step(train=losses[-1], validation=self.last)
        losses.append(_finite(value, numbers[-1]))
        bar.step(train=losses[-1], validation=self.last)
        return state._replace(trained=trained), losses

    def validated(self, state: State) -> tuple[State, float]:
        """The state with the best parameters so far, and the validation loss."""
        parameters, values = state.trained.parameters, []
        for index, batch in enumerate(self.batches.validation_batches()):
            values.append(self.value(parameters, self.rest, batch, jax.random.fold_in(self.keys[2], index)))
            if index == 0 and self.inverts and batch[0] is not None:
                self.inverts = inverts(self.flow(parameters), *batch)
        if not values:
            return state._replace(best=parameters), self.last
        mean = jnp.stack(values).mean().astype(state.best_value.dtype)
        self.last = _finite(mean, "validation")
        if mean < state.best_value:
            return State(state.trained, parameters, mean, jnp.zeros_like(state.waited)), self.last
        return state._replace(waited=state.waited + 1), self.last

    def flow(self, parameters: PyTree) -> Flow:
        """The flow with these parameters."""
        return nnx.merge(self.graph, parameters, self.rest)


def _finite(value: Any, where: int | str) -> float:
    found = float(value)
    if not math.isfinite(found):
        place = f"step {where}" if isinstance(where, int) else where
        raise FloatingPointError(
            f"the loss is {found} at {place}. If the batch is finite, try a smaller step, bounded scales such as "
            "Sigmoid(0.5, 1.0), optax.clip_by_global_norm(1.0) before the optimizer, or float64."
        )
    return found
