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

Step = Callable[..., Bijection]


class Level(Bijection):
    """One scale: ``x -> (x', released)``.

    Axes of odd size are trimmed, space is squeezed into channels, a chain transforms them, and the first channels
    are released as finished latents, with the planes that were trimmed.
    """

    def __init__(self, trims: Sequence[Trim], squeeze: Squeeze, chain: Bijection, released: int):
        self.trims = nnx.List(trims)
        self.squeeze = squeeze
        self.chain = chain
        self.released = released

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        x, planes, log_det = self._trimmed(x)
        x, more = self.chain.forward(self.squeeze.forward(x)[0], condition)
        return self._release(x, planes), log_det + more

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        x, released = y
        planes, half = (released[:-1], released[-1:]) if self.released else (released, ())
        x, log_det = self.chain.inverse(jnp.concatenate([*half, x], axis=-1), condition)
        x = self.squeeze.inverse(x)[0]
        for trim, plane in zip(reversed(self.trims), reversed(planes), strict=True):
            x, more = trim.inverse((x, plane))
            log_det += more
        return x, log_det

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        x, planes, _ = self._trimmed(x)
        chain, x = self.chain.initialised(self.squeeze.forward(x)[0], condition)
        return replaced(self, chain=chain), self._release(x, planes)

    def _trimmed(self, x: Array) -> tuple[Array, tuple[Array, ...], Array]:
        planes, log_det = [], no_log_det(x)
        for trim in self.trims:
            (x, plane), more = trim.forward(x)
            planes, log_det = [*planes, plane], log_det + more
        return x, tuple(planes), log_det

    def _release(self, x: Array, planes: tuple[Array, ...]) -> PyTree:
        half = (x[..., : self.released],) if self.released else ()
        return x[..., self.released :], (*planes, *half)


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
        levels, shape = [], self.event_shape
        beside = [c[-1] for c in self._condition_shapes(scales)]
        for index in range(scales):
            trims = _trims(shape, param_dtype, rngs)
            channels = shape[-1] * 2 ** (len(shape) - 1)
            chain = Chain(partial(step, channels, beside[index]), steps, memory=memory, rngs=rngs)
            released = channels // 2 if split and index < scales - 1 else 0
            levels.append(Level(trims, squeeze, chain, released))
            shape = (*(n // 2 for n in shape[:-1]), channels - released)
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
            count = len(level.trims) + (level.released > 0)
            released = tuple(latents[len(latents) - count :])
            latents = latents[: len(latents) - count]
            x, log_det = level.inverse((x, released), beside)
            total += log_det
        return x, total

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        levels, latents = [], ()
        for level, beside in zip(self.levels, self._conditions(condition), strict=True):
            level, (x, released) = level.initialised(x, beside)
            levels, latents = [*levels, level], (*latents, *released)
        return replaced(self, levels=nnx.List(levels)), (*latents, x)

    def _conditions(self, condition: PyTree) -> list[PyTree]:
        """What each scale is given."""
        count = len(self.levels)
        if isinstance(condition, (tuple, list)):
            return list(condition)
        if condition is None or condition.ndim == 2:
            return [condition] * count
        return self._squeezed(condition, count)

    def _squeezed(self, condition: Array, count: int) -> list[Array]:
        found = []
        for _ in range(count):
            even = tuple(slice(0, n - n % 2) for n in condition.shape[1:-1])  # where the trimmed state is
            condition = self.squeeze.squeeze(condition[(slice(None), *even)])
            found.append(condition)
        return found

    def _condition_shapes(self, scales: int) -> list[tuple[int, ...]]:
        shape = self.condition_shape
        if shape is None:
            return [(0,)] * scales
        if isinstance(shape[0], tuple):
            return list(shape)
        if len(shape) == 1:
            return [shape] * scales
        return [(shape[-1] * 2 ** ((len(shape) - 1) * (s + 1)),) for s in range(scales)]


def _trims(shape: tuple[int, ...], param_dtype, rngs: nnx.Rngs) -> list[Trim]:
    subnet = partial(MLP, width=16, depth=1, param_dtype=param_dtype)
    return [Trim(shape[-1], axis=i, subnet=subnet, rngs=rngs) for i, n in enumerate(shape[:-1]) if n % 2]


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
