"""Training of flows by stochastic gradients."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxseis import _checks, _progress
from jaxseis._types import Array, PyTree
from jaxseis.flows._shapes import as_array
from jaxseis.flows.flow import Flow
from jaxseis.flows.layers.data_dependent import as_made
from jaxseis.flows.training._batches import batches_of
from jaxseis.flows.training._run import Run
from jaxseis.flows.training._step import Loss
from jaxseis.flows.training.augmentation import Augmentation
from jaxseis.flows.training.checkpoint import Checkpoints
from jaxseis.flows.training.history import History
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
    initialise: bool | None = None,
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
        augment: changes batches before they are trained on: `jaxseis.flows.Flip`, `Noise`, or several by `compose`.
        initialise: whether layers such as `ActNorm` take their parameters from the first batch; by default only if
            none of them has done so before, or was trained. True does it again, and False not at all.
        callback: called as ``callback(step, flow, measures)`` after every validation; a true result stops.
        checkpoint: a folder for the state, written at every validation. If one is there, training goes on from it, and
            gives bit for bit what it would have given without interruption; a run that is there and has come as far
            as ``steps``, or further, is given back as it is. Data, key, sizes, architecture and frozen parameters have
            to be the same; the loss, the optimizer's numbers, augmentations and what draws samples are functions, and
            not looked at. `jaxseis.flows.load_flow` reads the best flow from the folder.
        progress: whether to show a bar.

    Warns, once, with `InversionWarning` if samples do not come back through the flow and its inverse, at validations:
    those held out, else those of the last step, else those of the flow itself if it has no condition.

    Raises ValueError for data that do not fit, are not finite, or do not vary, and for a checkpoint of another run;
    FloatingPointError naming the step where the loss is not finite.

    ```python
    fitted = fit(flow, x, condition, steps=2000, batch_size=128, patience=10, key=jax.random.key(0))
    samples = fitted.flow.sample(jax.random.key(1), 100, observed)
    ```
    """
    _check_parts(flow, x, key, loss, optimizer)
    steps = _checks.whole("steps", steps, 1)
    if patience is not None:
        _checks.whole("patience", patience, 1)
        _checks.positive("validation", validation, "samples", "Patience is for its loss.")
    keys = jax.random.split(key, 3)
    x, condition = as_array(x, flow.event_shape, np.asarray), as_array(condition, flow.condition_shape, np.asarray)
    batches = batches_of(x, condition, batch_size, validation, keys[0])
    every = batches.steps if every is None else _checks.whole("every", every, 1)
    run = Run(flow, loss, optimizer, augment, batches, keys)
    saved = None if checkpoint is None else Checkpoints(checkpoint, run.identity(every))
    point = run.start(flow, as_made(flow) if initialise is None else initialise, saved)
    result = run.validated(point) if point.done % every else point
    with _progress.progress(steps, "training", progress) as bar:
        bar.update(point.done)
        while point.done < steps and not (patience and point.state.waited >= patience):
            point = run.trained(point, min(point.done - point.done % every + every, steps), bar)
            result = run.validated(point)
            if point.done % every == 0:  # a validation that only the end asked for changes nothing that may follow
                point = result
            if saved:
                saved.save(point.done, point.state, point.history._asdict(), run.flow(result.state.best))
            measures = {"train": result.history.train[-1], "validation": result.history.validation[-1]}
            if callback and callback(point.done, run.flow(point.state.trained.parameters), measures):
                break
    return Fitted(run.flow(result.state.best), result.history)


def _check_parts(flow: Any, x: Any, key: Any, loss: Any, optimizer: Any) -> None:
    """Errors for what is of another kind than it should be."""
    if not isinstance(flow, Flow):
        remedy = "Wrap it: Flow(bijection, event_shape)."
        raise _checks.fail("flow", "a jaxseis.flows.Flow", type(flow).__name__, remedy)
    if not isinstance(key, jax.Array) or not (jnp.issubdtype(key.dtype, jax.dtypes.prng_key) or key.shape == (2,)):
        raise _checks.fail("key", "a random key", type(key).__name__, "Take jax.random.key(0).")
    if not isinstance(optimizer, optax.GradientTransformation):
        remedy = "Take optax.adam(1e-3), for instance."
        raise _checks.fail("optimizer", "a transformation of optax", type(optimizer).__name__, remedy)
    if x is None and loss is maximum_likelihood:
        raise _checks.fail("x", "samples to be likely", None, "Give some, or a loss that draws its own.")
