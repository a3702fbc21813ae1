"""One scale of a flow: trim, squeeze, transform, release."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx

from jaxseis._types import Array, PyTree
from jaxseis.flows._states import no_log_det
from jaxseis.flows.bijection import Bijection, replaced
from jaxseis.flows.layers.shuffle import Squeeze
from jaxseis.flows.layers.trim import Trim
from jaxseis.flows.networks._scales import Beside


class Level(Bijection):
    """``x -> (x', released)``.

    Axes of odd size are trimmed, space is squeezed into channels, a chain transforms them, and the first channels
    are released as finished latents, after the planes that were trimmed. The condition is a `Beside`.
    """

    def __init__(self, trims: Sequence[Trim], squeeze: Squeeze, chain: Bijection, released: int):
        self.trims = nnx.List(trims)
        self.squeeze = squeeze
        self.chain = chain
        self.released = released

    @property
    def count(self) -> int:
        """How many latents are released."""
        return len(self.trims) + (self.released > 0)

    def forward(self, x: Array, condition: PyTree = None) -> tuple[PyTree, Array]:
        condition, planes, log_det = condition or Beside(), (), no_log_det(x)
        for trim, beside in zip(self.trims, self._cut(condition.before), strict=True):
            (x, plane), more = trim.forward(x, beside)
            planes, log_det = (*planes, plane), log_det + more
        x, more = self.chain.forward(self.squeeze.forward(x)[0], condition.after)
        return self._release(x, planes), log_det + more

    def inverse(self, y: PyTree, condition: PyTree = None) -> tuple[Array, Array]:
        x, released = y
        condition = condition or Beside()
        planes, half = released[: len(self.trims)], released[len(self.trims) :]
        x, log_det = self.chain.inverse(jnp.concatenate([*half, x], axis=-1), condition.after)
        x = self.squeeze.inverse(x)[0]
        for trim, plane, beside in reversed([*zip(self.trims, planes, self._cut(condition.before), strict=True)]):
            x, more = trim.inverse((x, plane), beside)
            log_det += more
        return x, log_det

    def initialised(self, x: Array, condition: PyTree = None) -> tuple[Bijection, PyTree]:
        condition, trims, planes = condition or Beside(), [], ()
        for trim, beside in zip(self.trims, self._cut(condition.before), strict=True):
            trim, (x, plane) = trim.initialised(x, beside)
            trims, planes = [*trims, trim], (*planes, plane)
        chain, x = self.chain.initialised(self.squeeze.forward(x)[0], condition.after)
        return replaced(self, trims=nnx.List(trims), chain=chain), self._release(x, planes)

    def _cut(self, condition: PyTree) -> list[PyTree]:
        """What each trim is given: the condition over what the trims before it have left."""
        found = []
        for trim in self.trims:
            found.append(condition)
            condition = condition if condition is None or condition.ndim == 2 else trim.cut(condition)
        return found

    def _release(self, x: Array, planes: tuple[Array, ...]) -> PyTree:
        half = (x[..., : self.released],) if self.released else ()
        return x[..., self.released :], (*planes, *half)
