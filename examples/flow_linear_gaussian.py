"""The posterior of a linear Gaussian problem by two flows, beside its closed form.

    python examples/flow_linear_gaussian.py

Eight unknowns x ~ N(3.14, 9 I), six data y = A x + noise of variance 0.1. The posterior is normal, with covariance
(A^T A / 0.1 + I / 9)^-1 and mean covariance (A^T y / 0.1 + 3.14 / 9).

- Amortised: a conditional flow sees pairs (x, y) and learns p(x | y) for all data at once.
- For these data alone: an unconditional flow minimises the reverse Kullback-Leibler divergence; it sees no pairs, only
  the likelihood and the prior.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

from jaxseis import flows
from jaxseis.operators import Matrix

UNKNOWNS, DATA = 8, 6
MEAN, DEVIATION, NOISE = 3.14, 3.0, float(np.sqrt(0.1))


class Problem(NamedTuple):
    """The operator, the data of one truth, and the closed form of their posterior."""

    A: Matrix
    y: jax.Array
    mean: jax.Array
    covariance: jax.Array


def problem(key):
    """A random one."""
    for_matrix, for_pair = jax.random.split(key)
    matrix = jax.random.normal(for_matrix, (DATA, UNKNOWNS)) / np.sqrt(UNKNOWNS)
    A = Matrix(matrix)
    y = draw(A, for_pair, 1)[1][0]
    covariance = jnp.linalg.inv(matrix.T @ matrix / NOISE**2 + jnp.eye(UNKNOWNS) / DEVIATION**2)
    return Problem(A, y, covariance @ (A.T @ y / NOISE**2 + MEAN / DEVIATION**2), covariance)


def draw(A, key, n):
    """Pairs of unknowns and data, (n, 8) and (n, 6)."""
    for_x, for_noise = jax.random.split(key)
    x = MEAN + DEVIATION * jax.random.normal(for_x, (n, UNKNOWNS))
    return x, jax.vmap(A.mv)(x) + NOISE * jax.random.normal(for_noise, (n, DATA))


def amortised(A, steps, batch, key):
    """p(x | y) for all y, from pairs."""
    flow = flows.Flow(flows.RealNVP(UNKNOWNS, steps=6, width=64, condition_shape=(DATA,), rngs=nnx.Rngs(0)))
    optimizer = optax.adam(optax.cosine_decay_schedule(3e-3, steps))
    return flows.fit(flow, partial(draw, A), steps=steps, batch_size=batch, optimizer=optimizer, key=key)


def for_these_data(A, y, steps, samples, key):
    """p(x | y) for one y, from the likelihood and the prior."""
    likelihood = flows.gaussian_likelihood(A, y, NOISE)

    def log_posterior(x):
        return likelihood(x) - 0.5 * jnp.sum(((x - MEAN) / DEVIATION) ** 2, axis=-1)

    def loss(flow, x, condition, key):
        return flows.sticking_the_landing(flow, log_posterior, key, samples)

    flow = flows.Flow(flows.RealNVP(UNKNOWNS, steps=6, width=32, rngs=nnx.Rngs(1)))
    optimizer = optax.chain(optax.clip_by_global_norm(10.0), optax.adam(optax.cosine_decay_schedule(1e-2, steps)))
    return flows.fit(flow, loss=loss, steps=steps, optimizer=optimizer, validation=0.0, key=key)


def errors(samples, problem):
    """Relative errors of the mean and of the covariance of samples."""
    mean, covariance = samples.mean(axis=0), jnp.cov(samples.T)
    return relative(mean, problem.mean), relative(covariance, problem.covariance)


def relative(got, expected):
    """The relative error."""
    return float(jnp.linalg.norm(got - expected) / jnp.linalg.norm(expected))


def draw_figure(path, problem, found):
    """Marginals: the exact densities, and histograms of samples."""
    figure, axes = plt.subplots(2, 4, figsize=(13, 5), layout="constrained")
    deviations = np.sqrt(np.diag(problem.covariance))
    for i, ax in enumerate(axes.ravel()):
        x = problem.mean[i] + deviations[i] * np.linspace(-4, 4, 200)
        for (name, samples), color in zip(found.items(), ("tab:blue", "tab:orange"), strict=True):
            ax.hist(samples[:, i], bins=60, density=True, histtype="stepfilled", alpha=0.4, color=color, label=name)
        ax.plot(
            x, np.exp(-0.5 * np.linspace(-4, 4, 200) ** 2) / (deviations[i] * np.sqrt(2 * np.pi)), "k", label="exact"
        )
        ax.set(xlabel=f"$x_{i + 1}$", yticks=[], xlim=(x[0], x[-1]))
    axes[0, 0].legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Train both and draw; returns the relative errors of mean and covariance of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_linear_gaussian.png"))
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=512)
    args = parser.parse_args(argv)

    case = problem(jax.random.key(4))
    fitted = amortised(case.A, args.steps, args.batch, jax.random.key(1))
    alone = for_these_data(case.A, case.y, args.steps, args.batch // 4, jax.random.key(2))
    found = {
        "amortised": fitted.flow.sample(jax.random.key(3), 50_000, case.y),
        "for these data": alone.flow.sample(jax.random.key(3), 50_000),
    }
    told = {name: errors(samples, case) for name, samples in found.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, case, found)
    for name, (mean, covariance) in told.items():
        print(f"{name}: error of the mean {mean:.2%}, of the covariance {covariance:.2%}")
    print(f"figure in {args.output}")
    return told


if __name__ == "__main__":
    main()
