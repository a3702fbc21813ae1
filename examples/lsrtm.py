"""Least-squares migration: the perturbation of squared slowness whose Born data fit the reflections.

    python examples/lsrtm.py

Solves ``min |J W y - d|`` with LSMR of lineax, dm = W y, where J is Born scattering in a smooth background
and W is zero in the water and grows with the square root of depth. Draws it next to the migrated image J.T d.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import lineax as lx
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, plotting
from jaxseis.operators import Diagonal

SHAPE, SPACING = (201, 101), 16.0  # nodes along (x, z); metres
SHOTS, DURATION, STEP = 12, 1600.0, 4.0  # ms
PEAK = 10.0  # Hz
SMOOTHING = 4  # cells, of the background
ITERATIONS = 10


def experiment(grid, vmax, shots, time):
    """Shots and receivers along the surface."""
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=vmax)
    sources = js.Geometry(x=jnp.linspace(50.0, grid.extent[0] - 50.0, shots), z=32.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=32.0)
    return js.Modeling(A, sources, receivers)


def invert(J, W, d, iterations):
    """The perturbation after so many iterations of LSMR, and its data; tolerances only end it earlier."""
    solver = lx.LSMR(rtol=1e-6, atol=1e-6, max_steps=iterations)
    dm = W @ lx.linear_solve(J @ W, d, solver, throw=False).value
    return dm, J @ dm


def draw(path, grid, rock, true, migrated, dm, F, d, predicted):
    """True perturbation, both images, and the data of the middle shot."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 7), height_ratios=(1, 1.25), layout="constrained")
    unit = "squared slowness (s²/km²)"
    plotting.perturbation(true, grid, axes[0, 0], clip=98, label=unit, title="True perturbation")
    plotting.perturbation(np.where(rock, migrated, 0), grid, axes[0, 1], clip=98, label="J.T d", title="Migration")
    plotting.perturbation(dm, grid, axes[1, 0], clip=98, label=unit, title="Least-squares migration")
    middle, receivers = F.shots // 2, F.receivers.geometry
    labels = ("reflections", "Born data")
    plotting.compare_traces(
        d[middle], predicted[middle], F.wave.time, receivers, axes[1, 1], labels=labels, title="Middle shot"
    )
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Migrate, solve and draw; returns the relative residual and the correlation of both images with the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/lsrtm.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    args = parser.parse_args(argv)

    grid = js.Grid(shape=args.shape, spacing=SPACING)
    vp = datasets.faulted_layers_with_salt(grid)
    time = js.TimeAxis(duration=args.duration, step=STEP)
    F = experiment(grid, 1.05 * float(vp.max()), args.shots, time)
    m, m0 = js.squared_slowness(vp), js.squared_slowness(datasets.smooth(vp, SMOOTHING))
    q = js.ricker(time, js.hertz(PEAK))
    d = F(m) @ q - F(m0) @ q
    J = F.jacobian(m0, q, js.InMemory())  # wavefields at the Nyquist rate: J.T is accurate to 1e-3 or so
    rock = vp > 1.001 * vp.min()
    W = Diagonal(jnp.where(rock, jnp.sqrt(grid.coordinates("z") / grid.extent[1]), 0.0))

    migrated = np.asarray(J.T @ d)
    dm, predicted = invert(J, W, d, args.iterations)
    residual = float(jnp.linalg.norm(d - predicted) / jnp.linalg.norm(d))
    likeness = [float(np.corrcoef(np.asarray(x)[rock], (m - m0)[rock])[0, 1]) for x in (migrated, dm)]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, rock, m - m0, migrated, dm, F, d, predicted)
    print(f"relative residual {residual:.3f} after {args.iterations} iterations of LSMR (1 at the start)")
    print(f"correlation with the truth: migration {likeness[0]:.2f}, least squares {likeness[1]:.2f}; {args.output}")
    return residual, likeness


if __name__ == "__main__":
    main()
