"""One shot recorded over layers, faults and salt: variable density, sources and receivers near the surface.

    python examples/shot_record.py

Draws the model with the shot on it, the record as an image, and some of its traces as wiggles.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, plotting

SHAPE, SPACING = (401, 201), 12.5  # nodes along (x, z); metres
DURATION, STEP = 2600.0, 4.0  # ms
PEAK = 14.0  # Hz
WIGGLES = 40  # traces drawn as lines


def medium(grid):
    """Squared slowness and buoyancy: density by Gardner's rule, 1 g/cm3 in the water."""
    vp = datasets.faulted_layers_with_salt(grid)
    density = jnp.where(vp > 1.001 * vp.min(), js.gardner(vp), 1.0)  # the water is the slowest
    return vp, js.Medium(m=js.squared_slowness(vp), buoyancy=1 / density)


def record(grid, model, vmax, time, position):
    """The modelling operator of one shot, and its traces (time, receiver)."""
    A = js.WaveEquation(grid, js.Acoustic(density=True), time, max_velocity=vmax)
    source = js.Geometry(x=[position], z=25.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=25.0)
    F = js.Modeling(A, source, receivers)
    return F, (F(model) @ js.ricker(time, js.hertz(PEAK)))[0]


def draw(path, grid, vp, F, traces):
    """Model and geometry above, the record below."""
    figure, axes = plt.subplot_mosaic(
        [["model", "model"], ["image", "wiggles"]], figsize=(11, 10), height_ratios=(1, 1.1), layout="constrained"
    )
    receivers, time = F.receivers.geometry, F.wave.time
    plotting.velocity(vp, grid, axes["model"], title="Velocity")
    plotting.geometry(F.sources.geometry, receivers, grid, axes["model"])
    # Amplitudes fall with time as the wave spreads: multiplied by t, late reflections are seen as well.
    shown = np.asarray(traces) * time.values[:, None]
    plotting.gather(shown, time, receivers, axes["image"], clip=97, title="Shot record")
    every = max(1, receivers.points // WIGGLES)
    some = js.Geometry.spread(x=grid.coordinates("x")[::every], z=25.0)
    plotting.wiggle(shown[:, ::every], time, some, axes["wiggles"], clip=97, title=f"One trace in {every}")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Model the shot and draw it; returns the traces."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/shot_record.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--source", type=float, default=0.35, help="position of the shot, as a fraction of the line")
    args = parser.parse_args(argv)

    grid = js.Grid(shape=args.shape, spacing=SPACING)
    vp, model = medium(grid)
    time = js.TimeAxis(duration=args.duration, step=STEP)
    F, traces = record(grid, model, 1.05 * float(vp.max()), time, args.source * grid.extent[0])
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, vp, F, traces)
    print(f"{traces.shape[1]} traces of {traces.shape[0]} samples; figure in {args.output}")
    return traces


if __name__ == "__main__":
    main()
