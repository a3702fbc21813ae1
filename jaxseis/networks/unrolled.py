"""Learned gradient descent: a solver of few steps, each with weights of its own (Adler and Oektem, 2017).

    x_{k+1}, s_{k+1} = step_k(x_k, g(x_k; physics, data), s_k)

The backward pass keeps x and s before every step and computes the rest again, wavefields included.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.networks.problem import Gradient, Problem, check_problem, least_squares_gradient, over_batch
from jaxseis.networks.steps import Step


class Unrolled(nnx.Module):
    """Images from data by learned steps, ``(problem, start) -> (batch, \\*space)``.

    Arguments:
        step: makes a step, ``step(rngs=rngs)``: `DescentStep`, `ProximalStep`, with their arguments bound.
        iterations: how many steps, each with one evaluation of the gradient.
        gradient: g of one sample, such as `least_squares_gradient` or a `MisfitGradient`.
        rngs: random numbers.

    Raises ValueError where start, data and physics are not of one batch.

    It is differentiable in the weights, in ``start``, the data and the physics. Its memory grows by an image and its
    memory channels a step; `IRIM` is flat.

    ```python
    network = Unrolled(partial(DescentStep, step_size=0.1), 10, rngs=nnx.Rngs(0))
    images = network(Problem(Shared(J), data), jnp.zeros((batch, *grid.shape)))
    ```
    """

    def __init__(
        self,
        step: Callable[..., Step],
        iterations: int,
        *,
        gradient: Gradient = least_squares_gradient,
        rngs: nnx.Rngs,
    ):
        keys = jax.random.split(rngs.params(), _checks.whole("iterations", iterations, 1))
        self.steps = jax.vmap(lambda key: step(rngs=nnx.Rngs(key)))(keys)
        self.gradient = gradient

    def __call__(self, problem: Problem, start: Array) -> Array:
        return self.iterates(problem, start)[-1]

    def iterates(self, problem: Problem, start: Array) -> Array:
        """The image after every step, (iteration, batch, \\*space)."""
        check_problem(problem, start, self.steps.space)

        @jax.checkpoint
        def advance(carry: tuple[Array, Array], step: Step):
            x, s = carry
            x, s = step(x, over_batch(self.gradient, x, problem).astype(x.dtype), s)
            return (x, s), x

        memory = jnp.zeros((*start.shape, self.steps.memory), start.dtype)
        return jax.lax.scan(advance, (start, memory), self.steps)[1]
