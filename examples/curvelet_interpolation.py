"""Missing traces filled in and noise taken out of a shot gather, in the curvelet domain.

    python examples/curvelet_interpolation.py

Of a shot over faults and salt one trace in three is recorded, with noise, each third one at random (jittered sampling,
which keeps gaps short: Hennenfent and Herrmann, Geophysics 73 (2008)). Waves are sparse in curvelets C, gaps and noise
are not, so the gather is looked for that needs the smallest sum of moduli of coefficients to fit the record:

    min sum w |z|   subject to   |R C.H z - b| <= |noise|,        x = C.H z

by SPGL1, with R the restriction to the traces that were recorded. Curvelets of waves that would travel along the spread
more slowly than in water have a large weight w: what is aliased looks like them. Linear interpolation between traces is
shown beside it, and a threshold on the coefficients of the full noisy gather, as denoising alone.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, plotting
from jaxseis.functionals import L1
from jaxseis.operators import Curvelet, Pad, Restriction
from jaxseis.preconditioners import TimeGain, TopMute
from jaxseis.solvers import spgl1

SHAPE, SPACING = (601, 301), 5.0  # nodes along (x, z), metres; receivers at every second one
DURATION, STEP, PEAK = 1500.0, 6.0, 22.0  # ms, Hz
EVERY, NOISE, SCALES, WATER = 3, 0.1, 5, 1.5  # km/s


def gather(shape, duration):
    """A shot (shot, time, receiver) of reflections, with amplitudes raised in time."""
    grid = js.Grid(shape=shape, spacing=SPACING)
    vp = datasets.faulted_layers_with_salt(grid)
    time = js.TimeAxis(duration=duration, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=1.05 * float(vp.max()))
    sources = js.Geometry(x=[0.35 * grid.extent[0]], z=25.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x")[::2], z=25.0)
    d = js.Modeling(A, sources, receivers)(js.squared_slowness(vp)) @ js.ricker(time, js.hertz(PEAK))
    return TimeGain(2.0)(TopMute(velocity=WATER, start=150.0)(js.Shots(d, sources, receivers, time)))


def with_gaps(x, key, every, noise):
    """The restriction to one trace of so many, all traces with noise, and the norm of the noise on those kept."""
    order, errors = jax.random.split(key)
    live = np.arange(0, x.shape[1] - every + 1, every)
    live = live + np.asarray(jax.random.randint(order, live.shape, 0, every))
    e = jax.random.normal(errors, x.shape, x.dtype)
    e = noise * jnp.linalg.norm(x) / jnp.linalg.norm(e) * e
    R = Restriction(live, 1, x)
    return R, x + e, jnp.linalg.norm(R @ e)


def interpolated(b, live, count):
    """Linear interpolation between the traces that are there."""
    return jax.vmap(lambda row: jnp.interp(jnp.arange(count), live, row))(b)


def frame(x):
    """Curvelets of the gather with zeros around it: they are periodic, and the gather is not."""
    padding = Pad([(0, n // 8) for n in x.shape], x)
    curvelets = Curvelet(padding.out_structure(), scales=SCALES)
    return curvelets @ padding, curvelets.directions()


def weights(C, directions):
    """One for a curvelet of waves faster than water along the spread, ten for slower ones."""

    def of_wedges(structure, direction):
        frequency, wavenumber = np.abs(direction.T) / np.array([[STEP], [2 * SPACING]])
        slow = wavenumber > 1.2 * frequency / WATER
        return (
            jnp.where(slow, 10.0, 1.0)
            .astype(jnp.finfo(structure.dtype).dtype)
            .reshape(-1, *[1] * (len(structure.shape) - 1))
        )

    return jax.tree.map(of_wedges, C.out_structure(), directions)


def denoised(C, noisy, noise):
    """The gather from the coefficients that stand above three standard deviations of the noise."""
    level = 3 * noise / np.sqrt(noisy.size)
    return C.H @ jax.tree.map(lambda v: jnp.where(jnp.abs(v) > level, v, 0), C @ noisy)


def quality(found, x):
    """Signal to error, dB."""
    return float(20 * jnp.log10(jnp.linalg.norm(x) / jnp.linalg.norm(found - x)))


def draw(path, shots, panels):
    """A row of gathers, and under each what it lacks."""
    figure, axes = plt.subplots(2, 3, figsize=(12, 8.5), layout="constrained", sharey=True)
    limit = np.percentile(np.abs(panels["True gather"]), 98)
    for ax, (title, traces) in zip(axes.flat, panels.items(), strict=True):
        plotting.gather(np.asarray(traces) / limit, shots.time, shots.receivers, ax, title=title)
        ax.images[0].set_clim(-1, 1)
    figure.savefig(path, dpi=70)  # noise does not compress


def main(argv=None):
    """Model, thin out, fill in and draw; returns the quality of each result, dB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/curvelet_interpolation.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--every", type=int, default=EVERY, help="one trace of so many is recorded")
    parser.add_argument("--noise", type=float, default=NOISE, help="its norm over that of the gather")
    parser.add_argument("--steps", type=int, default=200, help="of SPGL1")
    args = parser.parse_args(argv)

    shots = gather(args.shape, args.duration)
    x = shots.traces[0] / jnp.max(jnp.abs(shots.traces))
    R, noisy, sigma = with_gaps(x, jax.random.key(1), args.every, args.noise)
    b = R @ noisy
    C, directions = frame(x)
    solution = spgl1(R @ C.H, b, sigma, L1(weights(C, directions)), max_steps=args.steps, rtol=1e-3)
    filled = C.H @ solution.value
    results = {
        "linear": interpolated(b, R.indices, x.shape[1]),
        "curvelets": filled,
        "denoised": denoised(C, noisy, float(args.noise * jnp.linalg.norm(x))),
    }
    found = {name: quality(result, x) for name, result in results.items()}
    found["noisy"] = quality(noisy, x)

    panels = {
        "True gather": x,
        f"Recorded: {len(R.indices)} of {x.shape[1]} traces, noise": R.T @ b,
        f"Curvelets, SPGL1: {found['curvelets']:.1f} dB": filled,
        f"Linear interpolation: {found['linear']:.1f} dB": results["linear"],
        f"All traces, {found['noisy']:.1f} dB, thresholded: {found['denoised']:.1f} dB": results["denoised"],
        "True less curvelets": x - filled,
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, shots, panels)
    print(f"SPGL1: {int(solution.steps)} steps. {solution.reason}")
    print(", ".join(f"{name} {value:.1f} dB" for name, value in found.items()), f"figure in {args.output}", sep="; ")
    return found


if __name__ == "__main__":
    main()
