"""Full-waveform inversion from low to high frequencies: Adam with box projection, then L-BFGS.

    python examples/fwi.py                                   # a built-in model with faults and salt
    python examples/fwi.py --model overthrust2d.npz          # any model file with vp, spacing, origin

Every band is the same low-pass filter on the wavelet and on the data, so the same loop would run on
field data. Draws velocities, a gather and the misfit; prints the model error below the water.
"""

import argparse
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

import jaxseis as js
from jaxseis import datasets, io, plotting
from jaxseis.preconditioners import lowpass

CORNERS = (3.0, 5.0, 8.0, 12.0)  # Hz, of the bands
ADAM_STEPS, LBFGS_STEPS, BATCH = 12, 12, 8


def load(path, shape):
    """The true model, the start and the grid."""
    if path is None:
        grid = js.Grid(shape=shape, spacing=25.0)
        vp = datasets.faulted_layers_with_salt(grid)
        return grid, vp, datasets.smooth(vp, 12)
    grid, arrays = io.load_model(path)
    return grid, arrays["vp"], arrays.get("vp_smooth", datasets.smooth(arrays["vp"], 12))


def experiment(grid, vp, shots, duration):
    """Wave equation, modelling operator and wavelet: sources and receivers along the surface."""
    time = js.TimeAxis(duration=duration, step=4.0)
    equation = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=1.1 * float(vp.max()))
    x0, x1 = grid.origin[0], grid.origin[0] + grid.extent[0]
    sources = js.Geometry(x=jnp.linspace(x0 + 100.0, x1 - 100.0, shots), z=grid.origin[1] + 25.0)
    receivers = js.Geometry.spread(x=jnp.linspace(x0, x1, grid.shape[0]), z=grid.origin[1] + 50.0)
    return js.Modeling(equation, sources, receivers), js.ricker(time, js.hertz(6.0))


def invert(F, q, observed, m, box, free, steps, batch, show=True):
    """One model per band, and the misfit of every step relative to the first of its band."""
    low, high = box

    def project(m):
        return jnp.where(free, jnp.clip(m, low, high), m)

    @jax.jit
    def value_and_grad(phi, m):
        value, g = phi.value_and_grad(m)
        return value, jnp.where(free, g, 0)

    history, models = [], []
    batches = js.shot_batches(jax.random.key(0), F.shots, min(batch, F.shots))
    for band, corner in enumerate(CORNERS):
        step, kilohertz = F.wave.time.step, js.hertz(corner)
        phi = js.FWI(F, lowpass(q, step, kilohertz, axis=0), lowpass(observed, step, kilohertz, axis=1))
        scale = 1 / float(phi(m))
        with js.progress(steps[0] + steps[1], f"up to {corner:g} Hz", show) as bar:
            m = adam(phi, value_and_grad, project, m, steps[0], 8e-3 / 2**band, batches, scale, history, bar)
            m = lbfgs(phi, value_and_grad, project, m, steps[1], scale, history, bar)
        models.append(m)
    return models, history


def adam(phi, value_and_grad, project, m, steps, rate, batches, scale, history, bar):
    """Stochastic Adam on random batches of shots; cells that the data hardly see move little (large eps)."""
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, max(steps, 1), alpha=0.1), eps=0.1)
    state, largest = optimizer.init(m), None
    for _ in range(steps):
        shots = next(batches)
        value, g = value_and_grad(phi[shots], m)
        largest = largest or float(jnp.abs(g).max())
        update, state = optimizer.update(g / largest, state)
        m = project(optax.apply_updates(m, update))
        history.append(float(value) * scale * phi.observed.shape[0] / len(shots))
        bar.step(misfit=history[-1])
    return m


def lbfgs(phi, value_and_grad, project, m, steps, scale, history, bar):
    """L-BFGS on all shots with a backtracking line search, projected."""
    optimizer = optax.lbfgs(memory_size=6, linesearch=None)
    state = optimizer.init(m)
    value, g = value_and_grad(phi, m)
    for first in range(steps):
        direction, state = optimizer.update(g, state, m)
        length = 1.0 if first > 0 else 0.02 * float(jnp.abs(m).max() / jnp.abs(direction).max())
        for _ in range(6):
            trial = project(m + length * direction)
            new_value, new_g = value_and_grad(phi, trial)
            if new_value < value:
                m, value, g = trial, new_value, new_g
                break
            length /= 3
        history.append(float(value) * scale)
        bar.step(misfit=history[-1])
    return m


def error(m, vp, rock):
    """Relative L2 error of the velocity below the water."""
    v = np.asarray(js.velocity(m))
    return float(np.linalg.norm((v - vp)[rock]) / np.linalg.norm(vp[rock]))


def draw(path, grid, vp, start, final, F, predicted, observed, history, errors):
    """Velocities, data and misfit in one figure."""
    figure, axes = plt.subplots(3, 2, figsize=(12, 9.5), constrained_layout=True)
    limits = (float(vp.min()), float(vp.max()))
    for ax, v, title in zip(
        axes.flat,
        (vp, start, final, final - start),
        (
            "True velocity",
            f"Start, error {100 * errors[0]:.1f} %",
            f"Inverted, error {100 * errors[-1]:.1f} %",
            "Update",
        ),
        strict=False,
    ):
        if title == "Update":
            plotting.perturbation(v, grid, ax, label="km/s", title=title)
        else:
            plotting.velocity(v, grid, ax, limits=limits, title=title)
    plotting.geometry(F.sources.geometry, F.receivers.geometry, grid, axes[0, 0])
    middle = F.shots // 2
    plotting.compare_traces(
        observed[middle],
        predicted[middle],
        F.wave.time,
        F.receivers.geometry,
        axes[2, 0],
        title="Data of the middle shot",
    )
    plotting.misfit_curve(history, axes[2, 1], title="Misfit, each band relative to its start")
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Run the inversion and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="npz file with vp, spacing, origin and perhaps vp_smooth")
    parser.add_argument("--output", type=Path, default=Path("output/fwi.png"))
    parser.add_argument("--shots", type=int, default=None, help="number of sources")
    parser.add_argument("--duration", type=float, default=None, help="record length, ms")
    parser.add_argument("--steps", type=int, nargs=2, default=(ADAM_STEPS, LBFGS_STEPS), help="Adam and L-BFGS, a band")
    parser.add_argument("--shape", type=int, nargs=2, default=(151, 71), help="of the built-in model")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    args = parser.parse_args(argv)

    grid, vp, start = load(args.model, tuple(args.shape))
    shots = args.shots or (16 if args.model is None else 24)
    duration = args.duration or (2000.0 if args.model is None else 3200.0)
    F, q = experiment(grid, vp, shots, duration)
    observed = F(js.squared_slowness(vp)) @ q
    rock = vp > 1.05 * vp.min()
    m0 = js.squared_slowness(start)
    box = (1 / (1.09 * float(vp.max())) ** 2, 1 / float(vp.min()) ** 2)
    models, history = invert(F, q, observed, m0, box, jnp.asarray(rock), args.steps, BATCH, not args.quiet)
    errors = [error(m, vp, rock) for m in (m0, *models)]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    final = np.asarray(js.velocity(models[-1]))
    draw(args.output, grid, vp, start, final, F, F(models[-1]) @ q, observed, history, errors)
    print(
        f"relative model error below the water: {errors[0]:.4f} at the start, {errors[-1]:.4f} at the end "
        f"({100 * (1 - errors[-1] / errors[0]):.0f} % lower); figure in {args.output}"
    )
    args.output.with_suffix(".json").write_text(json.dumps({"errors": errors, "misfit": history}))
    return errors


if __name__ == "__main__":
    main()
