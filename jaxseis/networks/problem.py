"""Inverse problems for networks that unroll solvers: physics and data, one of each a sample, and gradients of misfits.

Networks know a problem by its gradient alone, ``g(x; physics, data)``. That of least squares, ``A.H (A x - d)``, wants
a linear operator for the physics; for a misfit of any other kind, of a nonlinear map say, JAX finds it. A batch of
problems is a batch of pytrees: operators stack,

    J = jax.vmap(lambda m: F.jacobian(m, q))(backgrounds)

is one Born operator a background.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.custom_derivatives import SymbolicZero

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators import LinearOperator

Gradient = Callable[[Array, Any, Any], Array]
"""``g(x, physics, data)`` for one sample, of the shape of x."""


class Problem(NamedTuple):
    """What is known of a batch of images: the physics that made the data, and the data.

    ```python
    problem = Problem(Shared(J), d)      # one operator for all samples, data (batch, shot, time, receiver)
    problem = Problem(stacked, d)        # an operator for each: arrays of the pytree have the batch in front
    ```
    """

    physics: PyTree
    """A linear operator, or what else the gradient takes: every array has the batch as its first axis, or `Shared`."""
    data: PyTree
    """(batch, ...)"""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Shared:
    """Physics that all samples of a batch have in common.

    Arguments:
        physics: an operator, or what else the gradient takes.

    ```python
    problem = Problem(Shared(J), data)
    ```
    """

    physics: PyTree


def least_squares_gradient(x: Array, physics: LinearOperator, data: PyTree) -> Array:
    """``A.H (A x - d)``, the gradient of ``1/2 |A x - d|^2``.

    Arguments:
        x: the image.
        physics: A.
        data: d.

    ```python
    g = least_squares_gradient(x, J, d)
    ```
    """
    return physics.H @ jax.tree.map(_difference, physics @ x, data)


def _difference(found: Array, data: Array) -> Array:
    _checks.shape_is("problem.data of one sample", data, found.shape)
    return found - data


@dataclass(frozen=True)
class MisfitGradient:
    """The gradient of any misfit ``phi(x, physics, data)``, by `jax.grad`.

    Arguments:
        misfit: a function to one real number.

    To train through it takes second derivatives of the misfit.

    ```python
    gradient = MisfitGradient(lambda m, q, d: 0.5 * jnp.sum((F(m) @ q - d) ** 2))
    ```
    """

    misfit: Callable[[Array, Any, Any], Array]

    def __call__(self, x: Array, physics: PyTree, data: PyTree) -> Array:
        return jax.grad(self.misfit)(x, physics, data)


@dataclass(frozen=True)
class Preconditioned:
    """``P g(x)``: a gradient with an operator, or a function, behind it.

    Arguments:
        gradient: g.
        by: P, a function of images; ``lambda g: P @ g`` for an operator. It is not trained: networks belong in steps.

    Raises ValueError for a network.

    ```python
    gradient = Preconditioned(least_squares_gradient, lambda g: depth_scaling @ g)
    ```
    """

    gradient: Gradient
    by: Callable[[Array], Array]

    def __post_init__(self):
        if isinstance(self.by, nnx.Module):
            raise _checks.fail("by", "a function without weights", type(self.by).__name__, "Put it in a Step.")

    def __call__(self, x: Array, physics: PyTree, data: PyTree) -> Array:
        return self.by(self.gradient(x, physics, data))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Held:
    """Physics in which no derivative is wanted: `held` sees to it that none is asked for."""

    physics: PyTree


def over_batch(function: Callable[..., Any], x: PyTree, problem: Problem) -> Any:
    """``function(x, physics, data)`` of every sample."""
    physics = problem.physics.physics if isinstance(problem.physics, Held) else problem.physics
    shared = isinstance(physics, Shared)
    axes = (0, None if shared else 0, 0)
    return jax.vmap(function, in_axes=axes)(x, physics.physics if shared else physics, problem.data)


def check_problem(problem: Problem, start: Array, space: int) -> None:
    """An error where start, data or physics are not those of one batch of images over so many axes of space."""
    _checks.kind_is("problem", problem, Problem, "a Problem(physics, data)")
    if jnp.ndim(start) != space + 1:
        raise _checks.fail("start", f"a batch of images with {space} axes of space", f"shape {jnp.shape(start)}")
    count = jnp.shape(start)[0]
    remedy = "Stack operators by jax.vmap, or write Shared(A) for one that all samples have in common."
    parts = {"data": (problem.data, "")}
    if not isinstance(problem.physics, Shared):
        parts["physics"] = (problem.physics, remedy)
    for name, (part, remedy) in parts.items():
        for shape in map(jnp.shape, jax.tree.leaves(part)):
            if shape[:1] != (count,):
                raise _checks.fail(f"problem.{name}", f"a batch of {count} in front", f"shape {shape}", remedy)


@jax.custom_jvp
def held(physics: PyTree) -> PyTree:
    """The physics itself; an error where a derivative in it is asked for."""
    return physics


@partial(held.defjvp, symbolic_zeros=True)
def _refuse(primals: tuple, tangents: tuple) -> tuple[PyTree, PyTree]:
    leaves = jax.tree.leaves(tangents, is_leaf=lambda t: isinstance(t, SymbolicZero))
    if not all(isinstance(leaf, SymbolicZero) for leaf in leaves):
        raise NotImplementedError(
            'physics: an IRIM with memory="invert" has no derivative in it, only in data, start and weights. Take '
            'memory="remat" for it, or jax.lax.stop_gradient(physics) if none is meant.'
        )
    return primals[0], tangents[0]
