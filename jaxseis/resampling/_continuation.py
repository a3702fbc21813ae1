"""Signals past their ends: odd reflection that fades, ``x(-t) = fade(t) (2 x(0) - x(t))``."""

import jax.numpy as jnp
import numpy as np

from jaxseis._types import Array


def continued(x: Array, margin: int) -> Array:
    """Samples (time, trace) with ``margin`` more, fewer than there are, before and after."""
    if margin == 0:
        return x
    fade = np.cos(np.pi * np.maximum(np.arange(1, margin + 1) / (margin + 1) - 0.5, 0)) ** 2
    fade = fade.astype(x.dtype)[:, None]
    before = fade * (2 * x[:1] - x[1 : margin + 1])
    after = fade * (2 * x[-1:] - x[-margin - 1 : -1][::-1])
    return jnp.concatenate([before[::-1], x, after])
