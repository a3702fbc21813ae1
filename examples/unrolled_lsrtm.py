"""Loop-unrolled least-squares migration: an invertible network around J, beside RTM and LSQR, from one simultaneous shot.

    python examples/unrolled_lsrtm.py

Earths are random layers with faults, each with a smooth background of its own. All sources fire at once with random
signs, which makes one shot and an image full of crosstalk. An invertible recurrent inference machine, whose every
iteration applies J and its transpose once, is trained on pairs of data and true perturbation; backgrounds, data and
perturbations it is tried on are new. RTM is J.T d, scaled as well as a number can; LSQR makes 20 iterations. The
figure shows an earth, and the SNR of all held-out ones.
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

import jaxseis as js
from jaxseis import datasets, inference, networks
from jaxseis.operators.norm import operator_norm
from jaxseis.solvers import lsqr

SPACING, DURATION, STEP, PEAK = 20.0, 800.0, 4.0, 9.0  # m, ms, ms, Hz
FASTEST = 4.5  # km/s
SOURCES, SMOOTHING, UNIT = 8, 4, 0.02  # UNIT: of perturbations, s^2/km^2; networks want numbers of order one
NOISE = 0.05  # of the data, relative


class Survey(NamedTuple):
    """Problems and their solutions, (earth, ...)."""

    physics: js.LinearOperator
    data: jax.Array
    truth: jax.Array

    def __getitem__(self, i):
        return jax.tree.map(lambda leaf: leaf[i], tuple(self))

    def problem(self, i):
        """Some of the problems, and what solves them."""
        physics, data, truth = self[i]
        return networks.Problem(physics, data), truth


def simultaneous(shape, key):
    """All sources in one shot with random signs, receivers along the surface."""
    grid = js.Grid(shape=shape, spacing=SPACING)
    time = js.TimeAxis(duration=DURATION, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=FASTEST)
    x = jnp.linspace(2 * SPACING, grid.extent[0] - 2 * SPACING, SOURCES)
    sources = js.Geometry(x=x[None], z=SPACING)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=SPACING)
    signs = jax.random.rademacher(key, (SOURCES,), jnp.float32)
    q = js.ricker(time, js.hertz(PEAK))[None, :, None] * signs
    return js.Modeling(A, sources, receivers), q


def survey(count, shape, key):
    """Earths, backgrounds, Born operators and data."""
    for_earths, for_signs, for_noise = jax.random.split(key, 3)
    draw = partial(datasets.faulted_layers, shape=shape, layers=8)
    velocity = jax.vmap(draw)(jax.random.split(for_earths, count))
    velocity = jnp.minimum(velocity, FASTEST).at[:, :, :4].set(1.5)  # sources and receivers are in water
    m, background = (1 / v**2 for v in (velocity, jnp.stack([datasets.smooth(v, SMOOTHING) for v in velocity])))
    F, q = simultaneous(shape, for_signs)
    scale = UNIT * jnp.ones(())
    unit = operator_norm(scale * F.jacobian(background[0], q), tolerance=0.1)
    J = jax.vmap(lambda b: (scale / unit) * F.jacobian(b, q))(background)
    truth = (m - background) / UNIT
    data = jax.jit(jax.vmap(lambda J, x: J @ x))(J, truth)
    noise = jax.random.normal(for_noise, data.shape) * data.std(axis=(1, 2, 3), keepdims=True)
    return Survey(J, data + NOISE * noise, truth)


def train(network, pairs, steps, batch, key):
    """The network after training, with a bar."""
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(2e-3, steps)))

    @jax.jit
    def step(network, state, problem, truth):
        def misfit(network):
            return jnp.mean((network(problem, jnp.zeros_like(truth)) - truth) ** 2)

        loss, gradient = jax.value_and_grad(misfit)(network)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(network, updates), state, loss

    state, losses = optimizer.init(network), []
    with js.progress(steps, "training") as bar:
        for key in jax.random.split(key, steps):
            some = jax.random.choice(key, len(pairs.data), (batch,), replace=False)
            network, state, loss = step(network, state, *pairs.problem(some))
            losses.append(float(loss))
            bar.step(misfit=losses[-1])
    return network, losses


def migrated(J, d):
    """``J.T d``, and the number before it that fits the data best."""
    image = J.T @ d
    again = J @ image
    return jnp.vdot(again, d) / jnp.vdot(again, again) * image


def draw_figure(path, truth, images, scores, losses, grid):
    """One earth as four images; the SNR of all held-out ones, and the losses."""
    figure, axes = plt.subplots(2, 3, figsize=(13, 6.5), layout="constrained")
    limits = {"vmin": -1.5, "vmax": 1.5, "cmap": "gray", "extent": [0, grid[0] / 1e3, grid[1] / 1e3, 0]}
    for ax, (name, image) in zip(axes.ravel(), {"true perturbation": truth, **images}.items(), strict=False):
        ax.imshow(UNIT * image.T, aspect="auto", **limits | {"vmin": -UNIT * 1.5, "vmax": UNIT * 1.5})
        ax.set(xlabel="x (km)", ylabel="z (km)")
        ax.set_title(name if name not in scores else f"{name}: {scores[name][0]:.1f} dB", loc="left")
    axes[1, 1].boxplot(list(scores.values()), tick_labels=list(scores))
    axes[1, 1].set_ylabel("SNR of held-out earths (dB)")
    axes[1, 2].semilogy(losses)
    axes[1, 2].set(xlabel="step of training", ylabel="mean squared error")
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Train, compare, draw; returns the mean SNR of each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/unrolled_lsrtm.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=(64, 48))
    parser.add_argument("--earths", type=int, default=256, help="to train on")
    parser.add_argument("--held-out", type=int, default=16)
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=4)
    args = parser.parse_args(argv)

    shape = tuple(args.shape)
    everything = survey(args.earths + args.held_out, shape, jax.random.key(0))
    pairs, held_out = (Survey(*everything[part]) for part in (slice(args.earths), slice(args.earths, None)))
    network = networks.IRIM(iterations=args.iterations, width=args.width, rngs=nnx.Rngs(1))
    network, losses = train(network, pairs, args.steps, min(args.batch, args.earths), jax.random.key(2))

    problem, truth = held_out.problem(slice(None))
    found = {
        "RTM": jax.jit(jax.vmap(migrated))(*problem),
        "LSQR, 20": jnp.stack([lsqr(*held_out[i][:2], max_steps=20).value for i in range(len(truth))]),
        f"i-RIM, {args.iterations}": jax.jit(network)(problem, jnp.zeros_like(truth)),
    }
    scores = {name: np.asarray(inference.snr(images, truth)) for name, images in found.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    first = {name: images[0] for name, images in found.items()}
    draw_figure(args.output, truth[0], first, scores, losses, [SPACING * n for n in shape])
    means = {name: float(values.mean()) for name, values in scores.items()}
    print(", ".join(f"{name}: {value:.1f} dB" for name, value in means.items()), f"figure in {args.output}", sep="; ")
    return means


if __name__ == "__main__":
    main()
