"""A normalizing flow learns the banana-shaped density of Rosenbrock's function.

    python examples/flow_banana.py

Samples of x_1 ~ N(0, 1), x_2 ~ N(x_1^2, 1/4) are drawn anew for every step of training. The mean log-likelihood of a
flow cannot exceed minus the entropy of the density, log(2 pi e / 2) = 2.145 nats; the figure shows how near it comes,
the density that was learned, and what the flow makes of the grid lines of its latent space.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

from jaxseis import flows

DEVIATION = 0.5  # of x_2 about its mean
ENTROPY = float(np.log(2 * np.pi * np.e * DEVIATION))


def banana(key, n):
    """Samples, (n, 2)."""
    z = jax.random.normal(key, (n, 2))
    return jnp.stack([z[:, 0], z[:, 0] ** 2 + DEVIATION * z[:, 1]], axis=1)


def train(steps, batch, key):
    """The flow, and the history of its training."""
    for_flow, for_training = jax.random.split(key)
    flow = flows.Flow(flows.RealNVP(2, steps=8, width=64, rngs=nnx.Rngs(for_flow)))
    optimizer = optax.adam(optax.cosine_decay_schedule(3e-3, steps))

    def draw(key, n):
        return banana(key, n), None

    return flows.fit(flow, draw, steps=steps, batch_size=batch, optimizer=optimizer, key=for_training)


def lattice(flow):
    """Lines of the latent space, as the flow bends them: (line, point, 2)."""
    ticks, along = jnp.linspace(-2, 2, 9), jnp.linspace(-3, 3, 200)
    lines = jnp.concatenate(
        [
            jnp.stack(jnp.meshgrid(ticks, along, indexing="ij"), axis=-1),
            jnp.stack(jnp.meshgrid(ticks, along, indexing="ij")[::-1], axis=-1),
        ]
    )
    return flow.inverse(lines.reshape(-1, 2)).reshape(lines.shape)


def draw_figure(path, flow, history, excess):
    """Samples and density, the lattice, and the loss above the entropy."""
    figure, (first, second, third) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    x, y = np.linspace(-3.2, 3.2, 200), np.linspace(-2, 9, 200)
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(flow.log_prob(jnp.asarray(points))).reshape(200, 200)
    first.contourf(x, y, density.T, levels=20, cmap="Blues")
    samples = banana(jax.random.key(10), 500)
    first.plot(*samples.T, ".", color="tab:orange", markersize=2)
    first.set_title("density of the flow, samples of the truth", loc="left")
    second.plot(*flow.sample(jax.random.key(11), 2000).T, ".", color="tab:blue", markersize=1)
    for line in lattice(flow):
        second.plot(*line.T, color="0.3", linewidth=0.7)
    second.set_title("its samples, and lines of its latent space", loc="left")
    for ax in (first, second):
        ax.set(xlim=(-3.2, 3.2), ylim=(-2, 9), xlabel="$x_1$", ylabel="$x_2$")
    third.plot(history.train - ENTROPY, color="0.8", linewidth=0.5, label="batches")
    third.plot(history.steps, history.validation - ENTROPY, label="held out")
    third.axhline(0, color="k", linewidth=0.7)
    third.set(xlabel="step", ylabel="loss - entropy (nats)", ylim=(-0.3, 1))
    third.set_title(f"{excess:.4f} nats left", loc="left")
    third.legend(frameon=False)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Train and draw; returns how many nats the flow is above the entropy, on fresh samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_banana.png"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=256)
    args = parser.parse_args(argv)

    flow, history = train(args.steps, args.batch, jax.random.key(0))
    test = banana(jax.random.key(1), 100_000)
    truth = jax.scipy.stats.norm.logpdf(
        test, jnp.stack([0 * test[:, 0], test[:, 0] ** 2], 1), jnp.array([1, DEVIATION])
    )
    excess = float(jnp.mean(truth.sum(axis=1) - flow.log_prob(test)))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, flow, history, excess)
    print(f"The flow lacks {excess:.4f} nats of the truth's log-likelihood; figure in {args.output}")
    return excess


if __name__ == "__main__":
    main()
