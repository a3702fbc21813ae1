"""Learned primal-dual (Adler and Oektem, IEEE Transactions on Medical Imaging 37, 2018).

    h <- h + net_d(h, A f_1, d),    f <- f + net_p(f, A.H h_1)

The dual h lives where data do, so that the residual is learned as well: the first network sees traces, the second
images. Both have some channels of memory; the image is the first one of f.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones.cnn import CNN
from jaxseis.flows.layers.coupling import Backbone
from jaxseis.networks.problem import Problem, check_problem, over_batch


class LearnedPrimalDual(nnx.Module):
    """Images from data by a linear operator and two networks a step, ``(problem, start) -> (batch, \\*space)``.

    Arguments:
        space: how many axes images have.
        data_space: how many of the last axes of the data its network sees at once, such as 2 of (shot, time, receiver);
            the ones before are treated alike.
        iterations: how many steps, each with A and A.H once.
        channels: of f and h.
        scale: |A|, by which A is divided: both networks then see numbers of one order.
        width: channels of the networks.
        primal, dual: make the networks, ``primal(inputs, outputs, rngs=rngs)``; by default a `CNN` of ``width``.
        dtype, param_dtype: of the arithmetic in the networks, and of the parameters.
        rngs: random numbers.

    The physics of the problem are linear operators, its data one array.
    Raises ValueError where start, data and physics are not of one batch.

    ```python
    network = LearnedPrimalDual(iterations=6, scale=operator_norm(J), rngs=nnx.Rngs(0))
    images = network(Problem(Shared(J), data), jnp.zeros((batch, *grid.shape)))
    ```
    """

    def __init__(
        self,
        space: int = 2,
        data_space: int = 2,
        *,
        iterations: int = 6,
        channels: int = 4,
        scale: float = 1.0,
        width: int = 32,
        primal: Backbone | None = None,
        dual: Backbone | None = None,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.space, self.channels = space, _checks.whole("channels", channels, 1)
        self.scale = _checks.positive("scale", scale, "1")
        self.data_space = _checks.whole("data_space", data_space, 1)
        cnn = partial(CNN, width=width, dtype=dtype, param_dtype=param_dtype)
        primal, dual = primal or partial(cnn, space=space), dual or partial(cnn, space=data_space)

        def pair(key: Array) -> tuple[nnx.Module, nnx.Module]:
            rngs = nnx.Rngs(key)
            return primal(channels + 1, channels, rngs=rngs), dual(channels + 2, channels, rngs=rngs)

        keys = jax.random.split(rngs.params(), _checks.whole("iterations", iterations, 1))
        self.primal, self.dual = jax.vmap(pair)(keys)

    def __call__(self, problem: Problem, start: Array) -> Array:
        check_problem(problem, start, self.space)
        data = problem.data / self.scale
        if data.ndim <= self.data_space:
            expected = f"a batch of arrays with at least {self.data_space} axes"
            raise _checks.fail("problem.data", expected, f"shape {data.shape}", "Take a smaller data_space.")

        @jax.checkpoint
        def advance(carry: tuple[Array, Array], networks: tuple) -> tuple[tuple[Array, Array], None]:
            (f, h), (primal, dual) = carry, networks
            modelled = over_batch(lambda x, A, d: A @ x, f[..., 0], problem) / self.scale
            h = h + self._on_data(dual, jnp.concatenate([h, modelled[..., None], data[..., None]], -1)).astype(h.dtype)
            seen = problem._replace(data=h[..., 0])
            migrated = over_batch(lambda x, A, h: A.H @ h, f[..., 0], seen) / self.scale
            f = f + primal(jnp.concatenate([f, migrated[..., None]], -1)).astype(f.dtype)
            return (f, h), None

        f = jnp.zeros((*start.shape, self.channels), start.dtype).at[..., 0].set(start)
        h = jnp.zeros((*data.shape, self.channels), data.dtype)
        (f, _), _ = jax.lax.scan(advance, (f, h), (self.primal, self.dual))
        return f[..., 0]

    def _on_data(self, network: nnx.Module, x: Array) -> Array:
        """The network over the last axes of the data, all others being its batch."""
        inner = x.shape[x.ndim - 1 - self.data_space :]
        y = network(x.reshape(math.prod(x.shape[: -len(inner)]), *inner))  # type: ignore[operator]
        return y.reshape(*x.shape[:-1], self.channels)
