"""Reverse-time migration over tilted transverse isotropy, with and without it.

    python examples/tti_rtm.py                                  # a built-in model with faults and salt
    python examples/tti_rtm.py --model overthrust2d.npz         # any model file with vp, spacing, origin

Data are modelled in a medium whose symmetry axis stands across the layers, and whose Thomsen parameters grow with
velocity (both made up from the model). They are migrated in the smooth medium twice: with its anisotropy, and as if it
were isotropic, which puts reflectors in wrong places and blurs them.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter, laplace

import jaxseis as js
from jaxseis import datasets, io, plotting

SHAPE, SPACING = (251, 111), 16.0  # nodes along (x, z); metres
SHOTS, AT_ONCE, DURATION, STEP, PEAK = 16, 4, 2000.0, 4.0, 12.0  # ms, ms, Hz
EPSILON, DELTA, SMOOTHING = 0.22, 0.10, 5  # largest Thomsen parameters; cells, of the background


def anisotropy(vp):
    """Thomsen's epsilon and delta, in proportion to how much faster than water the rock is, and the axis' tilt: across
    the layers, as far as their dip shows after smoothing."""
    smooth = gaussian_filter(vp.astype(float), 6)
    x, z = np.gradient(smooth)
    dip = np.arctan2(x, np.maximum(z, 1e-3 * np.abs(z).max()))
    share = gaussian_filter(np.clip((vp - 1.5) / (vp.max() - 1.5), 0, 1).astype(float), 3)
    theta = np.clip(gaussian_filter(dip, 6), -np.radians(60), np.radians(60))
    return {"epsilon": EPSILON * share, "delta": DELTA * share, "theta": theta}


def medium(vp, thomsen):
    """A medium of constant density."""
    values = {"m": vp.astype(float) ** -2, "buoyancy": np.ones(vp.shape)} | thomsen
    return js.Medium(**{name: jnp.asarray(value, float) for name, value in values.items()})


def experiment(grid, vmax, shots, time):
    """Shots and receivers along the surface."""
    A = js.WaveEquation(grid, js.TTI(), time, max_velocity=vmax)
    near = grid.origin[1] + 2 * grid.spacing[1]
    x = grid.coordinates("x")
    sources = js.Geometry(x=jnp.linspace(float(x[0]) + 100.0, float(x[-1]) - 100.0, shots), z=near)
    return js.Modeling(A, sources, js.Geometry.spread(x=x, z=near))


@jax.jit
def migrated(F, background, reflections, q):
    """The image of some shots: minus the gradient of the misfit, in squared slowness alone."""
    return (F.jacobian(background, q, js.InMemory()).T @ reflections).m


def migrate(F, true, backgrounds, q, show):
    """The images in each background, of the reflections that the TTI one leaves."""
    images = dict.fromkeys(backgrounds, 0)
    model = jax.jit(lambda F, m: F(m) @ q)
    for first in js.progress(range(0, F.shots, AT_ONCE), "migration", show):
        some = F[first : first + AT_ONCE]
        reflections = model(some, true) - model(some, backgrounds["TTI"])
        for name, background in backgrounds.items():
            images[name] = images[name] + migrated(some, background, reflections, q)
    return {name: np.asarray(image) for name, image in images.items()}


def filtered(grid, vp, start, images):
    """The Laplacians of the images, scaled by depth, and of the perturbation that made them; nothing in the water."""
    depth, rock = grid.coordinates("z") - grid.origin[1], vp > 1.001 * vp.min()
    perturbation = gaussian_filter(vp.astype(float) ** -2 - start.astype(float) ** -2, 2)
    shown = {name: np.where(rock, -laplace(image, mode="nearest") * depth, 0) for name, image in images.items()}
    return shown, np.where(rock, -laplace(perturbation), 0)


def draw(path, grid, vp, thomsen, reflectors, images):
    """The medium above, both images below."""
    figure, axes = plt.subplots(3, 2, figsize=(13, 9), layout="constrained")
    plotting.velocity(vp, grid, axes[0, 0], title="Velocity")
    plotting.velocity(thomsen["epsilon"], grid, axes[0, 1], label="", title=r"$\epsilon$, and the axis of symmetry")
    every = max(1, grid.shape[1] // 10)
    x, z = (grid.coordinates(a)[::every] / 1000 for a in "xz")
    theta = thomsen["theta"][::every, ::every].T
    axes[0, 1].quiver(x, z, np.sin(theta), np.cos(theta), angles="xy", color="w", width=0.002, pivot="mid", headwidth=0)
    plotting.velocity(np.degrees(thomsen["theta"]), grid, axes[1, 0], label="degrees", title="Tilt")
    pictures = {"Reflectors (Laplacian of the model)": reflectors} | {
        f"{name} migration": image for name, image in images.items()
    }
    for ax, (title, image) in zip((axes[1, 1], *axes[2]), pictures.items(), strict=True):
        plotting.perturbation(image, grid, ax, clip=98, colorbar=False, title=title)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Migrate twice and draw; returns how well each image correlates with the reflectors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="npz file with vp, spacing, origin")
    parser.add_argument("--output", type=Path, default=Path("output/tti_rtm.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE, help="of the built-in model")
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--peak", type=float, default=PEAK, help="peak frequency, Hz")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(argv)

    if args.model:
        grid, arrays = io.load_model(args.model)
        vp = arrays["vp"]
    else:
        grid = js.Grid(args.shape, SPACING)
        vp = datasets.faulted_layers_with_salt(grid)
    thomsen, start = anisotropy(vp), datasets.smooth(vp, SMOOTHING)
    time = js.TimeAxis(args.duration, STEP)
    F = experiment(grid, 1.05 * float(vp.max()) * np.sqrt(1 + 2 * EPSILON), args.shots, time)
    none = {name: np.zeros(grid.shape) for name in thomsen}
    backgrounds = {"TTI": medium(start, thomsen), "Isotropic": medium(start, none)}
    raw = migrate(F, medium(vp, thomsen), backgrounds, js.ricker(time, js.hertz(args.peak)), not args.quiet)

    images, reflectors = filtered(grid, vp, start, raw)
    deep = np.s_[15:-15, grid.shape[1] // 3 : -8]
    likeness = {name: float(np.corrcoef(x[deep].ravel(), reflectors[deep].ravel())[0, 1]) for name, x in images.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, vp, thomsen, reflectors, images)
    found = ", ".join(f"{name} {value:.2f}" for name, value in likeness.items())
    print(f"correlation with the reflectors below a third of the depth: {found}; figure in {args.output}")
    return likeness


if __name__ == "__main__":
    main()
