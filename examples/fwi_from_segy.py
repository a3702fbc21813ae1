"""Full-waveform inversion from a folder of SEG-Y files, and the same one from memory: one result.

    python examples/fwi_from_segy.py                                  # a built-in model with faults and salt
    python examples/fwi_from_segy.py --model overthrust2d.npz         # any model file with vp, spacing, origin

Shots are simulated into one file each. From then on only the files are used: they are scanned, which reads trace
headers, and every batch of shots is read when its turn comes, on a thread, while the one before is worked on. The
same inversion of the same shots in memory follows, and the two velocities are compared.
"""

import argparse
import tempfile
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, io, plotting, preconditioners, workflows

BANDS, ITERATIONS, BATCH = (3.0, 5.0, 8.0), 12, 8  # Hz; of a band; shots
PEAK = 6.0  # Hz


def load(path, shape):
    """The true model, the start and the grid."""
    if path is None:
        grid = js.Grid(shape=shape, spacing=25.0)
        vp = datasets.faulted_layers_with_salt(grid)
        return grid, vp, datasets.smooth(vp, 12)
    grid, arrays = io.load_model(path)
    return grid, arrays["vp"], arrays.get("vp_smooth", datasets.smooth(arrays["vp"], 12))


def survey(grid, shots):
    """Shots and receivers along the surface, at positions of whole centimetres, which a file keeps exactly."""
    x0, x1 = grid.origin[0], grid.origin[0] + grid.extent[0]
    sources = np.round(np.linspace(x0 + 100.0, x1 - 100.0, shots), 2)
    receivers = np.round(np.linspace(x0, x1, grid.shape[0]), 2)
    z = grid.origin[1]
    return js.Geometry(x=sources, z=z + 25.0), js.Geometry.spread(x=receivers, z=z + 50.0)


def simulate(F, m, q, folder, show=True):
    """Write the shots into one file each."""
    for i in js.progress(range(F.shots), "modelling", show):
        one = F[i]
        shot = js.Shots(one(m) @ q, one.sources.geometry, one.receivers.geometry, F.wave.time)
        io.write_shots(folder / f"shot_{i:04d}.segy", shot, first_record=i + 1)


def invert(wave, q, start, water, shots, settings, show=True):
    """The velocity by the shots, and the misfit of every iteration."""
    experiment = workflows.Experiment(wave, q, start, shots, water)
    result = workflows.invert(experiment, settings, show=show)
    return result.velocity, [row.misfit for row in result.history]


def error(v, vp, rock):
    """Relative L2 error of the velocity below the water."""
    return float(np.linalg.norm((v - vp)[rock]) / np.linalg.norm(vp[rock]))


def draw(path, grid, vp, start, inverted, shots, history, errors, difference):
    """Velocities, one shot out of its file, and the misfit."""
    figure, axes = plt.subplots(3, 2, figsize=(12, 9.5), constrained_layout=True)
    limits = (float(vp.min()), float(vp.max()))
    titles = "True velocity", f"Start, error {100 * errors[0]:.1f} %", f"From files, error {100 * errors[1]:.1f} %"
    for ax, v, title in zip(axes.flat, (vp, start, inverted), titles, strict=False):
        plotting.velocity(v, grid, ax, limits=limits, title=title)
    plotting.geometry(shots.sources, shots.receivers, grid, axes[0, 0])
    plotting.perturbation(inverted - start, grid, axes[1, 1], label="km/s", title="Update")
    middle = shots[len(shots) // 2].load()
    plotting.gather(middle.traces[0], middle.time, middle.receivers, axes[2, 0], title="The middle shot, from its file")
    title = f"Misfit; from memory: {difference:.1g} km/s away"
    plotting.misfit_curve(history, axes[2, 1], title=title)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Simulate, scan, invert from files and from memory; returns errors, misfits and the largest difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="file with vp, spacing, origin and perhaps vp_smooth")
    parser.add_argument("--folder", type=Path, help="where the SEG-Y files go and stay; a temporary one by default")
    parser.add_argument("--output", type=Path, default=Path("output/fwi_from_segy.png"))
    parser.add_argument("--shots", type=int, default=16)
    parser.add_argument("--duration", type=float, default=None, help="record length, ms")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of each band")
    parser.add_argument("--shape", type=int, nargs=2, default=(151, 71), help="of the built-in model")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    args = parser.parse_args(argv)

    grid, vp, start = load(args.model, tuple(args.shape))
    time = js.TimeAxis(args.duration or (2000.0 if args.model is None else 3200.0), 4.0)
    wave = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=1.1 * float(vp.max()))
    F, q = js.Modeling(wave, *survey(grid, args.shots)), js.ricker(time, js.hertz(PEAK))
    water = preconditioners.water_mask(vp)
    bounds = (float(vp.min()), 1.09 * float(vp.max()))
    settings = workflows.FWISettings(bands_hz=BANDS, iterations=args.iterations, batch=BATCH, bounds_km_s=bounds)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        simulate(F, js.squared_slowness(jnp.asarray(vp)), q, folder, not args.quiet)
        index = io.scan(folder, show=not args.quiet)
        print(index)
        files = io.SegyShots(index)
        inverted, history = invert(wave, q, start, water, files, settings, not args.quiet)
        again, _ = invert(wave, q, start, water, files.load(), settings, not args.quiet)
        difference = float(np.abs(inverted - again).max())
        errors = [error(v, vp, ~water) for v in (start, inverted)]
        args.output.parent.mkdir(parents=True, exist_ok=True)
        draw(args.output, grid, vp, start, inverted, files, history, errors, difference)
    print(
        f"relative model error below the water: {errors[0]:.4f} at the start, {errors[1]:.4f} at the end; from memory "
        f"the velocity is {difference:.2g} km/s away at most; figure in {args.output}"
    )
    return errors, history, difference


if __name__ == "__main__":
    main()
