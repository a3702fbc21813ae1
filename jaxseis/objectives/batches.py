"""Random batches of shots for stochastic inversion."""

from collections.abc import Iterator

import jax
import numpy as np

from jaxseis import _checks


def shot_batches(key: jax.Array, shots: int, size: int) -> Iterator[np.ndarray]:
    """Batches of shot numbers without end: each epoch is a new permutation of all shots.

    Arguments:
        key: JAX random key.
        shots: number of shots.
        size: shots in a batch. Leftovers of an epoch that fill no batch are skipped, so that every
            batch has one shape and a jitted step compiles once.

    Raises ValueError if ``size`` is not between 1 and ``shots``.

    ```python
    batches = shot_batches(jax.random.key(0), shots=16, size=4)
    phi[next(batches)].value_and_grad(m)
    ```
    """
    if not 1 <= size <= shots:
        raise _checks.fail("size", f"a number of shots from 1 to {shots}", size)

    def endless(key: jax.Array) -> Iterator[np.ndarray]:
        while True:
            key, now = jax.random.split(key)
            order = np.asarray(jax.random.permutation(now, shots))
            yield from order[: shots // size * size].reshape(-1, size)

    return endless(key)
