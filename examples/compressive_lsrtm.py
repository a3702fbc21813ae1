"""Compressive least-squares migration: a few random shots in each iteration, and an image sparse in curvelets.

    python examples/compressive_lsrtm.py [--model overthrust2d.npz]

Looks for the perturbation dm = M x of squared slowness whose Born data fit those of a survey,

    min lambda |C x|_1 + 1/2 |C x|^2   subject to   W J M x = W d

by the linearized Bregman method, with other shots in each iteration: J stands for a random subset, W integrates by
half an order in time, M is zero in the water and grows with depth, C are curvelets. Plain least-squares migration, LSQR
on all shots with the same W and M, is stopped when it has solved as many wave equations. The data are Born data, so
that the error of the model can be told.

Herrmann, Tu and Esser, EAGE (2015); Yang, Witte, Fang and Herrmann, Geophysics 85 (2020).
"""

import argparse
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis import datasets, io, plotting
from jaxseis.operators import FFT, Curvelet, Diagonal
from jaxseis.solvers import Host, LinearizedBregman, SketchedSystem, lsqr, solve

SHAPE, SPACING = (201, 101), 20.0  # nodes along (x, z), metres, of the built-in model
SHOTS, PASSES, BATCH = 32, 4, 4
DURATION, STEP, PEAK, SMOOTHING = 2400.0, 4.0, 8.0, 6  # ms, Hz, cells
SCALES, QUANTILE = 4, 0.95


def velocities(path, shape):
    """Grid, true velocity and background."""
    if path is None:
        grid = js.Grid(shape=shape, spacing=SPACING)
        vp = datasets.faulted_layers_with_salt(grid)
        return grid, vp, datasets.smooth(vp, SMOOTHING)
    grid, arrays = io.load_model(path)
    return grid, arrays["vp"], arrays.get("vp_smooth", datasets.smooth(arrays["vp"], SMOOTHING))


def experiment(grid, vmax, shots, duration):
    """Modelling operator and wavelet: shots and receivers along the surface."""
    time = js.TimeAxis(duration=duration, step=STEP)
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=vmax)
    x0, x1 = grid.origin[0], grid.origin[0] + grid.extent[0]
    sources = js.Geometry(x=jnp.linspace(x0 + 50.0, x1 - 50.0, shots), z=grid.origin[1] + 50.0)
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=grid.origin[1] + 50.0)
    return js.Modeling(A, sources, receivers), js.ricker(time, js.hertz(PEAK))


def half_integration(d):
    """Data integrated by half an order in time, which evens out the weight of frequencies in two dimensions."""
    F = FFT(d, axes=1)
    frequency = np.maximum(np.fft.rfftfreq(d.shape[1]), 0.5 / d.shape[1])
    weights = jnp.asarray((1j * frequency / frequency[-1]) ** -0.5, F.out_structure().dtype)
    return F.H @ Diagonal(weights[:, None], F.out_structure()) @ F


class RandomShots(eqx.Module):
    """In step k the k-th batch of the survey, which is shuffled anew in every pass."""

    J: js.Jacobian
    M: js.LinearOperator
    d: jax.Array
    key: jax.Array
    batch: int = eqx.field(static=True)

    def __call__(self, _, step):
        # the key that is passed in is another one in each step; the steps of a pass share an order
        per_pass = len(self.d) // self.batch
        order = jax.random.permutation(jax.random.fold_in(self.key, step // per_pass), len(self.d))
        shots = jax.lax.dynamic_slice_in_dim(order, step % per_pass * self.batch, self.batch)
        W = half_integration(self.d[: self.batch])
        return W @ self.J[shots] @ self.M, W @ self.d[shots]


def plain(J, M, d, passes, watch):
    """LSQR on all shots: one pass over the survey is one step."""
    W = half_integration(d)
    return lsqr(W @ J @ M, W @ d, max_steps=passes, driver=Host(watch, "plain")).value


def compressive(J, M, d, passes, batch, watch):
    """The linearized Bregman method on random shots: one pass is ``shots / batch`` steps."""
    C = Curvelet(M.in_structure(), scales=SCALES)
    key = jax.random.key(0)
    problem = SketchedSystem(RandomShots(J, M, d, key, batch), key, transform=C)
    solver = LinearizedBregman(quantile=QUANTILE)
    return solve(problem, solver, max_steps=passes * len(d) // batch, driver=Host(watch, "compressive")).value


def draw(path, grid, images, errors):
    """The images, and the error of the model over passes."""
    figure, axes = plt.subplots(2, 2, figsize=(13, 6), layout="constrained")
    for ax, (title, x) in zip(axes.flat, images.items(), strict=False):
        clip = float(np.percentile(np.abs(images["True perturbation"]), 99))
        plotting.perturbation(x, grid, ax, label="s²/km²", title=title)
        ax.images[0].set_clim(-clip, clip)
    for name, (passes, values) in errors.items():
        axes[1, 1].plot(passes, values, marker=".", label=name)
    axes[1, 1].set(xlabel="passes over the survey", ylabel="relative error of the model", ylim=(0, 1.05))
    axes[1, 1].grid(color="0.9")
    axes[1, 1].legend(frameon=False)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Migrate both ways and draw; returns the final errors of the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/compressive_lsrtm.png"))
    parser.add_argument("--model", type=Path, help="a model file with vp; a built-in one by default")
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--passes", type=int, default=PASSES, help="over the survey")
    parser.add_argument("--batch", type=int, default=BATCH, help="shots in an iteration")
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    args = parser.parse_args(argv)

    grid, vp, background = velocities(args.model, args.shape)
    F, q = experiment(grid, 1.05 * float(vp.max()), args.shots, args.duration)
    rock = jnp.asarray(vp > 1.001 * vp.min())
    m0 = js.squared_slowness(background)
    dm = jnp.where(rock, js.squared_slowness(vp) - m0, 0).astype(F.wave.dtype)
    J = F.jacobian(m0, q, js.InMemory())  # wavefields at the Nyquist rate: J.T is accurate to 1e-3 or so
    depth = grid.coordinates("z") - grid.origin[1]
    M = Diagonal(jnp.where(rock, jnp.sqrt(depth / grid.extent[1]), 0).astype(dm.dtype))
    d = jnp.concatenate([J[i : i + args.batch] @ dm for i in range(0, args.shots, args.batch)])

    errors, images = {}, {"True perturbation": dm}

    def watched(name, per_pass):
        passes, values = errors.setdefault(name, ([0.0], [1.0]))

        def watch(step, x, _):
            passes.append(step / per_pass)
            values.append(float(jnp.linalg.norm(M @ x - dm) / jnp.linalg.norm(dm)))

        return watch

    images["Plain"] = M @ plain(J, M, d, args.passes, watched("plain, all shots", 1))
    watch = watched(f"compressive, {args.batch} random shots", args.shots // args.batch)
    images["Compressive"] = M @ compressive(J, M, d, args.passes, args.batch, watch)
    final = {name: values[-1] for name, (_, values) in errors.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, grid, {name: np.asarray(x) for name, x in images.items()}, errors)
    told = ", ".join(f"{name}: error {e:.1%}" for name, e in final.items())
    print(f"{told}, after {args.passes} passes; figure in {args.output}")
    return list(final.values())


if __name__ == "__main__":
    main()
