"""Networks of leapfrog layers, down and up through scales (Lensink, Peters and Haber, Fully hyperbolic CNNs, 2019)."""

from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.flows._shapes import freeze_shape
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composite import Composite
from jaxseis.flows.composition import Chain, Sequential
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.leapfrog import Leapfrog, Pair
from jaxseis.flows.layers.shuffle import Squeeze
from jaxseis.flows.memory import Memory


class Hyperbolic(Composite):
    """Leapfrog layers at coarser and finer scales; the halves of the channels are the pair of states.

    Arguments:
        event_shape: shape of one sample, (\\*space, channel), with space divisible by 2^s for the coarsest scale s.
        scales: the scale of each stage: how often space is halved there. ``(1, 2, 1)`` goes down and up again.
        steps: leapfrog layers in a stage.
        width: channels of ``W current``.
        step: h of the leapfrog layers.
        activation: a, non-decreasing.
        squeeze: space to channels on the way down, and back on the way up.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the convolutions, and of the parameters.
        rngs: random numbers.

    An `ActNorm` starts each stage and gives it its scale: the leapfrog layers preserve volume. The latents have the
    scale of the last stage.

    ```python
    flow = Flow(Hyperbolic((32, 32, 1), scales=(1, 2), steps=8, width=32, rngs=nnx.Rngs(0)))
    ```
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        *,
        scales: Sequence[int] = (1, 2),
        steps: int = 8,
        width: int = 64,
        step: float = 0.5,
        activation: Callable[[Array], Array] = jnp.tanh,
        squeeze: Squeeze | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        scales = [_checks.whole("scales", s, 0) for s in scales]
        _check_sizes(event_shape, scales)
        self.event_shape, space = freeze_shape(event_shape), len(event_shape) - 1
        leapfrog = partial(
            Leapfrog,
            space=space,
            width=width,
            step=step,
            activation=activation,
            dtype=dtype,
            param_dtype=param_dtype,
        )
        layers = []
        for before, scale in zip([0, *scales[:-1]], scales, strict=True):
            channels = event_shape[-1] * 2 ** (space * scale)
            chain = Chain(partial(leapfrog, channels // 2), steps, memory=memory, rngs=rngs)
            layers += [*_moves(scale - before, squeeze or Haar()), ActNorm(channels, param_dtype=param_dtype)]
            layers += [Pair(), chain, Pair().reverse()]
        super().__init__(Sequential(layers))


def _moves(down: int, squeeze: Squeeze) -> list[Bijection]:
    """Down so many scales, or up for a negative number."""
    return [squeeze] * down or [squeeze.reverse()] * -down


def _check_sizes(shape: Sequence[int], scales: Sequence[int]) -> None:
    *space, channels = shape
    factor = 2 ** max(scales)
    if not space or any(n % factor for n in space):
        raise _checks.fail("event_shape", f"(*space, channel) with space divisible by {factor}", tuple(shape))
    if 0 in scales and channels % 2:
        raise _checks.fail("scales", "none of 0 for an odd number of channels", tuple(scales), "Start with 1.")
