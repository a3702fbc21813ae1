"""Loop-unrolled least-squares migration from one simultaneous shot: an invertible network around J.

    python examples/unrolled_lsrtm.py

All sources fire at once with random signs, which makes one shot and an image full of crosstalk. An invertible recurrent
inference machine, whose every iteration applies J and J.T once, learns to invert it on pairs of random earths and their
noisy data, and is tried on new ones. RTM is J.T d, scaled as well as a number can; LSQR makes 20 iterations. The
background is one for all, so that J.T J can be had once as a matrix, with which training takes minutes; what is trained
then works with J itself.
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

import jaxseis as js
from jaxseis import datasets, inference, networks
from jaxseis.operators.norm import operator_norm
from jaxseis.solvers import lsqr

SPACING, DURATION, STEP, PEAK = 20.0, 800.0, 4.0, 9.0  # m, ms, ms, Hz
FASTEST = 4.5  # km/s
SOURCES, SMOOTHING, UNIT = 8, 4, 0.02  # UNIT: of perturbations, s^2/km^2; networks want numbers of order one
NOISE = 0.05  # of the data, relative


def born(shape, key):
    """The Born operator, of norm one, of all sources in one shot with random signs, receivers along the surface."""
    grid = js.Grid(shape=shape, spacing=SPACING)
    time = js.TimeAxis(duration=DURATION, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=FASTEST)
    x = jnp.linspace(2 * SPACING, grid.extent[0] - 2 * SPACING, SOURCES)
    sources = js.Geometry(x=x[None], z=SPACING)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=SPACING)
    q = js.ricker(time, js.hertz(PEAK))[None, :, None] * jax.random.rademacher(key, (SOURCES,), jnp.float32)
    velocity = jnp.broadcast_to(jnp.linspace(1.5, 3.5, shape[1]), shape)
    J = js.Modeling(A, sources, receivers).jacobian(1 / velocity**2, q)
    return J / operator_norm(J, tolerance=0.05)


def earths(count, shape, key):
    """Perturbations of squared slowness of random earths from their own mean over some nodes, of order one."""
    draw = partial(datasets.faulted_layers, shape=shape, layers=8)
    velocity = jnp.minimum(jax.vmap(draw)(jax.random.split(key, count)), FASTEST)
    m = 1 / velocity.at[:, :, :4].set(1.5) ** 2  # sources and receivers are in water
    background = jnp.stack([1 / datasets.smooth(v, SMOOTHING) ** 2 for v in velocity.at[:, :, :4].set(1.5)])
    return (m - background) / UNIT


def some_at_a_time(function, arrays, count=32):
    """A function of each array, compiled for so many at once."""
    apply = jax.jit(jax.vmap(function))
    return jnp.concatenate([apply(arrays[i : i + count]) for i in range(0, len(arrays), count)])


def observed(J, x, key):
    """Noisy data of every earth."""
    d = some_at_a_time(lambda x: J @ x, x)
    return d + NOISE * d.std(axis=(1, 2, 3), keepdims=True) * jax.random.normal(key, d.shape)


def normal_gradient(x, G, migrated):
    """``J.T (J x - d)`` from ``G = J.T J`` and ``J.T d``."""
    return (G @ x.ravel()).reshape(x.shape) - migrated


def normal_matrix(J, shape):
    """J.T J over all nodes, a column of nodes at a time."""
    apply = jax.jit(jax.vmap(lambda x: (J.T @ (J @ x)).ravel()))
    basis = jnp.eye(shape[0] * shape[1]).reshape(shape[0], shape[1], *shape)
    return jnp.concatenate([apply(column) for column in js.progress(basis, "J.T J")])


def with_operators(network, args):
    """The trained network with J in the place of J.T J."""
    made = networks.IRIM(iterations=args.iterations, width=args.width, rngs=nnx.Rngs(0))
    return jax.tree.unflatten(jax.tree.structure(made), jax.tree.leaves(network))


def train(network, problem, truth, steps, batch, key):
    """The network after training, and its losses: the squared error over the square of the image."""
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(3e-3, steps)))

    @jax.jit
    def step(network, state, problem, truth):
        def error(network):
            found = network(problem, jnp.zeros_like(truth))
            return jnp.mean(jnp.sum((found - truth) ** 2, (1, 2)) / jnp.sum(truth**2, (1, 2)))

        loss, gradient = jax.value_and_grad(error)(network)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(network, updates), state, loss

    state, losses = optimizer.init(network), []
    with js.progress(steps, "training") as bar:
        for one in jax.random.split(key, steps):
            some = jax.random.choice(one, len(truth), (batch,), replace=False)
            network, state, loss = step(network, state, problem._replace(data=problem.data[some]), truth[some])
            losses.append(float(loss))
            bar.step(error=losses[-1])
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
    axes[1, 2].set(xlabel="step of training", ylabel="squared error / squared image")
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Train, compare, draw; returns the mean SNR of each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/unrolled_lsrtm.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=(64, 48))
    parser.add_argument("--earths", type=int, default=2000, help="to train on")
    parser.add_argument("--held-out", type=int, default=16)
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--width", type=int, default=12)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=4)
    args = parser.parse_args(argv)

    shape, for_signs = tuple(args.shape), jax.random.key(0)
    J = born(shape, for_signs)
    truth = earths(args.earths + args.held_out, shape, jax.random.key(1))
    d = observed(J, truth, jax.random.key(2))
    G = normal_matrix(J, shape)
    known = some_at_a_time(lambda d: J.T @ d, d)

    network = networks.IRIM(iterations=args.iterations, width=args.width, gradient=normal_gradient, rngs=nnx.Rngs(3))
    training = networks.Problem(networks.Shared(G), known[args.held_out :])
    batch = min(args.batch, args.earths)
    network, losses = train(network, training, truth[args.held_out :], args.steps, batch, jax.random.key(4))

    truth, d = truth[: args.held_out], d[: args.held_out]
    unrolled = jax.jit(with_operators(network, args))
    found = {
        "RTM": jax.jit(jax.vmap(partial(migrated, J)))(d),
        "LSQR, 20": jnp.stack([lsqr(J, one, max_steps=20).value for one in d]),
        f"i-RIM, {args.iterations}": unrolled(networks.Problem(networks.Shared(J), d), jnp.zeros_like(truth)),
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
