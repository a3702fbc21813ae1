"""One marine shot over an elastic seabed: pressure in the water, and the motion of the sea floor in two components.

    python examples/elastic_shot.py [--model marmousi2.npz]

Water and solid are one medium of one equation (vs = 0 in the water), and the sea surface is a free surface. Draws the
model and the three records.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, io, plotting

SHAPE, SPACING = (401, 201), 10.0  # nodes along (x, z); metres
DURATION, STEP, PEAK = 2500.0, 4.0, 7.0  # ms, ms, Hz


def synthetic(shape):
    """Water over faulted layers with salt: Castagna's mudrock line for vs, Gardner's rule for the density."""
    grid = js.Grid(shape, SPACING)
    vp = np.asarray(datasets.faulted_layers_with_salt(grid))
    solid = vp > 1.001 * vp.min()
    vs = np.where(solid, np.clip((vp - 1.36) / 1.16, 0.75, vp / 1.6), 0.0)
    return grid, {"vp": vp, "vs": vs, "rho": np.where(solid, np.asarray(js.gardner(vp)), 1.0)}


def load(path):
    """A model from an archive with vp, vs and rho."""
    grid, arrays = io.load_model(path)
    return grid, {name: arrays[name] for name in ("vp", "vs", "rho")}


def record(grid, model, duration):
    """Pressure at a streamer, velocity (x, z) along the sea floor, and the depth of the floor."""
    time = js.TimeAxis(duration, STEP)
    A = js.WaveEquation(grid, js.Elastic(), time, 1.05 * float(model["vp"].max()), free_surface=True)
    middle, x = grid.origin[0] + grid.extent[0] / 2, grid.coordinates("x")
    near = grid.origin[1] + A.space_order // 2 * grid.spacing[1]  # nearer to the surface, pressures are less accurate
    floor = grid.origin[1] + grid.spacing[1] * np.argmax(model["vs"][grid.shape[0] // 2] > 0)
    bulk = float(model["rho"][0, 0] * model["vp"][0, 0] ** 2)
    gun = js.Projection(js.Geometry(x=[middle], z=near), A, js.Dilatation())
    streamer = js.Projection(js.Geometry.spread(x=x, z=near), A, js.Pressure(bulk))
    cable = js.Projection(js.Geometry.spread(x=x, z=floor), A, js.Velocity("xz"))
    medium = js.Medium(**{name: jnp.asarray(value, jnp.float32) for name, value in model.items()})
    q = js.ricker(time, js.hertz(PEAK))
    pressure, velocity = ((P @ A(medium).inv @ gun.T @ q)[0] for P in (streamer, cable))
    return {"pressure": pressure, "vx": velocity[..., 0], "vz": velocity[..., 1]}, time, streamer.geometry


def draw(path, grid, model, records, time, geometry):
    """Velocities above, records below."""
    figure, axes = plt.subplots(2, 3, figsize=(15, 8), height_ratios=(1, 2), layout="constrained")
    for ax, (name, label) in zip(
        axes[0], {"vp": "vp (km/s)", "vs": "vs (km/s)", "rho": "density (g/cm³)"}.items(), strict=True
    ):
        plotting.velocity(model[name], grid, ax, label=label, title=name)
    titles = {"pressure": "Pressure in the water", "vx": "Sea floor, x", "vz": "Sea floor, z"}
    for ax, (name, title) in zip(axes[1], titles.items(), strict=True):
        shown = np.asarray(records[name]) * time.values[:, None]  # amplitudes fall with time
        plotting.gather(shown, time, geometry, ax, clip=97, title=title)
    figure.savefig(path, dpi=80)


def main(argv=None):
    """Model the shot and draw it; returns the records by name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/elastic_shot.png"))
    parser.add_argument("--model", type=Path, help="an .npz archive with vp, vs, rho, spacing and origin")
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE, help="nodes of the synthetic model")
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    args = parser.parse_args(argv)

    grid, model = load(args.model) if args.model else synthetic(args.shape)
    records, time, geometry = record(grid, model, args.duration)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, model, records, time, geometry)
    print(f"records of {args.duration:g} ms; figure in {args.output}")
    return records


if __name__ == "__main__":
    main()
