"""What layers share whose parameters a first batch of data sets (Salimans and Kingma, Weight Normalization, 2016)."""

import jax
from flax import nnx

from jaxseis._types import Array
from jaxseis.flows.bijection import Bijection, replaced


class DataDependent(Bijection):
    """A layer with parameters that are zero as it is made, and then what data ask for.

    A new one defines `initialised` and `initialised_inverse` by `taking`, beside `forward` and `inverse`.
    """

    def taking(self, **values: Array) -> Bijection:
        """The layer with these parameters, in their precision; the layer itself where it is frozen."""
        if not self._is_trained():
            return self
        return replaced(self, **{name: nnx.Param(v.astype(getattr(self, name).dtype)) for name, v in values.items()})

    def as_made(self) -> bool:
        """Whether all that data may set is zero still."""
        return not self._is_trained() or not any(leaf.any() for leaf in jax.tree.leaves(self))

    def _is_trained(self) -> bool:
        return any(isinstance(part, nnx.Param) for part in vars(self).values())


def as_made(module: nnx.Module) -> bool:
    """Whether no layer of a module has taken anything from data, nor been trained."""
    return all(part.as_made() for _, part in nnx.iter_modules(module) if isinstance(part, DataDependent))
