"""Training of flows by stochastic gradients."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import optax

from jaxseis import _checks, _progress
from jaxseis._types import Array, PyTree
from jaxseis.flows.flow import Flow
from jaxseis.flows.training._batches import batches_of
from jaxseis.flows.training._run import History, Run
from jaxseis.flows.training._step import Loss
from jaxseis.flows.training.augmentation import Augmentation
from jaxseis.flows.training.checkpoint import Checkpoints
from jaxseis.flows.training.losses import maximum_likelihood

Callback = Callable[[int, Flow, dict[str, float]], Any]
ADAM = optax.adam(1e-3)


class Fitted(NamedTuple):
    """The flow with the least validation loss, and the history of its training."""

    flow: Flow
    history: History


def fit(
    flow: Flow,
    x: Any = None,
    condition: PyTree = None,
    *,
    steps: int,
    key: Array,
    loss: Loss = maximum_likelihood,
    optimizer: optax.GradientTransformation = ADAM,
    batch_size: int = 64,
    validation: float = 0.1,
    every: int | None = None,
    patience: int | None = None,
    augment: Augmentation | None = None,
    initialise: bool = True,
    callback: Callback | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> Fitted:
    """Trains a flow, and takes the parameters with the least validation loss.

    Arguments:
        flow: where to begin. Parameters that are `frozen` stay.
        x: samples (n, \\*event_shape), on the host or the device; or a function ``draw(key, n) -> (x, condition)`` for
            synthetic data without end, compiled by `jax.jit` if it is one of JAX (n is static); or None, where the loss
            needs none.
        condition: of each sample, (n, \\*condition_shape).
        steps: how many steps of the optimizer in all.
        key: random key; the same key gives the same training.
        loss: ``loss(flow, x, condition, key)`` of a batch, a number.
        optimizer: of optax.
        batch_size: samples in a step. What does not fill a batch at the end of a pass is left to the next one, which
            is shuffled anew.
        validation: the fraction of the samples that is held out, by chance; 0 for none, and then the last parameters
            are taken. Beside a function that draws samples, whether it draws eight batches for that.
        every: steps between validations; by default one pass over the samples, or 100.
        patience: stops after so many validations without a smaller loss.
        augment: changes batches before they are trained on: see `jaxseis.flows.augmentation`.
        initialise: whether layers take from the first batch what they take from data; False to train a flow further.
        callback: called as ``callback(step, flow, measures)`` after every validation; a true result stops.
        checkpoint: a folder for the state, written at every validation. If one is there, training goes on from it, and
            gives bit for bit what it would have given without interruption.
        progress: whether to show a bar.

    Warns, once, with `InversionWarning` if samples held out do not come back through the flow and its inverse.

    Raises ValueError for data that do not fit, are not finite, or do not vary, and for a checkpoint of another run;
    FloatingPointError naming the step where the loss is not finite.

    ```python
    fitted = fit(flow, x, condition, steps=2000, batch_size=128, patience=10, key=jax.random.key(0))
    samples = fitted.flow.sample(jax.random.key(1), 100, observed)
    ```
    """
    steps = _checks.whole("steps", steps, 1)
    if patience is not None:
        _checks.whole("patience", patience, 1)
        _checks.positive("validation", validation, "samples", "Patience is for its loss.")
    keys = jax.random.split(key, 3)
    batches = batches_of(x, condition, batch_size, validation, keys[0])
    every = batches.steps if every is None else _checks.whole("every", every, 1)
    run = Run(flow, loss, optimizer, augment, batches, keys)
    saved = None if checkpoint is None else Checkpoints(checkpoint, run.identity(every))
    state, history = run.start(flow, initialise, saved)
    with _progress.progress(steps, "training", progress) as bar:
        bar.update(len(history.train))
        while len(history.train) < steps and not (patience and state.waited >= patience):
            done = len(history.train)
            state, losses = run.trained(state, range(done, min(done + every, steps)), bar)
            state, value = run.validated(state)
            history = history.followed_by(losses, value)
            if saved:
                saved.save(len(history.train), state, history._asdict())
            measures = {"train": losses[-1], "validation": value}
            if callback and callback(len(history.train), run.flow(state.trained.parameters), measures):
                break
    return Fitted(run.flow(state.best), history)
