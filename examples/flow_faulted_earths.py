"""A prior for the subsurface: Glow learns the density of faulted earths, and draws new ones.

    python examples/flow_faulted_earths.py

Every step of training draws new earths of folded layers cut by two faults, with a little noise that decays, for the
velocity of a layer is the same throughout and its density would be infinite. The figure shows earths that were drawn,
earths of the flow, the log-likelihood of fresh ones during training, and the spectrum along depth of both kinds.
"""

import argparse
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

from jaxseis import flows
from jaxseis.datasets import faulted_layers

NOISE = 0.03  # km/s, at the end of training
SHOWN = 6


@partial(jax.jit, static_argnums=(1, 2))
def earths(key, n, side):
    """Velocities of random earths, (n, x, z, 1), km/s."""
    draw = partial(faulted_layers, shape=(side, side), layers=8)
    return jax.vmap(draw)(jax.random.split(key, n))[..., None]


def train(args, key):
    """The flow and the history of its training."""
    for_flow, for_training = jax.random.split(key)
    shape = (args.side, args.side, 1)
    glow = flows.Glow(shape, scales=3, steps=args.depth, width=args.width, rngs=nnx.Rngs(for_flow))
    schedule = optax.cosine_decay_schedule(2e-3, args.steps, alpha=0.02)
    return flows.fit(
        flows.Flow(glow),
        lambda key, n: (earths(key, n, args.side), None),
        steps=args.steps,
        batch_size=args.batch,
        optimizer=optax.chain(optax.clip_by_global_norm(100.0), optax.adam(schedule)),
        augment=flows.Noise(optax.exponential_decay(10 * NOISE, args.steps // 4, 0.1, end_value=NOISE)),
        key=for_training,
    )


def spectrum(images):
    """Mean amplitude along depth, by wavenumber."""
    contrast = images[..., 0] - images.mean(axis=(1, 2, 3))[:, None, None]
    return np.asarray(jnp.abs(jnp.fft.rfft(contrast * jnp.hanning(contrast.shape[2]), axis=2)).mean(axis=(0, 1)))


def draw_figure(path, true, made, history):
    """Earths of both kinds, the loss, the spectra."""
    figure = plt.figure(figsize=(13, 7), layout="constrained")
    grid = figure.add_gridspec(3, 2 * SHOWN, height_ratios=(1, 1, 1.2))
    limits = {"vmin": 1.5, "vmax": 5.0, "cmap": "viridis", "aspect": "auto"}
    for row, (name, images) in enumerate({"drawn": true, "of the flow": made}.items()):
        for column in range(SHOWN):
            ax = figure.add_subplot(grid[row, 2 * column : 2 * column + 2])
            image = ax.imshow(images[column, ..., 0].T, **limits)
            ax.set(xticks=[], yticks=[])
            if not column:
                ax.set_title(f"earths {name}", loc="left")
    figure.colorbar(image, ax=figure.axes, label="velocity (km/s)", shrink=0.8)
    loss, spectra = figure.add_subplot(grid[2, :SHOWN]), figure.add_subplot(grid[2, SHOWN:])
    numbers = true[0].size
    loss.plot(-history.train / numbers, color="0.8", linewidth=0.5, label="batches")
    loss.plot(history.steps, -history.validation / numbers, label="fresh earths, without noise")
    loss.set(xlabel="step", ylabel="log-likelihood (nats a pixel)", ylim=(-1, None))
    loss.legend(frameon=False)
    spectra.semilogy(spectrum(true), label="drawn")
    spectra.semilogy(spectrum(made), label="of the flow")
    spectra.set(xlabel="wavenumber along depth", ylabel="amplitude")
    spectra.legend(frameon=False)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Train and draw; returns the flow's history, and the relative difference of the spectra."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_faulted_earths.png"))
    parser.add_argument("--side", type=int, default=64, help="pixels along x and z")
    parser.add_argument("--depth", type=int, default=8, help="steps of flow at each of three scales")
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=2500)
    args = parser.parse_args(argv)

    flow, history = train(args, jax.random.key(0))
    true = earths(jax.random.key(1), 64, args.side)
    true += NOISE * jax.random.normal(jax.random.key(2), true.shape)
    made = flow.sample(jax.random.key(3), 64)
    difference = float(np.linalg.norm(spectrum(made) - spectrum(true)) / np.linalg.norm(spectrum(true)))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, true, made, history)
    nats = -float(history.validation.min()) / true[0].size
    print(f"log-likelihood {nats:.3f} nats a pixel; spectra differ by {difference:.1%}; figure in {args.output}")
    return history, difference


if __name__ == "__main__":
    main()
