"""Least-squares migration through a gas cloud: what absorption takes away, the right Q gives back.

    python examples/q_migration.py

Reflections from thin beds are recorded through a cloud of low Q. Least-squares migration that knows nothing of Q shows
the beds below the cloud too faint; with the viscoacoustic Born operator and its transpose it restores most of them.
(Amplifying the waves on their way back instead would be unstable.)
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import lineax as lx
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import plotting
from jaxseis.operators import FunctionOperator

SHAPE, SPACING = (181, 111), 12.5  # nodes along (x, z); metres
SHOTS, DURATION, STEP, PEAK = 12, 1500.0, 4.0, 16.0  # ms, ms, Hz
LEAST_Q, BAND, ITERATIONS = 10.0, (0.004, 0.05), 12  # kHz


def earth(grid):
    """Velocity with thin fast beds, its background, and 1/Q of the cloud."""
    x, z = np.meshgrid(*(np.linspace(0, 1, n) for n in grid.shape), indexing="ij")
    background = 1.8 + 0.6 * z
    bed = sum(np.abs(z - depth - 0.02 * np.cos(5 * x)) < 0.012 for depth in (0.15, 0.6, 0.72, 0.85))
    cloud = np.exp(-(((x - 0.5) / 0.12) ** 2) - ((z - 0.36) / 0.13) ** 2)
    return background * (1 + 0.1 * bed), background, np.where(cloud > 0.02, cloud, 0) / LEAST_Q


def medium(vp, inverse_q=None):
    """A medium of constant density, with 1/Q if there is any."""
    values = {"m": vp**-2, "buoyancy": np.ones(vp.shape)} | ({} if inverse_q is None else {"inverse_q": inverse_q})
    return js.Medium(**{name: jnp.asarray(value, float) for name, value in values.items()})


def experiment(grid, equation, time, shots):
    """Shots and receivers along the surface."""
    A = js.WaveEquation(grid, equation, time, max_velocity=3.2)
    sources = js.Geometry(x=jnp.linspace(50.0, grid.extent[0] - 50.0, shots), z=25.0)
    return js.Modeling(A, sources, js.Geometry.spread(x=grid.coordinates("x"), z=25.0))


def squared_slowness_alone(background, weights):
    """The operator from a weighted perturbation of squared slowness to one of the whole medium."""
    zero = jax.tree.map(jnp.zeros_like, background)
    return FunctionOperator(lambda dm: zero.replace(m=weights * dm), jnp.zeros_like(background.m))


def least_squares(J, E, d, iterations):
    """The perturbation after so many iterations of LSMR."""
    solver = lx.LSMR(rtol=1e-6, atol=1e-6, max_steps=iterations)
    return (E @ lx.linear_solve(J @ E, d, solver, throw=False).value).m


def under_the_cloud(image, grid):
    """Size of an image there."""
    n, depth = grid.shape
    return float(np.linalg.norm(image[int(0.4 * n) : int(0.6 * n), int(0.55 * depth) : int(0.9 * depth)]))


def images_of(jobs, q, weights, iterations, show):
    """The image of each job: (modelling, background, data)."""
    images = {}
    for name, (F, m, d) in js.progress(list(jobs.items()), "migration", show):
        J = F.jacobian(m, q, js.InMemory())  # wavefields at the Nyquist rate: J.T is accurate to 1e-3 or so
        images[name] = np.asarray(least_squares(J, squared_slowness_alone(m, weights), d, iterations))
    return images


def draw(path, grid, vp, inverse_q, true, images, ratios):
    """The earth, the images, and a trace under the cloud of each."""
    figure, axes = plt.subplots(3, 2, figsize=(13, 11), layout="constrained")
    plotting.velocity(vp, grid, axes[0, 0], title="Velocity")
    plotting.velocity(1000 * inverse_q, grid, axes[0, 1], label="1000/Q", title="Absorption")
    largest, middle = np.percentile(np.abs(images["No absorption"]), 99.5), grid.shape[0] // 2
    trace = axes[2, 1]
    trace.plot(grid.coordinates("z") / 1000, true[middle], "0.7", linewidth=3, label="True perturbation")
    for ax, (name, image), style in zip(axes.flat[2:5], images.items(), ("k", "b--", "r"), strict=True):
        share = "" if name == "No absorption" else f": {100 * ratios[name]:.0f} % under the cloud"
        shown = np.clip(image, -largest, largest)  # one scale for all
        plotting.perturbation(shown, grid, ax, clip=100, colorbar=False, title=name + share)
        trace.plot(grid.coordinates("z") / 1000, image[middle], style, label=name)
    trace.set(xlabel="depth (km)", ylabel="squared slowness (s²/km²)", title="Traces in the middle")
    trace.legend(fontsize="small", loc="upper left")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Image and draw; returns the size of each image under the cloud, relative to one without absorption."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/q_migration.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(argv)

    grid, time = js.Grid(args.shape, SPACING), js.TimeAxis(args.duration, STEP)
    vp, background, inverse_q = earth(grid)
    acoustic, q = js.Acoustic(density=True), js.ricker(time, js.hertz(PEAK))
    viscous = js.Viscous(acoustic, band=BAND, reference=js.hertz(PEAK))
    F, lossless = (experiment(grid, equation, time, args.shots) for equation in (viscous, acoustic))
    start, m0 = medium(background), medium(background, inverse_q)
    absorbed = F(medium(vp, inverse_q)) @ q - F(m0) @ q
    jobs = {
        "No absorption": (lossless, start, lossless(medium(vp)) @ q - lossless(start) @ q),
        "Absorption ignored": (lossless, start, absorbed),
        "Absorption included": (F, m0, absorbed),
    }
    depth = grid.coordinates("z")
    weights = jnp.asarray(np.sqrt(depth / grid.extent[1]) * (depth > 100), float)
    images = images_of(jobs, q, weights, args.iterations, not args.quiet)
    whole = under_the_cloud(images["No absorption"], grid)
    ratios = {name: under_the_cloud(image, grid) / whole for name, image in images.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, vp, inverse_q, vp**-2 - background**-2, images, ratios)
    for name in list(jobs)[1:]:
        print(f"{name.lower()}: {100 * ratios[name]:.0f} % of the image under the cloud")
    print(f"figure in {args.output}")
    return ratios


if __name__ == "__main__":
    main()
