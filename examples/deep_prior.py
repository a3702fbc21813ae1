"""A deep prior for seismic images: the weights of an untrained network instead of pixels, and Langevin samples of them.

    python examples/deep_prior.py

Noisy Born data of a few shots are fitted by images that a deep decoder makes of fixed noise (Heckel and Hand, 2019;
Siahkoohi, Rizzuti and Herrmann, Geophysics 87, 2022). Beside least squares, which fits the noise as the iterations go
on: the strong prior, whose image is the network's; the weak one, whose image is only near it; and preconditioned
Langevin dynamics over the weights, with the mean and the deviation of the images along the chain.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from flax import nnx

import jaxseis as js
from jaxseis import datasets, inference
from jaxseis.networks import DeepDecoder, WeakPrior
from jaxseis.operators.norm import operator_norm
from jaxseis.solvers import lsqr

SPACING, DURATION, STEP, PEAK = 20.0, 1100.0, 4.0, 10.0  # m, ms, ms, Hz
SHOTS, NOISE = 4, 3.0  # NOISE: deviation of the noise over that of the data
DECAY = 1e-4  # precision of the Gaussian prior of the weights
GAMMA = 3.0  # of the weak prior


def experiment(shape, key):
    """The Born operator over a velocity that grows with depth, an image, its data, and the deviation of their noise."""
    for_earth, for_noise = jax.random.split(key)
    grid, velocity = js.Grid(shape=shape, spacing=SPACING), jnp.broadcast_to(jnp.linspace(1.5, 3.5, shape[1]), shape)
    time = js.TimeAxis(duration=DURATION, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=3.5)
    sources = js.Geometry(x=jnp.linspace(0.1, 0.9, SHOTS) * grid.extent[0], z=0.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=0.0)
    J = js.Modeling(A, sources, receivers).jacobian(1 / velocity**2, js.ricker(time, js.hertz(PEAK)))
    J = J / operator_norm(J, tolerance=0.05)
    image = band(6.0 * jnp.log(datasets.faulted_layers(for_earth, shape, layers=10)))
    d = J @ image
    sigma = NOISE * float(d.std())
    return J, image, d + sigma * jax.random.normal(for_noise, d.shape), sigma


def band(earth):
    """What surveys see of an earth: convolved with a Ricker wavelet along depth."""
    t = jnp.arange(-5, 6) / 1.3
    ricker = (1 - t**2) * jnp.exp(-0.5 * t**2)
    padded = jnp.pad(earth, ((0, 0), (5, 5)), mode="edge")
    return jax.vmap(lambda trace: jnp.convolve(trace, ricker - ricker.mean(), mode="valid"))(padded)


def minimised(loss, start, steps, rate, name):
    """Where Adam gets in so many steps."""
    optimizer = optax.adam(rate)

    @jax.jit
    def step(x, state):
        value, gradient = jax.value_and_grad(loss)(x)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(x, updates), state, value

    x, state = start, optimizer.init(start)
    with js.progress(steps, name) as bar:
        for _ in range(steps):
            x, state, value = step(x, state)
            bar.step(loss=value)
    return x


def squares(module):
    """The sum of squares of all weights."""
    return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(module))


def draw_figure(path, panels, scores, extent):
    """Images, their SNR, and the deviation along the chain beside the error of the mean."""
    figure, axes = plt.subplots(2, 4, figsize=(14, 6), layout="constrained")
    for ax, (name, image) in zip(axes.ravel(), panels.items(), strict=False):
        spread = "deviation" in name or "error" in name
        limits = {"vmin": 0, "vmax": 1.5, "cmap": "viridis"} if spread else {"vmin": -2.5, "vmax": 2.5, "cmap": "gray"}
        drawn = ax.imshow(image.T, aspect="auto", extent=extent, **limits)
        ax.set(xlabel="x (km)", ylabel="z (km)")
        ax.set_title(f"{name}: {scores[name]:.1f} dB" if name in scores else name, loc="left")
        if spread:
            figure.colorbar(drawn, ax=ax)
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Fit by each, sample, draw; returns the SNR of each image, dB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/deep_prior.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=(64, 48))
    parser.add_argument("--steps", type=int, default=300, help="of Adam")
    parser.add_argument("--samples", type=int, default=400, help="steps along the chain")
    parser.add_argument("--width", type=int, default=24)
    args = parser.parse_args(argv)

    shape = tuple(args.shape)
    J, truth, d, sigma = experiment(shape, jax.random.key(0))

    def misfit(x):
        return 0.5 * jnp.sum((J @ x - d) ** 2) / sigma**2

    def strong(prior):
        return misfit(band(prior())) + 0.5 * DECAY * squares(prior)

    def weak(image):
        return misfit(band(image())) + image.penalty(GAMMA) + 0.5 * DECAY * squares(image.prior)

    prior = DeepDecoder(shape, width=args.width, rngs=nnx.Rngs(0))
    best = minimised(strong, prior, args.steps, 5e-3, "strong prior")
    near = minimised(weak, WeakPrior(best, best()), args.steps // 2, 1e-3, "weak prior")
    dynamics = inference.preconditioned_langevin(1e-4, jax.random.key(1))
    options = {"steps": args.samples, "every": 4, "observe": lambda prior: band(prior())}
    chain = inference.markov_chain(strong, best, dynamics, **options)

    mean, deviation = chain.mean(axis=0), chain.std(axis=0)
    images = {
        "LSQR, 5": lsqr(J, d, max_steps=5).value,
        "LSQR, 20": lsqr(J, d, max_steps=20).value,
        "strong prior": band(best()),
        "weak prior": band(near()),
        "mean of the chain": mean,
    }
    scores = {name: float(inference.snr(image[None], truth[None])[0]) for name, image in images.items()}
    extent = [0, SPACING * shape[0] / 1e3, SPACING * shape[1] / 1e3, 0]
    panels = {"true image": truth, **images, "deviation": deviation, "error of the mean": jnp.abs(mean - truth)}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, panels, scores, extent)
    print(", ".join(f"{name}: {value:.1f} dB" for name, value in scores.items()), f"figure in {args.output}", sep="; ")
    return scores


if __name__ == "__main__":
    main()
