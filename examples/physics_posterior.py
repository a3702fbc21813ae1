"""Posteriors of images by a conditional flow with migration as its summary, corrected by the physics for one survey.

    python examples/physics_posterior.py

Amortised: random images x and data d = J x + noise train one conditional Glow for p(x | J.T d); migration keeps all
that data say of an image (Orozco et al., 2023). On new pairs from the same distribution its intervals are to
hold the truth as often as they say. Then comes a survey from elsewhere: fewer and steeper layers, less noise. The flow
is off there; an affine map of its latents, fitted with J in the loss, brings its samples to the data (Siahkoohi et
al., Geophysics 88, 2023). J is the Born operator of a few shots over a background that is known.
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
from jaxseis import flows, inference, plotting
from jaxseis.backbones import Pyramid
from jaxseis.datasets import Layering, faulted_layers
from jaxseis.operators.norm import operator_norm

SPACING, DURATION, STEP, PEAK = 20.0, 800.0, 4.0, 10.0  # m, ms, ms, Hz
SHOTS, CASES, SAMPLES = 4, 100, 100
RIPPLE = 0.05  # white noise in images: a band-limited image alone has no density
NOISE, LESS_NOISE = 0.5, 0.25  # of the data, over the deviation of those trained on
ELSEWHERE = Layering(folding=0.15, throw=0.3, scatter=0.8)


def born(side):
    """The Born operator over a velocity that grows with depth, of norm one."""
    grid = js.Grid(shape=(side, side), spacing=SPACING)
    time = js.TimeAxis(duration=DURATION, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=3.5)
    sources = js.Geometry(x=jnp.linspace(0.1, 0.9, SHOTS) * grid.extent[0], z=0.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=0.0)
    velocity = jnp.broadcast_to(jnp.linspace(1.5, 3.5, side), grid.shape)
    J = js.Modeling(A, sources, receivers).jacobian(1 / velocity**2, js.ricker(time, js.hertz(PEAK)))
    return J / operator_norm(J, tolerance=0.05)


@partial(jax.jit, static_argnums=(1, 2, 3))
def images(key, n, side, layering=None):
    """Random earths as a migration would show them, (n, x, z); of deviation one where they are trained on."""
    for_earths, for_ripple = jax.random.split(key)
    layers, layering = (8, Layering()) if layering is None else (5, layering)
    draw = partial(faulted_layers, shape=(side, side), layers=layers, layering=layering)
    velocity = jax.vmap(draw)(jax.random.split(for_earths, n))
    t = jnp.arange(-5, 6) / 1.3
    ricker = (1 - t**2) * jnp.exp(-0.5 * t**2)
    padded = jnp.pad(jnp.log(velocity), ((0, 0), (0, 0), (5, 5)), mode="edge")
    filtered = jax.vmap(jax.vmap(partial(jnp.convolve, v=ricker - ricker.mean(), mode="valid")))(padded)
    return 6.0 * filtered + RIPPLE * jax.random.normal(for_ripple, filtered.shape)


def normal_matrix(J, side):
    """J.T J as a matrix over pixels, and its symmetric square root."""
    apply = jax.jit(jax.vmap(lambda x: (J.T @ (J @ x)).ravel()))
    basis = jnp.eye(side**2).reshape(-1, side, side, side)  # one row of pixels at a time
    G = jnp.concatenate([apply(row) for row in js.progress(basis, "J.T J")])
    values, vectors = jnp.linalg.eigh(0.5 * (G + G.T))
    return G, (vectors * jnp.sqrt(jnp.maximum(values, 0))) @ vectors.T


def pairs(key, n, G, root, noise):
    """Images and the migration J.T (J x + e) of their data, (n, x, z, 1); J.T e has the covariance s^2 J.T J."""
    for_images, for_noise = jax.random.split(key)
    side = round(len(G) ** 0.5)
    x = images(for_images, n, side)
    e = jax.random.normal(for_noise, (n, len(G)))
    y = x.reshape(n, -1) @ G + noise * e @ root
    return x[..., None], y.reshape(x.shape)[..., None]


def train(draw, args, key):
    """The conditional flow and the history of its training."""
    shape, rngs = (args.side, args.side, 1), nnx.Rngs(key)
    summary = Pyramid(1, space=2, width=args.width // 2, scales=2, rngs=rngs)
    condition = summary.shapes(shape[:2])
    glow = flows.Glow(shape, scales=2, steps=args.depth, width=args.width, condition_shape=condition, rngs=rngs)
    schedule = optax.cosine_decay_schedule(1e-3, args.steps, alpha=0.02)
    return flows.fit(
        flows.Flow(glow, condition_shape=shape, summary=summary),
        draw,
        steps=args.steps,
        batch_size=32,
        optimizer=optax.chain(optax.clip_by_global_norm(100.0), optax.adam(schedule)),
        key=key,
    )


def corrected(flow, J, d, y, sigma, steps, key):
    """The flow for one survey: its latents moved so that samples fit the data; the amortised flow is the prior."""
    likelihood = flows.gaussian_likelihood(J, d, sigma)

    def loss(moved, x, condition, key):
        return flows.reverse_kl(moved, lambda x: likelihood(x) + flow.log_prob(x, y), key, 8, y)

    optimizer = optax.adam(optax.cosine_decay_schedule(3e-2, steps))
    moved = flows.latent_correction(flow)
    return flows.fit(moved, loss=loss, steps=steps, validation=0.0, optimizer=optimizer, key=key).flow


def residual(J, x, d, sigma):
    """Norm of the misfit of an image over that of the noise: one where data are fitted."""
    return float(jnp.linalg.norm(J @ x - d) / (sigma * np.sqrt(d.size)))


def draw_figure(path, truth, migration, found, coverage):
    """The survey from elsewhere: truth, migration, means, deviations, an error; and coverage on what was trained on."""
    figure, axes = plt.subplots(2, 4, figsize=(13, 6.3), layout="constrained")
    means = {name: inference.posterior_mean(samples)[..., 0] for name, samples in found.items()}
    panels = [
        ("truth", truth),
        ("migration, J.T d", migration * float(truth.std() / migration.std())),
        *((f"mean, {name}", mean) for name, mean in means.items()),
        *((f"deviation, {name}", inference.posterior_std(samples)[..., 0]) for name, samples in found.items()),
        ("error, corrected", jnp.abs(means["corrected"] - truth)),
    ]
    limit = 0.8 * float(jnp.abs(truth).max())
    for ax, (name, image) in zip(axes.T.ravel(), panels, strict=False):
        spread = name.startswith(("deviation", "error"))
        limits = (
            {"vmin": 0, "vmax": 1, "cmap": "viridis"} if spread else {"vmin": -limit, "vmax": limit, "cmap": "gray"}
        )
        drawn = ax.imshow(image.T, aspect="auto", **limits)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, loc="left")
        if spread:
            figure.colorbar(drawn, ax=ax)
    plotting.coverage(coverage, ax=axes[1, 3], title="coverage, as trained")
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Train, judge, correct, draw; returns the share of pixels and levels covered as they should, misfits and SNR."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/physics_posterior.png"))
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--correction", type=int, default=150, help="steps of the correction")
    args = parser.parse_args(argv)

    J = born(args.side)
    level = float((J @ images(jax.random.key(0), 1, args.side)[0]).std())
    G, root = normal_matrix(J, args.side)
    scale = float(pairs(jax.random.key(0), CASES, G, root, NOISE * level)[1].std())

    def draw(key, n):
        x, y = pairs(key, n, G, root, NOISE * level)
        return x, y / scale

    flow, _ = train(draw, args, jax.random.key(2))

    x, y = draw(jax.random.key(1), CASES)
    parts = [flow.sample(jax.random.key(i), SAMPLES, part) for i, part in enumerate(jnp.split(y, 10))]
    middle = (slice(None), slice(2, None, 4), slice(2, None, 4), 0)
    coverage = inference.coverage(x[middle], jnp.concatenate(parts, axis=1)[(slice(None), *middle)])

    truth, sigma = images(jax.random.key(4), 1, args.side, ELSEWHERE), LESS_NOISE * level
    d = J @ truth[0]
    d += sigma * jax.random.normal(jax.random.key(5), d.shape)
    y = (J.T @ d)[..., None] / scale
    better = corrected(flow, J, d, y, sigma, args.correction, jax.random.key(6))
    found = {
        name: q.sample(jax.random.key(7), SAMPLES, y) for name, q in {"amortised": flow, "corrected": better}.items()
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, truth[0], y[..., 0], found, coverage)
    means = {name: inference.posterior_mean(samples)[..., 0] for name, samples in found.items()}
    misfits = {name: residual(J, mean, d, sigma) for name, mean in means.items()}
    snr = {name: float(inference.snr(mean[None], truth)[0]) for name, mean in means.items()}
    low, high = (band[:, None, None] for band in (coverage.low, coverage.high))
    inside = float(jnp.mean((coverage.empirical >= low) & (coverage.empirical <= high)))
    print(f"coverage within its 95 % binomial band for {100 * inside:.0f} % of pixels and levels")
    for name in means:
        print(f"{name}: misfit {misfits[name]:.2f} of the noise, SNR of the mean {snr[name]:.1f} dB")
    print(f"figure in {args.output}")
    return inside, misfits, snr


if __name__ == "__main__":
    main()
