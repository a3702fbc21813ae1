"""Modelling and reverse-time migration over two layers, with eleven shots and receivers on the sea floor.

    python examples/two_layers.py

Eleven sources below the surface of the sea, and 101 receivers on its floor that stay where they are. Below it are two
layers of rock. All that seismic imaging asks of a wave equation is here once:

    d = F(m) q                           data (shot, time, receiver) of the squared slowness m
    g = J(m0)^T (F(m0) q - d)            the gradient of 1/2 |F(m) q - d|^2 at a smooth background m0, by JAX
    J(m0)^T (d - F(m0) q)                reverse-time migration, which is minus that

The image of a step has the form of a wavelet, so the interface is where its envelope along depth is largest.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, plotting
from jaxseis.operators import Hilbert
from jaxseis.preconditioners import depth_scaling, laplacian_filter

SHAPE, SPACING = (201, 121), 10.0  # nodes along (x, z); metres
SEA_FLOOR, INTERFACE = 240.0, 800.0  # m
WATER, UPPER, LOWER = 1.5, 1.9, 2.6  # km/s
SHOTS, RECEIVERS, DURATION, STEP = 11, 101, 1600.0, 2.0  # ms
PEAK, SMOOTHING = 15.0, 10  # Hz; cells, of the background


def two_layers(grid):
    """Velocities: water, and two layers."""
    z = grid.coordinates("z")
    column = np.where(z < SEA_FLOOR, WATER, np.where(z < INTERFACE, UPPER, LOWER))
    return np.broadcast_to(column, grid.shape).astype(jnp.result_type(float))


def experiment(grid, shots, time):
    """Shots below the surface, receivers on the sea floor."""
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=1.05 * LOWER)
    sources = js.Geometry(x=jnp.linspace(0.1, 0.9, shots) * grid.extent[0], z=20.0)
    receivers = js.Geometry.spread(x=jnp.linspace(0.0, grid.extent[0], RECEIVERS), z=SEA_FLOOR)
    return js.Modeling(A, sources, receivers)


@jax.jit
def misfit_and_gradient(F, m, q, d):
    """1/2 |F(m) q - d|^2, and its gradient by JAX."""
    return jax.value_and_grad(lambda m: js.misfit.least_squares(F(m) @ q, d))(m)


@jax.jit
def migrated(F, m, q, residual):
    """J^T r."""
    return F.jacobian(m, q, js.InMemory()).T @ residual


def filtered(image, grid):
    """Without the haze of turning waves, amplitudes scaled by depth, and without what is in and at the sea floor."""
    z = jnp.asarray(grid.coordinates("z"))
    return laplacian_filter(image) * depth_scaling(grid) * (z > SEA_FLOOR + 100.0)


def envelope(image):
    """Of every column, along depth."""
    return jnp.hypot(image, Hilbert(1, image) @ image)


def draw_profile(ax, grid, image):
    """The image below the middle of the line, its envelope, and the interface."""
    z, middle = grid.coordinates("z") / 1000, grid.shape[0] // 2
    scale = float(jnp.max(envelope(image)[middle]))
    ax.plot(image[middle] / scale, z, color="0.2", label="image")
    ax.plot(envelope(image)[middle] / scale, z, color="tab:red", label="its envelope")
    ax.axhline(INTERFACE / 1000, color="tab:blue", linestyle="--", linewidth=1, label="interface")
    ax.set(xlabel="relative amplitude", ylabel="depth (km)", ylim=(z[-1], z[0]))
    ax.set_title("Below the middle", loc="left")
    ax.legend(loc="upper left", frameon=False)


def draw(path, grid, vp, F, data, residual, g, image):
    """Model, one gather and what of it is migrated, the gradient, and the image."""
    figure, axes = plt.subplots(2, 3, figsize=(15, 8), layout="constrained")
    plotting.velocity(vp, grid, axes[0, 0], title="True velocity")
    plotting.geometry(F.sources.geometry, F.receivers.geometry, grid, axes[0, 0])
    shown = (data, "The middle shot"), (residual, "Less the data of the background")
    for ax, (traces, title) in zip(axes[0, 1:], shown, strict=True):
        plotting.gather(traces[F.shots // 2], F.wave.time, F.receivers.geometry, ax, clip=98, title=title)
    plotting.perturbation(g, grid, axes[1, 0], label="gradient (km²/s²)", title="Gradient of the misfit")
    plotting.perturbation(image, grid, axes[1, 1], colorbar=False, title="Migration, filtered")
    draw_profile(axes[1, 2], grid, image)
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Model, differentiate, migrate and draw; returns the error of the depth (m), and how far -g is from the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/two_layers.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    args = parser.parse_args(argv)

    grid = js.Grid(shape=args.shape, spacing=SPACING)
    vp = two_layers(grid)
    time = js.TimeAxis(args.duration, STEP)
    F, q = experiment(grid, args.shots, time), js.ricker(time, js.hertz(PEAK))
    m, m0 = js.squared_slowness(vp), js.squared_slowness(datasets.smooth(vp, SMOOTHING))
    d = F(m) @ q
    residual = d - F(m0) @ q
    value, g = misfit_and_gradient(F, m0, q, d)
    raw = migrated(F, m0, q, residual)
    difference = float(jnp.linalg.norm(g + raw) / jnp.linalg.norm(raw))
    image = filtered(raw, grid)
    depths = grid.coordinates("z")[np.argmax(np.asarray(envelope(image)), axis=1)]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, vp, F, d, residual, g, image)
    below = depths[np.abs(grid.coordinates("x") / grid.extent[0] - 0.5) < 0.3]  # the middle of the line
    error = float(np.abs(below - INTERFACE).max())
    print(f"misfit {value:.4g}; its gradient and minus the image differ by {difference:.1e}")
    print(f"the interface, {INTERFACE:.0f} m deep, images at {below.mean():.1f} m, at most {error:.0f} m away")
    print(f"figure in {args.output}")
    return error, difference


if __name__ == "__main__":
    main()
