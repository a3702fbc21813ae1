"""Posteriors of seismic images from noisy ones, by a conditional flow, and whether to believe them.

    python examples/flow_seismic_posterior.py

Images are the reflectivity of random faulted earths, filtered by a wavelet; what is observed has noise in the same band
added, as strong as the signal. One conditional Glow with a U-Net as its summary learns p(image | observed) from fresh
pairs. For new pairs the figure shows the posterior mean, its deviation, the true error and a sample; how often credible
intervals hold the truth; and the error against the deviation that the flow states.
"""

import argparse
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from flax import nnx

from jaxseis import flows, inference, plotting
from jaxseis.backbones import Pyramid
from jaxseis.datasets import faulted_layers

CASES, SAMPLES = 200, 100
RIPPLE = 0.05  # white noise in images, of their deviation: a band-limited image alone has no density


def wavelet(length=11, width=1.3):
    """A Ricker wavelet along depth, in samples."""
    t = jnp.arange(length) - length // 2
    return (1 - (t / width) ** 2) * jnp.exp(-0.5 * (t / width) ** 2)


def filtered(images):
    """Convolved with the wavelet along depth, images (n, x, z)."""
    return jax.vmap(jax.vmap(partial(jnp.convolve, v=wavelet(), mode="same")))(images)


@partial(jax.jit, static_argnums=(1, 2))
def pairs(key, n, side):
    """Images and what is observed of them, (n, x, z, 1), of deviation one and the square root of two."""
    for_earths, for_noise, for_ripple = jax.random.split(key, 3)
    draw = partial(faulted_layers, shape=(side, side), layers=8)
    velocity = jax.vmap(draw)(jax.random.split(for_earths, n))
    image = normalised(filtered(jnp.diff(jnp.log(velocity), axis=2, prepend=jnp.log(velocity[:, :, :1]))))
    image += RIPPLE * jax.random.normal(for_ripple, image.shape)
    observed = image + normalised(filtered(jax.random.normal(for_noise, image.shape)))
    return image[..., None], observed[..., None]


def normalised(images):
    """Each with deviation one."""
    return images / (images.std(axis=(1, 2), keepdims=True) + 1e-6)


def train(args, key):
    """The flow and the history of its training."""
    shape, rngs = (args.side, args.side, 1), nnx.Rngs(key)
    summary = Pyramid(1, space=2, width=args.width // 2, scales=2, rngs=rngs)
    glow = flows.Glow(
        shape,
        scales=2,
        steps=args.depth,
        width=args.width,
        condition_shape=summary.shapes(shape[:2]),
        rngs=rngs,
    )
    flow = flows.Flow(glow, condition_shape=shape, summary=summary)
    schedule = optax.cosine_decay_schedule(1e-3, args.steps, alpha=0.02)
    return flows.fit(
        flow,
        partial(pairs, side=args.side),
        steps=args.steps,
        batch_size=args.batch,
        optimizer=optax.chain(optax.clip_by_global_norm(100.0), optax.adam(schedule)),
        key=key,
    )


def sampled(flow, observed, key):
    """Posterior samples of all cases, (sample, case, x, z, 1), some cases at a time."""
    parts = jnp.split(observed, 10)
    keys = jax.random.split(key, len(parts))
    return jnp.concatenate([flow.sample(k, SAMPLES, y) for k, y in zip(keys, parts, strict=True)], axis=1)


def draw_figure(path, truths, observed, samples):
    """One case as images, then coverage and calibration over all."""
    figure, axes = plt.subplots(2, 4, figsize=(13, 6.5), layout="constrained")
    mean, deviation = inference.posterior_mean(samples), inference.posterior_std(samples)
    panels = {
        "truth": truths[0],
        "observed": observed[0],
        "posterior mean": mean[0],
        "a sample": samples[0, 0],
        "deviation": deviation[0],
        "error of the mean": jnp.abs(mean - truths)[0],
    }
    for ax, (name, image) in zip(axes.ravel(), panels.items(), strict=False):
        spread = name in ("deviation", "error of the mean")
        limits = {"vmin": 0, "vmax": 1.5, "cmap": "viridis"} if spread else {"vmin": -2.5, "vmax": 2.5, "cmap": "gray"}
        drawn = ax.imshow(image[..., 0].T, aspect="auto", **limits)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, loc="left")
        if name in ("a sample", "error of the mean"):
            figure.colorbar(drawn, ax=ax)
    middle = (slice(None), slice(None), truths.shape[1] // 2, truths.shape[2] // 2)
    plotting.coverage(inference.coverage(truths[middle[1:]], samples[middle]), ax=axes[1, 2], title="coverage")
    plotting.calibration(inference.uncertainty_calibration(truths, samples), ax=axes[1, 3], title="calibration")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Train, judge and draw; returns the SNR of the observed images and of the means, and the p-value of the ranks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_seismic_posterior.png"))
    parser.add_argument("--side", type=int, default=32, help="pixels along x and z")
    parser.add_argument("--depth", type=int, default=8, help="steps of flow at each of two scales")
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=2500)
    args = parser.parse_args(argv)

    flow, _ = train(args, jax.random.key(0))
    truths, observed = pairs(jax.random.key(1), CASES, args.side)
    samples = sampled(flow, observed, jax.random.key(2))
    middle = (slice(None), args.side // 2, args.side // 2, 0)
    ranks = inference.sbc_ranks(truths[middle], samples[(slice(None), *middle)])
    p_value = float(inference.uniformity(ranks, SAMPLES, bins=5).p_value)
    snr = [float(jnp.mean(inference.snr(x, truths))) for x in (observed, inference.posterior_mean(samples))]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, truths, observed, samples)
    print(f"SNR {snr[0]:.1f} dB observed, {snr[1]:.1f} dB of the posterior mean;", end=" ")
    print(f"p-value of uniform ranks {p_value:.2f}; figure in {args.output}")
    return snr, p_value


if __name__ == "__main__":
    main()
