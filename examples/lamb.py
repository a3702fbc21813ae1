"""Lamb's problem: a vertical force at the surface of an elastic half space, beside the exact solution.

    python examples/lamb.py

Draws a snapshot of the horizontal displacement (P, S, the head wave between them, and the Rayleigh wave at the
surface) and both components of receivers at the surface, with what theory says; prints the relative errors.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import plotting

VP, VS, RHO, PEAK = 2.0, 2 / 3**0.5, 1.5, 10.0  # km/s, km/s, g/cm^3, Hz
POINTS, DISTANCES = 20, (2, 4, 6)  # nodes per S wavelength at the peak frequency; S wavelengths
COMPONENTS = {"x": "Horizontal", "z": "Vertical"}


def half_space(force, component, q, dt, x, z, vp=VP, vs=VS, rho=RHO):
    """A displacement (receiver, time) at offsets x and depth z from a line force q(t) at the surface, per unit of
    force and length; km/s, ms, g/cm^3 (Aki and Richards, Quantitative Seismology, 2002, section 6.2).

    A sum over wavenumbers k at frequencies w - i e: sources repeat so far apart that they are not felt, and
    wavenumbers far above those of the waves are faded out.
    """
    n = 4 * len(q)
    decay = 6 / (n * dt) * dt * np.arange(n)
    w = 2 * np.pi * np.fft.rfftfreq(n, dt) - 6j / (n * dt)
    spectrum = np.fft.rfft(np.pad(q, (0, n - len(q))) * np.exp(-decay))
    mu, last = rho * vs**2, 4 * w[np.abs(spectrum) > 1e-9 * np.abs(spectrum).max()][-1].real / vs
    repeat = vp * n * dt + 2 * x.max()
    k = 2 * np.pi / repeat * np.arange(-int(0.22 * last * repeat), int(0.22 * last * repeat) + 1)
    waves = np.exp(-1j * np.outer(k, x) - (k[:, None] / last) ** 8) / repeat
    u = np.zeros((len(x), len(w)), complex)
    fx, fz = (float(force == axis) for axis in "xz")
    for i in np.flatnonzero(w.real / vs < last / 4):
        p, s = np.sqrt(k**2 - (w[i] / vp) ** 2), np.sqrt(k**2 - (w[i] / vs) ** 2)
        d = 2 * k**2 - (w[i] / vs) ** 2
        rayleigh = mu * (d**2 - 4 * k**2 * p * s)
        phi = -(2j * k * s * fx + d * fz) / rayleigh * np.exp(-p * z)
        psi = (d * fx - 2j * k * p * fz) / rayleigh * np.exp(-s * z)
        u[:, i] = spectrum[i] * ((-1j * k * phi + s * psi if component == "x" else -p * phi - 1j * k * psi) @ waves)
    return (np.fft.irfft(u, n) * np.exp(decay))[:, : len(q)]


def experiment(points):
    """The wave equation, the force, and how far away each receiver is; the force acts at x = 0."""
    h = VS / js.hertz(PEAK) / points
    reach, beside = max(DISTANCES) * points, 2 * points
    grid = js.Grid((reach + 2 * beside, 4 * points), h, origin=(-beside * h, 0.0))
    time = js.TimeAxis(h * reach / (0.85 * VS) + 2500 / PEAK, 1.0)
    options = {"correct_dispersion": True, "free_surface": True, "interpolation": js.Sinc()}
    A = js.WaveEquation(grid, js.Elastic(), time, VP, absorbing=js.PML(20), **options)
    return A, js.Projection(js.Geometry(x=[0.0], z=0.0), A, js.Displacement("z")), h * points * np.array(DISTANCES)


def main(argv=None):
    """Model, compare and draw; returns the relative errors by component, one for each receiver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/lamb.png"))
    parser.add_argument("--points", type=int, default=POINTS, help="nodes per S wavelength at the peak frequency")
    args = parser.parse_args(argv)

    A, force, x = experiment(args.points)
    q = js.ricker(A.time, js.hertz(PEAK), delay=1500 / PEAK)
    constant = {"vp": VP, "vs": VS, "rho": RHO}
    medium = js.Medium(**{name: jnp.full(A.grid.shape, value) for name, value in constant.items()})
    receivers = js.Projection(js.Geometry.spread(x=x, z=0.0), A, js.Displacement("xz"))
    field = A(medium).inv @ force.T
    found = np.asarray((receivers @ field @ q)[0]).transpose(2, 1, 0)
    cell = np.prod(A.grid.spacing)  # a point source is a unit weight on the grid
    theory = [cell * half_space("z", c, np.asarray(q, float), A.time.step, x, 0.0) for c in COMPONENTS]
    errors = {
        c: np.linalg.norm(u - exact, axis=1) / np.linalg.norm(exact, axis=1)
        for c, u, exact in zip(COMPONENTS, found, theory, strict=True)
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, A, np.asarray((field @ q)[0, int(0.6 * A.time.size)]), x, found, theory)
    for c, values in errors.items():
        print(f"{COMPONENTS[c].lower()}: errors of " + ", ".join(f"{100 * e:.1f} %" for e in values))
    return errors


def draw(path, A, snapshot, x, found, theory):
    """The snapshot above, the traces below."""
    figure, axes = plt.subplot_mosaic([["field"] * 2, ["x", "z"]], figsize=(12, 9), layout="constrained")
    plotting.perturbation(snapshot, A.grid, axes["field"], clip=99.5, title="Horizontal displacement", colorbar=False)
    axes["field"].plot(0, 0, "k*", markersize=14, clip_on=False)
    axes["field"].plot(x / 1000, 0 * x, "kv", clip_on=False)
    for (c, name), u, exact in zip(COMPONENTS.items(), found, theory, strict=True):
        for i, (a, b) in enumerate(zip(exact, u, strict=True)):
            size = 2.2 * np.abs(exact[i]).max()
            axes[c].plot(A.time.values, i + a / size, "k", linewidth=2.5, label="exact" if i == 0 else None)
            axes[c].plot(A.time.values, i + b / size, "r--", linewidth=1.2, label="jaxseis" if i == 0 else None)
        axes[c].set(title=f"{name} displacement at the surface", xlabel="Time (ms)", ylabel="Distance (S wavelengths)")
        axes[c].set_yticks(range(len(x)), [str(d) for d in DISTANCES])
    axes["x"].legend(loc="upper left")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
