"""The state of a training, and what brings it from one validation to the next."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from jaxseis._progress import ProgressBar
from jaxseis._types import Array, PyTree
from jaxseis.flows.flow import Flow
from jaxseis.flows.training._architecture import fingerprint
from jaxseis.flows.training._batches import Batch, Drawn, Stored
from jaxseis.flows.training._step import Loss, Trained, make_step, make_value
from jaxseis.flows.training.augmentation import Augmentation
from jaxseis.flows.training.checkpoint import Checkpoints
from jaxseis.flows.training.history import EMPTY, History
from jaxseis.flows.training.monitor import inverts


class State(NamedTuple):
    """What training goes on from."""

    trained: Trained
    best: PyTree
    best_value: Array
    waited: Array  # validations since the best


class Point(NamedTuple):
    """How far a training has come."""

    state: State
    history: History

    @property
    def done(self) -> int:
        """How many steps."""
        return len(self.history.train)


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
        self.rest = nnx.split(flow, nnx.Param, ...)[2]  # what is not trained
        self.inverts, self.last = True, math.nan  # whether the last flow did, and its validation loss
        self.seen: Batch = (None, None)  # the last batch

    def identity(self, every: int) -> dict[str, Any]:
        """What has to be the same for a training to go on."""
        numbers = {"batch_size": self.batches.size, "every": every, "frozen": fingerprint(self.rest)}
        return {"key": jax.random.key_data(self.keys[0]), **numbers, **self.batches.identity()}

    def start(self, flow: Flow, initialise: bool, saved: Checkpoints | None) -> Point:
        """The point to begin at, or that of a checkpoint."""
        parameters = nnx.state(flow, nnx.Param)
        if saved and (found := saved.load(self._state(parameters), flow)):
            return Point(found[0], EMPTY._replace(**found[1]))
        if initialise and (batch := self.batches.training_batch(0))[0] is not None:
            parameters = nnx.state(flow.initialised(*batch), nnx.Param)
        return Point(self._state(parameters), EMPTY)

    def _state(self, parameters: PyTree) -> State:
        trained = Trained(parameters, self.optimizer.init(parameters))
        return State(trained, parameters, jnp.asarray(jnp.inf), jnp.asarray(0))

    def trained(self, point: Point, steps: int, bar: ProgressBar) -> Point:
        """The point after so many steps in all."""
        trained, losses, value = point.state.trained, [], None
        for number in range(point.done, steps):
            before, self.seen = value, self.batches.training_batch(number)
            trained, value = self.step(trained, self.rest, self.seen, self.keys[1], number)
            if before is not None:  # one step late, so that the device has work while the host reads
                losses.append(_finite(before, number - 1))
                bar.step(train=losses[-1], validation=self.last)
        losses.append(_finite(value, steps - 1))
        bar.step(train=losses[-1], validation=self.last)
        return Point(point.state._replace(trained=trained), point.history.trained(losses))

    def validated(self, point: Point) -> Point:
        """The point with the best parameters so far, and the validation loss."""
        state, parameters, values = point.state, point.state.trained.parameters, []
        for index, batch in enumerate(self.batches.validation_batches()):
            values.append(self.value(parameters, self.rest, batch, jax.random.fold_in(self.keys[2], index)))
            self.seen = batch if index == 0 else self.seen
        if self.inverts:  # one warning is enough
            self.inverts = self._inverts(self.flow(parameters))
        if not values:
            return Point(state._replace(best=parameters), point.history.validated(self.last))
        mean = jnp.stack(values).mean().astype(state.best_value.dtype)
        self.last = _finite(mean, "validation")
        better = State(state.trained, parameters, mean, jnp.zeros_like(state.waited))
        state = better if mean < state.best_value else state._replace(waited=state.waited + 1)
        return Point(state, point.history.validated(self.last))

    def _inverts(self, flow: Flow) -> bool:
        """Whether the samples seen last come back, or those of the flow where the loss needs none."""
        x, condition = self.seen
        if x is None and flow.condition_shape is not None:
            return True  # on what is the loss's own affair
        return inverts(flow, flow.sample(self.keys[2], self.batches.size) if x is None else x, condition)

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
