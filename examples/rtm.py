"""Reverse-time migration: reflections recorded over faults and salt, imaged in a smooth background.

    python examples/rtm.py

The background's own data (direct and diving waves) are taken away from the record, and what is left,
the reflections, is migrated by the transpose of Born scattering, some shots at a time. Turning waves leave a
smooth haze in the raw image; a Laplacian filter removes it.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, plotting
from jaxseis.preconditioners import depth_scaling, laplacian_filter

SHAPE, SPACING = (321, 161), 12.5  # nodes along (x, z); metres
SHOTS, AT_ONCE, DURATION, STEP = 24, 4, 2000.0, 4.0  # ms
PEAK, SMOOTHING = 14.0, 8  # Hz; cells, of the background


def experiment(grid, vmax, shots, time):
    """Shots and receivers along the surface."""
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=vmax)
    sources = js.Geometry(x=jnp.linspace(50.0, grid.extent[0] - 50.0, shots), z=25.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=25.0)
    return js.Modeling(A, sources, receivers)


@jax.jit
def migrated(F, m, m0, q):
    """The image of some shots, and the record and reflections of the first of them."""
    record = F(m) @ q
    reflections = record - F(m0) @ q
    return F.jacobian(m0, q, js.InMemory()).T @ reflections, (record[0], reflections[0])


def migrate(F, m, m0, q, show=True):
    """The sum of all shots' images, and one shot's record and reflections."""
    image, records = 0, []
    for first in js.progress(range(0, F.shots, AT_ONCE), "migration", show):
        part, traces = migrated(F[first : first + AT_ONCE], m, m0, q)
        image = image + part
        records.append(traces)
    return np.asarray(image), *records[len(records) // 3]


def filtered(image, grid):
    """The Laplacian of the image, with amplitudes scaled by depth: waves spread out and back."""
    return laplacian_filter(image) * depth_scaling(grid)


def draw(path, grid, vp, start, F, record, reflections, raw, image):
    """Models, data and images."""
    figure, axes = plt.subplots(3, 2, figsize=(12, 10.5), layout="constrained", height_ratios=(1, 1.2, 1))
    limits, below = (float(vp.min()), float(vp.max())), vp > 1.001 * vp.min()
    plotting.velocity(vp, grid, axes[0, 0], limits=limits, title="True velocity")
    plotting.geometry(F.sources.geometry, F.receivers.geometry, grid, axes[0, 0])
    plotting.velocity(start, grid, axes[0, 1], limits=limits, title="Background")
    for ax, traces, title in zip(axes[1], (record, reflections), ("One shot", "Its reflections"), strict=True):
        plotting.gather(traces, F.wave.time, F.receivers.geometry, ax, clip=97, title=title)
    for ax, x, title in zip(axes[2], (raw, image), ("Migrated image", "Filtered, scaled by depth"), strict=True):
        plotting.perturbation(np.where(below, x, 0), grid, ax, colorbar=False, title=title)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Migrate and draw; returns the filtered image and the true perturbation of squared slowness."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/rtm.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--smoothing", type=float, default=SMOOTHING, help="of the background, cells")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(argv)

    grid = js.Grid(shape=args.shape, spacing=SPACING)
    vp = datasets.faulted_layers_with_salt(grid)
    start = datasets.smooth(vp, args.smoothing)
    time = js.TimeAxis(duration=args.duration, step=STEP)
    F = experiment(grid, 1.05 * float(vp.max()), args.shots, time)
    m, m0, q = js.squared_slowness(vp), js.squared_slowness(start), js.ricker(time, js.hertz(PEAK))
    raw, record, reflections = migrate(F, m, m0, q, not args.quiet)
    image = np.asarray(filtered(raw, grid))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, vp, start, F, record, reflections, raw, image)
    print(f"{F.shots} shots migrated; figure in {args.output}")
    return image, np.asarray(m - m0)


if __name__ == "__main__":
    main()
