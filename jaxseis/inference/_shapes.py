"""Truths (cases, \\*event) and samples of their posteriors (n, cases, \\*event), as `Flow.sample` gives them."""

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array


def paired(truths, samples) -> tuple[Array, Array]:
    """Both as arrays; an error if they do not belong together, or hold NaN."""
    truths, samples = jnp.asarray(truths), several(samples)
    if truths.ndim == 0 or samples.shape[1:] != truths.shape:
        raise _checks.fail(
            "samples",
            f"(n, *{truths.shape}), n of the posterior of each truth",
            f"shape {samples.shape}",
            "That is what flow.sample(key, n, conditions) gives.",
        )
    for name, values in (("truths", truths), ("samples", samples)):
        _checks.when_concrete(_numbers, name, values)
    return truths, samples


def several(samples) -> Array:
    """Samples as an array; an error if they are fewer than two."""
    samples = jnp.asarray(samples)
    if samples.ndim == 0 or samples.shape[0] < 2:
        raise _checks.fail("samples", "at least 2 along the first axis", f"shape {samples.shape}")
    return samples


def _numbers(name: str, values: Array) -> None:
    """An error if there is NaN: it is neither below nor above anything, and ranks would not show it."""
    missing = int(jnp.isnan(values).sum())
    if missing:
        raise _checks.fail(name, "numbers", f"NaN in {missing} of {values.size} places")


def levels_between(levels) -> np.ndarray:
    """Levels as an array, or an error if they are no probabilities."""
    levels = np.atleast_1d(np.asarray(levels, float))
    if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
        raise _checks.fail("levels", "numbers between 0 and 1", levels)
    return levels
