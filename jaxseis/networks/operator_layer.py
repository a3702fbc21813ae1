"""Linear operators as layers of networks.

A matrix-free operator is a pytree: its arrays (a model, a wavelet, positions) are leaves, what propagates is structure.
As a layer, the arrays that are picked are `nnx.Param`, those that are not are `Frozen`, and whole numbers, such as the
indices of a restriction, are structure. No physics is here, and none in the network.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.flows.freezing import Frozen
from jaxseis.operators import LinearOperator


class OperatorLayer(nnx.Module):
    """``y = A x``, for every sample of a batch.

    Arguments:
        operator: A, any linear operator with arrays inside.
        trained: picks what of A is trained with the network: ``trained(A)`` is one array of A, or a tuple or other
            pytree of them. Nothing by default.

    Called with ``x`` of A's domain behind any axes of a batch, (\\*batch, \\*domain), it gives (\\*batch, \\*range).
    Derivatives are those of the operator, exact in ``x`` and in every array that is trained; the others have none,
    and stay where they are unless an optimizer moves them without: by weight decay, say.

    Raises ValueError where ``trained`` picks what is no array of real or complex numbers, and where x does not fit.

    ```python
    born = OperatorLayer(F.jacobian(m0, q))                        # fixed
    wave = OperatorLayer(F(m0), trained=lambda A: A.medium.m)      # squared slowness is a weight
    data = wave(x)                                                 # (batch, shot, time, source) -> (..., receiver)
    ```
    """

    def __init__(self, operator: LinearOperator, trained: Callable[[Any], PyTree] | None = None):
        _checks.kind_is("operator", operator, LinearOperator, "a LinearOperator of jaxseis")
        leaves, structure = jax.tree.flatten(operator)
        picked = _picked(operator, trained)
        self.leaves = nnx.List([_kept(leaf, i in picked) for i, leaf in enumerate(leaves)])
        self.structure = structure

    @property
    def operator(self) -> LinearOperator:
        """A, with the arrays as they are now."""
        return jax.tree.unflatten(self.structure, [_value(leaf) for leaf in self.leaves])

    def __call__(self, x: PyTree) -> PyTree:
        A = self.operator
        axes = _batch_axes(x, A)
        if not axes:
            return A @ x
        flat = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[len(axes) :]), x)
        return jax.tree.map(lambda y: y.reshape(*axes, *y.shape[1:]), jax.vmap(lambda x: A @ x)(flat))


@jax.tree_util.register_static
class Whole:
    """An array of whole numbers that is structure: it hashes and compares by what is in it."""

    def __init__(self, array: Any):
        if not _checks.is_concrete(array):
            remedy = "Make the layer outside of jit and vmap."
            raise _checks.fail("operator", "whole numbers that are known", "traced ones", remedy)
        self.array = np.asarray(array)

    def _facts(self) -> tuple:
        return self.array.shape, self.array.dtype.str, self.array.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whole) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())


def _picked(operator: LinearOperator, trained: Callable[[Any], PyTree] | None) -> set[int]:
    """The numbers of the leaves that are trained."""
    if trained is None:
        return set()
    leaves, structure = jax.tree.flatten(operator)
    numbered = jax.tree.unflatten(structure, range(len(leaves)))
    picked = jax.tree.leaves(trained(numbered))
    if not picked or not all(type(i) is int and eqx.is_inexact_array(leaves[i]) for i in picked):
        raise _checks.fail(
            "trained", "a function that picks arrays of the operator, such as lambda A: A.medium.m", picked
        )
    return set(picked)


def _kept(leaf: Any, trained: bool) -> Any:
    if not eqx.is_inexact_array_like(leaf):
        return Whole(leaf)
    return (nnx.Param if trained else Frozen)(jnp.asarray(leaf))


def _value(leaf: Any) -> Any:
    if isinstance(leaf, Whole):
        return leaf.array
    return jax.lax.stop_gradient(leaf[...]) if isinstance(leaf, Frozen) else leaf[...]


def _batch_axes(x: PyTree, A: LinearOperator) -> tuple[int, ...]:
    """The axes of x before those of the domain of A."""
    first, domain = jax.tree.leaves(x)[0], jax.tree.leaves(A.in_structure())[0]
    return jnp.shape(first)[: max(0, jnp.ndim(first) - len(domain.shape))]
