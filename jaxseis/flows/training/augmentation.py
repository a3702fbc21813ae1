"""Changes of a batch before every step of training, functions ``(key, x, condition, step) -> (x, condition)``.

They run inside the compiled step, on batches ``(batch, *space, channel)``; `compose` puts one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from jaxseis import _checks
from jaxseis._types import Array, PyTree

Augmentation = Callable[[Array, PyTree, PyTree, Array], tuple[PyTree, PyTree]]


@dataclass(frozen=True)
class Flip:
    """Flips each sample with probability 1/2 along each of some axes; images among its conditions flip with it.

    Arguments:
        axes: of space, from 0.

    A condition is an image if it has as many axes as the sample; others stay.

    ```python
    fit(flow, images, augment=Flip(axes=(0,)), steps=1000, key=key)
    ```
    """

    axes: Sequence[int]

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(_checks.whole("axes", axis, 0) for axis in self.axes))

    def __call__(self, key: Array, x: PyTree, condition: PyTree, step: Array) -> tuple[PyTree, PyTree]:
        first = jax.tree.leaves(x)[0]
        flips = jax.random.bernoulli(key, shape=(len(self.axes), first.shape[0]))
        beside = jax.tree.map(lambda leaf: self._flipped(leaf, flips) if leaf.ndim == first.ndim else leaf, condition)
        return jax.tree.map(lambda leaf: self._flipped(leaf, flips), x), beside

    def _flipped(self, x: Array, flips: Array) -> Array:
        for axis, flip in zip(self.axes, flips, strict=True):
            if axis >= x.ndim - 2:
                raise _checks.fail("axes", f"axes of space, of which there are {x.ndim - 2}", axis)
            x = jnp.where(flip.reshape(-1, *(1,) * (x.ndim - 1)), jnp.flip(x, axis + 1), x)
        return x


@dataclass(frozen=True)
class Noise:
    """Adds white Gaussian noise to samples, for a smoother start of training or against overfitting.

    Arguments:
        size: its standard deviation, a number or a schedule ``step -> size`` such as those of optax.

    ```python
    Noise(optax.exponential_decay(0.1, transition_steps=100, decay_rate=0.9))
    ```
    """

    size: float | optax.Schedule

    def __call__(self, key: Array, x: PyTree, condition: PyTree, step: Array) -> tuple[PyTree, PyTree]:
        size = self.size(step) if callable(self.size) else self.size
        leaves, structure = jax.tree.flatten(x)
        keys = jax.random.split(key, len(leaves))
        noisy = [leaf + size * _normal(k, leaf) for k, leaf in zip(keys, leaves, strict=True)]
        return jax.tree.unflatten(structure, noisy), condition


def compose(*augmentations: Augmentation) -> Augmentation:
    """One augmentation after the other, each with random numbers of its own.

    ```python
    fit(flow, images, augment=compose(Flip((0, 1)), Noise(0.01)), steps=1000, key=key)
    ```
    """

    def run(key: Array, x: PyTree, condition: PyTree, step: Array) -> tuple[PyTree, PyTree]:
        keys = jax.random.split(key, len(augmentations))
        for k, augmentation in zip(keys, augmentations, strict=True):
            x, condition = augmentation(k, x, condition, step)
        return x, condition

    return run


def _normal(key: Array, like: Array) -> Array:
    return jax.random.normal(key, like.shape, jnp.result_type(like, float))
