"""Elastic full-waveform inversion for P velocity, S velocity and density together.

    python examples/elastic_fwi.py                          # a built-in model with faults and salt
    python examples/elastic_fwi.py --model marmousi2.npz    # a crop of a model file with vp, vs, rho

Explosions and two-component receivers near the top; L-BFGS-B of SciPy on smooth relative changes of all
three parameters, from low to high frequencies. Draws true, starting and inverted models.
"""

import argparse
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.optimize import minimize

import jaxseis as js
from jaxseis import datasets, io, plotting

SHAPE, SPACING, SMOOTHING = (131, 71), 20.0, 7  # nodes along (x, z); metres; cells
SHOTS, DURATION, STEP, PEAK = 10, 1800.0, 5.0, 5.0  # ms, ms, Hz
CORNERS, ITERATIONS = (3.0, 5.0, 8.0), 20  # Hz, of the bands; in each of them
LARGEST, FINEST = 0.2, 1.5  # relative change (S waves stay slower than P waves); smoothing of changes, cells
SCALE = {"vp": 1.0, "vs": 1.0, "rho": 0.15}  # density changes less, and shows less
NAMES = {"vp": "vp (km/s)", "vs": "vs (km/s)", "rho": "density (g/cm³)"}
CROP, EVERY, SLOWEST = (5500.0, 8500.0, 1300.0, 2900.0), 2, 0.9  # m; nodes; km/s, of S waves


def built_in(shape):
    """Faulted layers with salt, without their water: vs by Castagna's mudrock line, density by Gardner's rule."""
    deeper = js.Grid((shape[0], int(1.1 * shape[1]) + 2), SPACING)  # the water is a twelfth of it
    vp = datasets.faulted_layers_with_salt(deeper)[:, -shape[1] :]
    vs = np.clip((vp - 1.36) / 1.16, SLOWEST, vp / 1.6)
    return js.Grid(shape, SPACING), {"vp": vp, "vs": vs, "rho": js.gardner(vp)}


def cropped(path, box, every):
    """A box (x0, x1, z0, z1 in metres) of a model, every so many nodes, with S waves that the grid can carry."""
    grid, arrays = io.load_model(path)
    x, z = (slice(*np.searchsorted(grid.coordinates(a), box[i : i + 2]), every) for a, i in (("x", 0), ("z", 2)))
    model = {name: arrays[name][x, z] for name in NAMES}
    if min(model["vp"].shape) < 20:
        raise SystemExit(f"--crop {box} holds {model['vp'].shape} nodes of {path}, which ends at {grid.extent} m.")
    model["vs"] = np.clip(model["vs"], SLOWEST, model["vp"] / 1.5)
    return js.Grid(model["vp"].shape, tuple(every * h for h in grid.spacing)), model


def experiment(grid, model, shots, duration):
    """Explosions, and receivers of both components of velocity."""
    time, h = js.TimeAxis(duration, STEP), grid.spacing[1]
    A = js.WaveEquation(grid, js.Elastic(), time, max_velocity=1.3 * float(model["vp"].max()))
    x = grid.coordinates("x")
    sources = js.Geometry(x=jnp.linspace(float(x[3]), float(x[-4]), shots), z=h)
    receivers = js.Geometry.spread(x=x[1:-1], z=2 * h)
    return js.Modeling(A, js.Projection(sources, A, js.Dilatation()), js.Projection(receivers, A, js.Velocity("xz")))


def lowpass(x, step, corner, axis):
    """Zero-phase low-pass by a Gaussian of half power at ``corner`` (kHz)."""
    size = 2 * x.shape[axis]
    response = jnp.exp(-0.5 * np.log(2) * (np.fft.rfftfreq(size, step) / corner) ** 2)
    shaped = response.reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    filtered = jnp.fft.irfft(jnp.fft.rfft(x, size, axis) * shaped, size, axis)
    return jax.lax.slice_in_dim(filtered, 0, x.shape[axis], axis=axis).astype(x.dtype)


def medium(x, start, smoothing):
    """The starting medium times the exponential of relative changes: smooth, and none at the sources and receivers."""
    along, down = smoothing
    return js.Medium(**{name: start[name] * jnp.exp(SCALE[name] * along @ x[name] @ down.T) for name in NAMES})


def smoother(shape):
    """Matrices that smooth along x, and along z with a taper at the top."""
    along, down = (gaussian_filter1d(np.eye(n), FINEST, mode="nearest") for n in shape)
    taper = np.clip((np.arange(shape[1]) - 2) / 8, 0, 1)
    return jnp.asarray(along, jnp.float32), jnp.asarray(taper[:, None] * down, jnp.float32)


def invert(F, q, observed, start, iterations, show=True):
    """The inverted model, and the misfit of each iteration relative to the first of its band."""
    smoothing, step = smoother(F.wave.grid.shape), F.wave.time.step
    flat, unravel = ravel_pytree({name: jnp.zeros(F.wave.grid.shape, jnp.float32) for name in NAMES})
    x, history = np.asarray(flat, float), []

    @jax.jit
    def value_and_grad(phi, x):
        return jax.value_and_grad(lambda x: phi(medium(unravel(x), start, smoothing)))(x)

    for corner in map(js.hertz, CORNERS):
        phi = js.FWI(F, lowpass(q, step, corner, 0), lowpass(observed, step, corner, 1))
        with js.progress(iterations, f"up to {1000 * corner:g} Hz", show) as bar:
            x = lbfgs(partial(value_and_grad, phi), x, iterations, history, bar)
    found = medium(unravel(jnp.asarray(x, jnp.float32)), start, smoothing)
    return {name: np.asarray(getattr(found, name)) for name in NAMES}, history


def lbfgs(value_and_grad, x, iterations, history, bar):
    """SciPy's L-BFGS-B from x, in double precision; the misfit is relative to that at x."""
    scale = 1 / float(value_and_grad(x.astype(np.float32))[0])

    def scaled(x):
        value, g = value_and_grad(x.astype(np.float32))
        return scale * float(value), scale * np.asarray(g, float)

    def report(intermediate_result):
        history.append(float(intermediate_result.fun))
        bar.step(misfit=history[-1])

    options = {"maxiter": iterations, "maxcor": 10}
    box = [(-LARGEST, LARGEST)] * x.size
    return minimize(scaled, x, jac=True, method="L-BFGS-B", bounds=box, callback=report, options=options).x


def draw(path, grid, model, start, final, errors):
    """Each parameter in a column: truth, start and result."""
    figure, axes = plt.subplots(4, 3, figsize=(15, 11), layout="constrained")
    for column, (name, label) in zip(axes.T, NAMES.items(), strict=True):
        limits = (float(model[name].min()), float(model[name].max()))
        for ax, values, title in zip(column, (model, start, final), ("True", "Start", "Inverted"), strict=False):
            error = {"Start": 0, "Inverted": 1}.get(title)
            title = f"{title} {name}" + ("" if error is None else f", error {100 * errors[name][error]:.1f} %")
            plotting.velocity(values[name], grid, ax, limits=limits, label=label, title=title)
        middle, depth = grid.shape[0] // 2, grid.coordinates("z") / 1000
        for values, style in ((model, "k"), (start, "b--"), (final, "r")):
            column[3].plot(depth, values[name][middle], style)
        column[3].set(xlabel="depth (km)", ylabel=label, title="Middle of the model")
    axes[3, 0].legend(["true", "start", "inverted"])
    figure.savefig(path, dpi=90)


def main(argv=None):
    """Invert and draw; returns the relative errors of each parameter at the start and at the end, and the misfit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="npz file with vp, vs, rho, spacing, origin")
    parser.add_argument(
        "--crop", type=float, nargs=4, default=CROP, metavar=("X0", "X1", "Z0", "Z1"), help=f"of it, m, {CROP}"
    )
    parser.add_argument("--every", type=int, default=EVERY, help="of its nodes")
    parser.add_argument("--output", type=Path, default=Path("output/elastic_fwi.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE, help="of the built-in model")
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="in each band")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    args = parser.parse_args(argv)

    grid, model = cropped(args.model, args.crop, args.every) if args.model else built_in(tuple(args.shape))
    model = {name: np.asarray(value, np.float32) for name, value in model.items()}
    start = {name: gaussian_filter(value, SMOOTHING, mode="nearest") for name, value in model.items()}
    F = experiment(grid, model, args.shots, args.duration)
    q = js.ricker(F.wave.time, js.hertz(PEAK))
    observed = F(js.Medium(**model)) @ q
    final, history = invert(F, q, observed, start, args.iterations, not args.quiet)
    size = lambda x: float(np.linalg.norm(x))  # noqa: E731
    errors = {k: [size(m[k] - v) / size(v) for m in (start, final)] for k, v in model.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, model, start, final, errors)
    for name, (before, after) in errors.items():
        print(f"{name}: relative error {before:.4f} at the start, {after:.4f} at the end")
    print(f"figure in {args.output}")
    return errors, history


if __name__ == "__main__":
    main()
