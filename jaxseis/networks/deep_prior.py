"""Deep priors: an image is what an untrained network makes of fixed noise (Ulyanov et al., CVPR 2018).

    strong:  min_w  phi(net(z; w))
    weak:    min_{x, w}  phi(x) + gamma^2/2 |x - net(z; w)|^2        (Siahkoohi et al., Geophysics 87, 2022)

The layout of a U-Net favours images over noise: gradient descent with small steps reaches weights that make noise last,
and more so where z is small, as here. With weight decay, which is a Gaussian prior on w, the minimum is the MAP
estimate, and Langevin dynamics (`jaxseis.inference.langevin`) samples the posterior.
"""

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones.unet import UNet
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.networks.deep_decoder import DeepDecoder

AMPLITUDE = 0.03
"""Deviation of z. With one of 1 the details of z reach the image at once."""


class DeepPrior(nnx.Module):
    """``net(z; w)``: an image with the weights of an untrained network as its parameters.

    Arguments:
        shape: of the image, any number of nodes along 1, 2 or 3 axes.
        channels: of the noise z.
        width, levels: of the U-Net.
        network: makes another network, ``network(inputs, outputs, rngs=rngs)``, that does not start at zero; ``width``,
            ``levels`` and ``dtype`` are those of the U-Net.
        seed: of z, which is not a parameter.
        dtype, param_dtype: of the arithmetic in the network, and of the parameters.
        rngs: random numbers, for the weights.

    Called without arguments it gives the image, small at first and to become of order one: scale and shift it as
    ``m0 + 0.05 * prior()``.

    ```python
    prior = DeepPrior(grid.shape, rngs=nnx.Rngs(0))
    loss = lambda prior: 0.5 * jnp.sum((J @ (scale * prior()) - d) ** 2)
    ```
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        channels: int = 8,
        width: int = 16,
        levels: int = 3,
        network: Backbone | None = None,
        seed: int = 0,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.shape = tuple(_checks.whole("shape", n, 1) for n in shape)
        self.channels = _checks.whole("channels", channels, 1)
        self.seed, self.param_dtype = seed, param_dtype
        options = {"width": width, "levels": levels, "dtype": dtype, "param_dtype": param_dtype}
        make = network or partial(UNet, space=len(shape), zero=False, **options)
        self.network = make(channels, 1, rngs=rngs)

    def __call__(self) -> Array:
        z = jax.random.normal(jax.random.key(self.seed), (1, *self.shape, self.channels), self.param_dtype)
        return self.network(AMPLITUDE * z)[0, ..., 0]


class WeakPrior(nnx.Module):
    """An image x of its own near a deep prior.

    Arguments:
        prior: a `DeepPrior` or a `DeepDecoder`.
        start: x to begin with, zero by default.

    Called without arguments it gives x; `penalty` is what it costs to differ from the prior.

    ```python
    image = WeakPrior(DeepPrior(grid.shape, rngs=nnx.Rngs(0)))
    loss = lambda image: misfit(image()) + image.penalty(gamma=10.0)
    ```
    """

    def __init__(self, prior: "DeepPrior | DeepDecoder", start: Array | None = None):
        self.prior = prior
        start = jnp.zeros(prior.shape, prior.param_dtype) if start is None else jnp.asarray(start, prior.param_dtype)
        _checks.shape_is("start", start, prior.shape)
        self.image = nnx.Param(start)

    def __call__(self) -> Array:
        return self.image[...]

    def penalty(self, gamma: float) -> Array:
        """``gamma^2/2 |x - net(z; w)|^2``."""
        return 0.5 * gamma**2 * jnp.sum((self() - self.prior()) ** 2)
