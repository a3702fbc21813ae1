"""Posteriors of a banana-shaped prior by a conditional flow, beside the exact ones.

    python examples/flow_conditional_banana.py

x is distributed as in flow_banana.py, and what is observed is y = x + 0.5 noise. One flow learns p(x | y) for all y
from pairs. The exact posterior, p(x) N(y; x, 1/4) up to a factor, is normalised on a grid; the figure shows both for
three observations, and the ranks of 1000 truths among posterior samples, which are uniform if the posteriors are right.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

from jaxseis import flows, inference, plotting

NOISE, WIDTH = 0.5, 0.5
OBSERVED = jnp.array([[0.0, 0.5], [0.0, 2.0], [1.5, 2.0]])
SAMPLES = 199


def draw(key, n):
    """Unknowns and observations, (n, 2) each."""
    for_x, for_y = jax.random.split(key)
    z = jax.random.normal(for_x, (n, 2))
    x = jnp.stack([z[:, 0], z[:, 0] ** 2 + WIDTH * z[:, 1]], axis=1)
    return x, x + NOISE * jax.random.normal(for_y, (n, 2))


def exact(x, y):
    """The unnormalised logarithm of the posterior."""
    misfit = jnp.sum(((x - y) / NOISE) ** 2, axis=-1)
    return -0.5 * (x[..., 0] ** 2 + ((x[..., 1] - x[..., 0] ** 2) / WIDTH) ** 2 + misfit)


def train(steps, batch, key):
    """The flow and the history of its training."""
    for_flow, for_training = jax.random.split(key)
    spline = flows.RationalQuadratic(bins=8, bound=4.0)  # posteriors have two modes, which affine couplings join
    network = flows.RealNVP(2, steps=8, width=64, map=spline, condition_shape=(2,), rngs=nnx.Rngs(for_flow))
    optimizer = optax.adam(optax.cosine_decay_schedule(3e-3, steps))
    return flows.fit(flows.Flow(network), draw, steps=steps, batch_size=batch, optimizer=optimizer, key=for_training)


def on_grid(flow, y, x):
    """Exact and learned posterior on a grid of unknowns, both with sum one."""
    log_q = flow.log_prob(x.reshape(-1, 2), y).reshape(x.shape[:-1])
    return tuple(jax.nn.softmax(log.ravel()).reshape(log.shape) for log in (exact(x, y), log_q))


def draw_figure(path, panels, x, ranks):
    """Exact posteriors over learned ones, and the ranks."""
    figure, axes = plt.subplots(2, 4, figsize=(14, 6.5), layout="constrained")
    first, second = np.asarray(x[:, 0, 0]), np.asarray(x[0, :, 1])
    for (y, (p, q)), column in zip(panels, axes.T, strict=False):
        for ax, density, name in zip(column, (p, q), ("exact", "flow"), strict=True):
            ax.contourf(first, second, density.T, levels=20, cmap="Blues")
            ax.plot(*y, "x", color="tab:orange")
            ax.set(xlabel="$x_1$", ylabel="$x_2$")
            ax.set_title(f"{name}, y = ({y[0]:g}, {y[1]:g})", loc="left")
        column[1].set_title(f"flow, distance {0.5 * float(jnp.abs(p - q).sum()):.3f}", loc="left")
    for i, ax in enumerate(axes[:, 3]):
        plotting.rank_histogram(ranks[:, i], SAMPLES, ax=ax, title=f"ranks of $x_{i + 1}$")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Train, compare and draw; returns the total-variation distances and the p-values of uniform ranks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_conditional_banana.png"))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=1024)
    args = parser.parse_args(argv)

    flow, _ = train(args.steps, args.batch, jax.random.key(0))
    x = jnp.stack(jnp.meshgrid(jnp.linspace(-3, 3, 241), jnp.linspace(-2, 6, 321), indexing="ij"), axis=-1)
    panels = [(y, on_grid(flow, y, x)) for y in OBSERVED]
    distances = [0.5 * float(jnp.abs(p - q).sum()) for _, (p, q) in panels]

    truths, observed = draw(jax.random.key(1), 1000)
    ranks = inference.sbc_ranks(truths, flow.sample(jax.random.key(2), SAMPLES, observed))
    p_values = np.asarray(inference.uniformity(ranks, SAMPLES).p_value)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, panels, x, ranks)
    print(f"total-variation distances {', '.join(f'{d:.3f}' for d in distances)};", end=" ")
    print(f"p-values of uniform ranks {', '.join(f'{p:.2f}' for p in p_values)}; figure in {args.output}")
    return distances, p_values


if __name__ == "__main__":
    main()
