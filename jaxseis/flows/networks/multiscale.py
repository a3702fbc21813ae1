"""Several scales: squeeze, transform, let half of the channels go (Dinh et al., Real NVP, ICLR 2017)."""

from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.backbones.mlp import MLP
from jaxseis.flows._shapes import freeze_shape
from jaxseis.flows._states import no_log_det
from jaxseis.flows.bijection import Bijection, replaced
from jaxseis.flows.composition import Chain
from jaxseis.flows.layers.shuffle import Squeeze
from jaxseis.flows.layers.trim import Trim
from jaxseis.flows.memory import Memory
from jaxseis.flows.networks._scales import Beside, arrays_at_scales, shapes_at_scales
from jaxseis.flows.networks.level import Level

Step = Callable[..., Bijection]


class Multiscale(Bijection):
    """Chains of steps at ever coarser scales, ``x -> (z_1, ..., z_n)``: fine latents first, the coarsest last.

    Arguments:
        event_shape: shape of one sample, (\\*space, channel). Any size: see `Trim`, and ``odd``.
        step: makes a step of the flow, ``step(channels, condition_channels, rngs=rngs)``.
        scales: how many; space is halved that often.
        steps: steps at each scale.
        squeeze: space to channels, the same at every scale.
        split: whether half of the channels leave after each scale but the last.
        odd: ``"trim"`` takes axes of odd size exactly, plane by plane; ``"refuse"`` raises ValueError.
        condition_shape: shape of one condition, (\\*space, channel) over the same space or (feature,), or a
            sequence of one a scale, over the space after squeezing; None for none.
        memory: what the backward pass keeps, as for `Chain`.
        param_dtype: of the parameters.
        rngs: random numbers.

    A spatial condition is squeezed along, and whole at every scale.
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        step: Step,
        *,
        scales: int = 3,
        steps: int = 8,
        squeeze: Squeeze,
        split: bool = True,
        odd: str = "trim",
        condition_shape: Sequence | None = None,
        memory: Memory | str = "invert",
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        _checks.whole("scales", scales, 1)
        self.event_shape = _event("event_shape", event_shape, scales, odd)
        self.condition_shape = freeze_shape(condition_shape)
        self.squeeze = squeeze
        *space, channels = self.event_shape
        spaces = [tuple(n // 2**s for n in space) for s in range(scales + 1)]
        levels = []
        for index, beside in enumerate(shapes_at_scales(self.condition_shape, spaces)):
            trims = _trims((*spaces[index], channels), beside.before, param_dtype, rngs)
            channels *= 2 ** len(space)
            make = partial(step, channels, beside.after[-1] if beside.after else 0)
            chain = Chain(make, steps, memory=memory, rngs=rngs)
            released = channels // 2 if split and index < scales - 1 else 0
            levels.append(Level(trims, squeeze, chain, released))
            channels -= released
        self.levels = nnx.List(levels)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        latents, total = (), no_log_det(x)
        for level, beside in zip(self.levels, self._conditions(condition), strict=True):
            (x, released), log_det = level.forward(x, beside)
            latents, total = (*latents, *released), total + log_det
        return (*latents, x), total

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        *latents, x = y
        total = no_log_det(x)
        conditions = self._conditions(condition)
        for level, beside in zip(reversed(self.levels), reversed(conditions), strict=True):
            split = len(latents) - level.count
            latents, released = latents[:split], tuple(latents[split:])
            x, log_det = level.inverse((x, released), beside)
            total += log_det
        return x, total

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        levels, latents = [], ()
        for level, beside in zip(self.levels, self._conditions(condition), strict=True):
            level, (x, released) = level.initialised(x, beside)
            levels, latents = [*levels, level], (*latents, *released)
        return replaced(self, levels=nnx.List(levels)), (*latents, x)

    def _conditions(self, condition: PyTree) -> list[Beside]:
        """What each scale is given."""
        return arrays_at_scales(condition, self.squeeze, len(self.levels))


def _trims(shape: tuple[int, ...], condition: tuple[int, ...] | None, param_dtype, rngs: nnx.Rngs) -> list[Trim]:
    beside = {} if condition is None else {"vector" if len(condition) == 1 else "image": condition[-1]}
    subnet = partial(MLP, width=16, depth=1, param_dtype=param_dtype)
    make = partial(Trim, shape[-1], subnet=subnet, param_dtype=param_dtype, rngs=rngs, **beside)
    return [make(axis=axis) for axis, n in enumerate(shape[:-1]) if n % 2]


def _event(name: str, shape: Sequence[int], scales: int, odd: str) -> tuple[int, ...]:
    if odd not in ("trim", "refuse"):
        raise _checks.fail("odd", "'trim' or 'refuse'", repr(odd))
    shape = tuple(_checks.whole(name, n, 1) for n in shape)
    factor = 2**scales
    if len(shape) < 2 or any(n < factor for n in shape[:-1]):
        raise _checks.fail(name, f"(*space, channel) with at least {factor} along every axis of space", shape)
    if odd == "refuse" and any(n % factor for n in shape[:-1]):
        raise _checks.fail(
            name, f"axes of space divisible by 2^scales = {factor}", shape, "Take fewer scales, pad, or odd='trim'."
        )
    return shape
