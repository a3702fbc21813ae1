"""Wavefronts of a point source in an isotropic, an elliptical, a layered (VTI) and a tilted (TTI) medium.

    python examples/impulse_response.py

Draws a snapshot of each pressure field, and on it where the exact group velocity puts the P wave.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import plotting

VP, PEAK = 2.5, 20.0  # km/s, Hz
MEDIA = {"isotropic": (0.0, 0.0), "elliptical": (0.2, 0.2), "VTI": (0.25, 0.05), "TTI": (0.25, 0.05)}
"""Thomsen's epsilon and delta."""
TILT = np.radians(35.0)


def wavefront(epsilon, delta, shear):
    """Group velocity (km/s) of P waves along (x, z), from the Christoffel equation (Thomsen 1986)."""
    phase = np.linspace(0, 2 * np.pi, 1441)
    x, z, f = np.sin(phase) ** 2, np.cos(phase) ** 2, 1 - shear**2
    a, b = (1 + 2 * epsilon) * x + (1 - f) * z, (1 - f) * x + z
    v = VP * np.sqrt((a + b + np.sqrt((a - b) ** 2 + 4 * f * (f + 2 * delta) * x * z)) / 2)
    slope = np.gradient(v, phase)
    return v * np.sin(phase) + slope * np.cos(phase), v * np.cos(phase) - slope * np.sin(phase)


def snapshot(grid, epsilon, delta, tilt, duration):
    """The pressure (x, z) at the end, of a source in the middle; and the time since the wavelet's peak, ms."""
    time, delay = js.TimeAxis(duration, 5.0), 1.5e3 / PEAK
    equation = js.TTI() if tilt else js.VTI()
    A = js.WaveEquation(grid, equation, time, 1.05 * VP * np.sqrt(1 + 2 * epsilon), correct_dispersion=True)
    source = js.Projection(js.Geometry(x=[0.0], z=0.0), A)
    constant = {"m": VP**-2, "buoyancy": 1.0, "epsilon": epsilon, "delta": delta} | ({"theta": tilt} if tilt else {})
    medium = js.Medium(**{name: jnp.full(grid.shape, value) for name, value in constant.items()})
    field = A(medium).inv @ source.T @ js.ricker(time, js.hertz(PEAK), delay=delay)
    return np.asarray(field[0, -1]), time.values[-1] - delay


def draw(path, grid, pictures):
    """The snapshots side by side, each with its exact wavefront."""
    figure, axes = plt.subplots(1, len(pictures), figsize=(4.2 * len(pictures), 4.6), layout="constrained", sharey=True)
    for ax, (name, (field, t)) in zip(axes, pictures.items(), strict=True):
        epsilon, delta = MEDIA[name]
        title = rf"{name}: $\epsilon$ = {epsilon:g}, $\delta$ = {delta:g}"
        plotting.perturbation(field, grid, ax, title=title, label="pressure", colorbar=False)
        x, z = wavefront(epsilon, delta, js.VTI().shear)
        c, s = (np.cos(TILT), np.sin(TILT)) if name == "TTI" else (1.0, 0.0)
        x, z = c * x + s * z, c * z - s * x
        ax.plot(x * t / 1000, z * t / 1000, "r--", linewidth=1, label="group velocity")
        ax.label_outer()
    axes[0].legend(loc="lower left")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Model the snapshots and draw them; returns them by name with the grid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/impulse_response.png"))
    parser.add_argument("--nodes", type=int, default=321, help="nodes along each axis, 10 m apart")
    parser.add_argument("--duration", type=float, default=500.0, help="time of the snapshot, ms")
    args = parser.parse_args(argv)

    middle = -10.0 * (args.nodes // 2)
    grid = js.Grid((args.nodes, args.nodes), 10.0, origin=(middle, middle))
    tilts = dict.fromkeys(MEDIA, 0.0) | {"TTI": TILT}
    pictures = {name: snapshot(grid, *MEDIA[name], tilts[name], args.duration) for name in MEDIA}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, pictures)
    print(f"snapshots at {args.duration:g} ms; figure in {args.output}")
    return grid, pictures


if __name__ == "__main__":
    main()
