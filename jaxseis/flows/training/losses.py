r"""What to minimise: divergences between a flow ``q(x | c)`` and a density.

With samples of a density p, the Kullback-Leibler divergence of q from it is, up to the entropy of p, the mean

    KL(p || q) = E_p [-log q(x | c)] + const                                        `maximum_likelihood`

and with the logarithm of a density ``p~ = Z p``, known but for Z and without samples, by ``x = f^{-1}(z)``,

    KL(q || p) = E_z [log q(x) - log p~(x)] + log Z >= 0.                           `reverse_kl`

For a posterior ``p~(x) = p(d | x) p(x)`` this is the negative evidence lower bound, and Z the evidence (Rezende and
Mohamed, Variational Inference with Normalizing Flows, ICML 2015). All are in nats, for whole samples: not divided by
their number of pixels. Each is a pure function, for any program and for `jaxseis.flows.fit`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows.flow import Flow
from jaxseis.operators import LinearOperator

LogDensity = Callable[[PyTree], Array]


def maximum_likelihood(flow: Flow, x: PyTree, condition: PyTree = None, key: Array | None = None) -> Array:
    """``-mean log q(x | c)``, in nats a sample.

    For a flow of pairs, the loss of their joint density.

    Arguments:
        flow: q.
        x: samples (batch, \\*event_shape).
        condition: of each sample, or None.
        key: not used; the losses of `jaxseis.flows.fit` get one.

    ```python
    value, gradient = jax.value_and_grad(maximum_likelihood)(flow, x, condition)
    ```
    """
    return -jnp.mean(flow.log_prob(x, condition))


def reverse_kl(flow: Flow, log_density: LogDensity, key: Array, n: int, condition: PyTree = None) -> Array:
    """``mean (log q(x | c) - log p~(x))`` over n samples x of the flow, in nats.

    Arguments:
        flow: q.
        log_density: ``log p~`` of samples as `Flow.sample` gives them, one number a sample: any function of JAX, the
            likelihood of a wave simulation among them.
        key: random key of the samples.
        n: how many samples, for each condition.
        condition: c, one or a batch, or None.

    Raises ValueError if ``log_density`` does not give one number a sample.

    ```python
    likelihood = gaussian_likelihood(J, data, sigma=0.1)
    loss = reverse_kl(flow, lambda x: likelihood(x) + prior.log_prob(x), key, 16)
    ```
    """
    x, log_q = flow.sample_and_log_prob(key, n, condition)
    return jnp.mean(log_q - _of_each(log_density(x), log_q))


def sticking_the_landing(flow: Flow, log_density: LogDensity, key: Array, n: int, condition: PyTree = None) -> Array:
    """`reverse_kl` with another estimate of its gradient, whose variance vanishes where q is p.

    The gradient goes through the samples alone; that of ``log q`` in its parameters, zero in the mean, is left out
    (Roeder, Wu and Duvenaud, NeurIPS 2017). It costs a forward pass more. Arguments and errors are those of
    `reverse_kl`, and so is the value.

    ```python
    gradient = jax.grad(sticking_the_landing)(flow, log_density, key, 16)
    ```
    """
    x = flow.sample(key, n, condition)
    log_q = jax.vmap(lambda x: jax.lax.stop_gradient(flow).log_prob(x, condition))(x)
    return jnp.mean(log_q - _of_each(log_density(x), log_q))


def gaussian_likelihood(forward: LinearOperator | Callable[[Any], Array], data: Array, sigma: Any) -> LogDensity:
    """``log N(d; F(x), sigma^2 I)`` with its constants, of samples x with a leading axis.

    Arguments:
        forward: F, of one sample: a linear operator, or any function of JAX. An operator on (x, z) takes samples
            (n, x, z, 1) of one channel too.
        data: d, of the shape of ``F(x)``.
        sigma: standard deviation of the noise, in the unit of the data: a number, or an array like d.

    Raises ValueError if ``sigma`` is not positive, or if ``F(x)`` has another shape than d.

    ```python
    log_likelihood = gaussian_likelihood(J, data, sigma=0.1)(x)  # (n, *event_shape) -> (n,)
    ```
    """
    data = jnp.asarray(data)
    _checks.when_concrete(lambda s: _checks.all_positive("sigma", s, "positive standard deviations"), sigma)
    apply = (lambda x: forward @ _fitted_to(forward, x)) if isinstance(forward, LinearOperator) else forward

    def one(x: PyTree) -> Array:
        found = apply(x)
        _checks.shape_is("data", data, found.shape)
        r = (found - data) / sigma
        return -0.5 * jnp.sum(r**2 + jnp.log(2 * jnp.pi) + 2 * jnp.log(jnp.broadcast_to(sigma, r.shape)))

    return jax.vmap(one)


def _fitted_to(operator: LinearOperator, x: PyTree) -> PyTree:
    """A sample without its one channel, where the operator has no axis for that."""
    domain = getattr(operator.in_structure(), "shape", None)
    return x[..., 0] if domain is not None and jnp.shape(x) == (*domain, 1) else x


def _of_each(values: Array, like: Array) -> Array:
    if jnp.shape(values) != like.shape:
        raise _checks.fail("log_density", f"one number a sample, shape {like.shape}", f"shape {jnp.shape(values)}")
    return values
