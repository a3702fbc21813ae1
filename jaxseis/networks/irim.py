"""Invertible recurrent inference machines (Putzky and Welling, Invert to learn to invert, NeurIPS 2019).

A solver for inverse problems with learned steps, on images eta and a memory s of as many channels:

    (eta, s) <- (eta, s + t g(eta_1)),    (eta, s) <- h(eta, s),

h being additive couplings of channels mixed orthogonally, ``u = C x, u_2 <- u_2 + f(u_1), x <- C^T u``, which begin as
the identity. Every step can be undone, so that training takes the memory of one
step however many there are: no state and no wavefield is kept, and going back costs one more gradient g a step.
"""

from functools import partial

import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones.unet import UNet
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composition import Chain, Sequential
from jaxseis.flows.layers.conjugated import Conjugated
from jaxseis.flows.layers.coupling import Backbone, Coupling
from jaxseis.flows.layers.elementwise import Additive
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.memory import Invert, Memory
from jaxseis.networks.gradient_step import GradientStep
from jaxseis.networks.problem import Gradient, Held, Problem, check_problem, held, least_squares_gradient
from jaxseis.networks.unconditional import Unconditional


class IRIM(nnx.Module):
    """Images from data by learned invertible steps, ``(problem, start) -> (batch, \\*space)``.

    Arguments:
        space: how many axes images have.
        iterations: how many times the gradient is evaluated.
        channels: of eta and s together, even; the image is the first.
        depth: couplings an iteration.
        gradient: g of one sample, such as `least_squares_gradient` or a `MisfitGradient`.
        step_size: t to begin with, one for each iteration and trained: 1 / |A|^2, if images are of order one.
        width: channels of the couplings' networks.
        subnet: makes a coupling's network, ``subnet(inputs, outputs, rngs=rngs)``; by default a `UNet` of ``width``.
        memory: ``"invert"``, ``"remat"`` or ``"store"``: what the backward pass keeps.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters.
        rngs: random numbers.

    Bring images to order one: networks are made for that. Derivatives in the physics want ``memory="remat"``; what a
    misfit closes over has none, so that a model belongs into ``problem.physics``.

    Raises ValueError where start, data and physics are not of one batch, and NotImplementedError for derivatives in
    the physics with ``memory="invert"``.

    ```python
    network = IRIM(iterations=8, step_size=1 / operator_norm(J) ** 2, rngs=nnx.Rngs(0))
    images = network(Problem(Shared(J), data), jnp.zeros((batch, *grid.shape)))
    ```
    """

    def __init__(
        self,
        space: int = 2,
        *,
        iterations: int = 8,
        channels: int = 8,
        depth: int = 2,
        gradient: Gradient = least_squares_gradient,
        step_size: float = 1.0,
        width: int = 16,
        subnet: Backbone | None = None,
        memory: Memory | str = "invert",
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        _checks.whole("depth", depth, 1)
        subnet = subnet or partial(UNet, space=space, width=width, levels=2, dtype=dtype, param_dtype=param_dtype)
        meet = partial(GradientStep, channels, gradient=gradient, step_size=step_size, param_dtype=param_dtype)

        def step(rngs: nnx.Rngs) -> Bijection:
            mixing = partial(Householder, channels, param_dtype=param_dtype, rngs=rngs)
            coupling = partial(Coupling, channels, subnet, map=Additive(), rngs=rngs)
            return Sequential(
                [meet(), Unconditional(Sequential([Conjugated(mixing(), coupling()) for _ in range(depth)]))]
            )

        self.space, self.channels = space, channels
        self.chain = Chain(step, iterations, memory=memory, rngs=rngs)

    def __call__(self, problem: Problem, start: Array) -> Array:
        check_problem(problem, start, self.space)
        if isinstance(self.chain.memory, Invert):
            problem = problem._replace(physics=Held(held(problem.physics)))
        state = jnp.zeros((*start.shape, self.channels), start.dtype).at[..., 0].set(start)
        return self.chain.forward(state, problem)[0][..., 0]
