"""Flat layers from one shot gather: a network of 1994, one of today, and least squares.

    JAXSEIS_THREADS=1 python examples/layered_earths.py      # in shots so small a second thread gains nothing

After Roeth and Tarantola (J. Geophys. Res. 99 B4, 1994): eight layers of 200 m over a half-space, velocities drawn by
`datasets.layered_earth`; the unknowns are nine velocities, the data one common-shot gather.

1. Gathers of random earths, acoustic, with the direct wave: 20 receivers from 140 m on, 90 m apart, a Ricker wavelet of
   8 Hz, 271 samples of 8 ms, a grid of 12.5 m without a free surface. They are kept beside the figure for the next run.
2. Training, with fresh white noise in every step: the paper's network of one hidden layer with 25 sigmoids, and a
   residual network of convolutions over time.
3. Relative errors of the velocities, layer by layer, on noisy gathers of new earths: of the mean earth, of the
   networks, and, for some earths, of least squares: the nine velocities fitted to the gather by the method of Levenberg
   and Marquardt, below 4 Hz and then with all frequencies, from the mean earth and from what the network says.

Least squares have the exact physics, discretisation and wavelet, which no field gather offers.
"""

import argparse
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

import jaxseis as js
from jaxseis import plotting
from jaxseis.backbones import MLP, ResNet
from jaxseis.datasets import VelocityWalk, layered_earth, layered_section
from jaxseis.preconditioners import lowpass

PEAK, FIRST_BAND = 8.0, 4.0  # Hz
SHOT, NEAREST, APART = 300.0, 140.0, 90.0  # x of the shot, first offset and spacing of receivers, m
DEPTH = 20.0  # of shot and receivers, m
SLOWEST, FASTEST = 0.9, 4.2  # bounds of least squares, km/s
NOISE = 0.02  # white, of the root mean square of all gathers
SAMPLES, WINDOW = 3, 6  # taken as channels, and steps in a mean, of the residual network


def experiment(spacing, duration, receivers):
    """Modelling operator and wavelet."""
    grid = js.Grid((round(2500 / spacing) + 1, round(1800 / spacing) + 1), spacing)
    time = js.TimeAxis(duration, 8.0)
    wave = js.WaveEquation(grid, js.Acoustic(), time, FASTEST, differentiation="any", dtype="float32")
    offsets = NEAREST + APART * jnp.arange(receivers)
    F = js.Modeling(wave, js.Geometry(x=SHOT, z=DEPTH), js.Geometry.spread(x=SHOT + offsets, z=DEPTH))
    return F, js.ricker(time, js.hertz(PEAK)).astype(jnp.float32)


def gather(F, q, velocities):
    """The gather (time, receiver) of one earth."""
    return (F(js.squared_slowness(layered_section(velocities, F.wave.grid))) @ q)[0]


def one_by_one(function, rows, description, show):
    """``function`` of every row."""
    return np.stack([np.asarray(function(row)) for row in js.progress(rows, description, show)])


def draw_data(args, F, q):
    """Velocities (earth, layer) and gathers (earth, time, receiver); those of the last run if settings are the same."""
    path = args.output.with_name(f"{args.output.stem}_gathers.npz")
    survey = (PEAK, SHOT, NEAREST, APART, DEPTH, args.receivers)
    settings = repr((args.earths, args.test, VelocityWalk(), survey, F.wave))
    if path.exists() and str((kept := np.load(path))["settings"]) == settings:
        return kept["velocities"], kept["gathers"]
    keys = jax.random.split(jax.random.key(0), args.earths + args.test)
    velocities = np.asarray(jax.jit(jax.vmap(layered_earth))(keys), np.float32)
    gathers = one_by_one(jax.jit(partial(gather, F, q)), velocities, "modelling", not args.quiet)
    np.savez(path, settings=settings, velocities=velocities, gathers=gathers)
    return velocities, gathers


def standardising(gathers):
    """The map of gathers to themselves less their mean, over the deviation of signal and noise, sample by sample."""
    mean, deviation = gathers.mean(0), np.sqrt(gathers.var(0) + NOISE**2)
    return lambda x: (x - mean) / deviation


class OneHiddenLayer(nnx.Module):
    """The paper's network: gathers (n, time, receiver) to velocities through one layer of sigmoids, and one more."""

    def __init__(self, shape, layers, *, rngs):
        self.mlp = MLP(shape[0] * shape[1], layers, width=25, depth=1, activation=nnx.sigmoid, zero=False, rngs=rngs)

    def __call__(self, x):
        return 4.0 * nnx.sigmoid(self.mlp(x.reshape(len(x), -1)))


class ResidualNetwork(nnx.Module):
    """Convolutions over time, receivers and some samples at once being channels; means over windows; a linear layer."""

    def __init__(self, shape, layers, *, width, blocks, rngs):
        self.steps = shape[0] // (SAMPLES * WINDOW) * WINDOW
        sizes = {"space": 1, "width": width, "blocks": blocks, "kernel": 5}
        self.net = ResNet(SAMPLES * shape[1], width, **sizes, zero=False, rngs=rngs)
        self.last = nnx.Linear(self.steps // WINDOW * width, layers, rngs=rngs)

    def __call__(self, x):
        x = self.net(x[:, : self.steps * SAMPLES].reshape(len(x), self.steps, -1))
        means = x.reshape(len(x), self.steps // WINDOW, WINDOW, -1).mean(2)
        return 2.0 + self.last(nnx.gelu(means).reshape(len(x), -1))


def train(net, standardise, gathers, velocities, steps, rate, description, show):
    """The network after so many steps of AdamW, of 50 gathers with fresh noise, errors being over a layer's spread."""
    optimizer = optax.adamw(optax.cosine_onecycle_schedule(steps, rate), weight_decay=1e-2)
    gathers, velocities, spread = jnp.asarray(gathers), jnp.asarray(velocities), velocities.std(0)

    def loss(net, x, v):
        return jnp.mean(((net(standardise(x)) - v) / spread) ** 2)

    @jax.jit
    def some_steps(state, keys):
        def step(state, key):
            net, moments = state
            for_batch, for_noise = jax.random.split(key)
            rows = jax.random.choice(for_batch, len(gathers), (min(50, len(gathers)),), replace=False)
            noisy = gathers[rows] + NOISE * jax.random.normal(for_noise, gathers[rows].shape, gathers.dtype)
            value, gradient = jax.value_and_grad(loss)(net, noisy, velocities[rows])
            updates, moments = optimizer.update(gradient, moments, net)
            return (optax.apply_updates(net, updates), moments), value

        return jax.lax.scan(step, state, keys)

    state = net, optimizer.init(net)
    with js.progress(10, description, show) as bar:
        for keys in jax.random.split(jax.random.key(1), (10, steps // 10)):
            state, values = some_steps(state, keys)
            bar.step(loss=float(values.mean()))
    return state[0]


def bounded(x):
    """Velocities between the bounds."""
    return SLOWEST + (FASTEST - SLOWEST) * jax.nn.sigmoid(x)


def unbounded(v):
    """The inverse of that."""
    return jax.scipy.special.logit((v - SLOWEST) / (FASTEST - SLOWEST))


def inversion(F, q, steps):
    """(observed, start) -> velocities by least squares, first of low-passed data and then of all."""

    def residual(q, observed, x):
        return (gather(F, q, bounded(x)) - observed).ravel()

    r, J = jax.jit(residual), jax.jit(jax.jacfwd(residual, argnums=2))
    low = partial(lowpass, step=F.wave.time.step, corner=js.hertz(FIRST_BAND), axis=0)

    def run(case):
        observed, x = jnp.asarray(case[0]), unbounded(jnp.asarray(case[1]))
        for band in low, jnp.asarray:
            data = band(q), band(observed)
            x = levenberg_marquardt(partial(r, *data), partial(J, *data), x, steps)
        return bounded(x)

    return run


def levenberg_marquardt(residual, jacobian, x, steps, damping=0.1):
    """``min |r(x)|^2`` by steps (J.T J + damping D) dx = -J.T r, until one gains less than a hundredth."""
    r, J = residual(x), jacobian(x)
    for _ in range(steps):
        normal = J.T @ J
        seen = jnp.diag(normal) + 1e-4 * jnp.trace(normal)  # layers that the data do not see stay where they are
        trial = x - jnp.linalg.solve(normal + damping * jnp.diag(seen), J.T @ r)
        r_trial = residual(trial)
        gain = 1 - jnp.sum(r_trial**2) / jnp.sum(r**2)
        if gain <= 0:
            damping *= 5
            continue
        x, r, damping = trial, r_trial, damping / 5
        if gain < 0.01:
            break
        J = jacobian(x)
    return x


def learn(args, gathers, velocities, noisy):
    """What two trained networks find in the noisy gathers, by name."""
    standardise, found = standardising(gathers), {}
    shape, layers = gathers.shape[1:], velocities.shape[1]
    networks = {
        "network of 1994": (OneHiddenLayer(shape, layers, rngs=nnx.Rngs(0)), 3e-3),
        "residual network": (ResidualNetwork(shape, layers, width=args.width, blocks=4, rngs=nnx.Rngs(0)), 2e-3),
    }
    for (name, (net, rate)), steps in zip(networks.items(), args.steps, strict=True):
        net = train(net, standardise, gathers, velocities, steps, rate, name, not args.quiet)
        found[name] = np.asarray(jax.jit(net)(standardise(noisy)))
    return found


def invert(args, F, q, noisy, found):
    """What least squares find in the first of the noisy gathers, from two of the starts that were found, by name."""
    run, inverted = inversion(F, q, args.iterations), {}
    for start, name in (("mean earth", "least squares"), ("residual network", "least squares from the network")):
        cases = list(zip(noisy, np.clip(found[start], 1.0, 4.0), strict=True))[: args.inverted]
        inverted[name] = one_by_one(run, cases, name, not args.quiet)
    return inverted


def draw_figure(path, F, noisy, true, found, errors):
    """A gather, profiles of four earths, and errors by layer."""
    figure, axes = plt.subplots(2, 3, figsize=(12, 8), layout="constrained")
    title = "A gather, clipped, with noise"
    plotting.gather(noisy[0], F.wave.time, F.receivers.geometry, axes[0, 0], title=title, clip=90)
    colours = dict(zip(found, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=False))
    lines, depth = {"orientation": "horizontal", "baseline": None}, 200 * np.arange(true.shape[1] + 1)
    for i, ax in enumerate(axes.ravel()[1:5]):
        ax.stairs(true[i], depth, **lines, color="black", lw=2.5, label="true")
        for name, velocities in found.items():
            if i < len(velocities):
                ax.stairs(velocities[i], depth, **lines, color=colours[name], label=name)
        ax.set(xlabel="velocity (km/s)", ylabel="depth (m)", xlim=(0.9, 4.3), ylim=(depth[-1], 0))
    axes[0, 1].legend(frameon=False, fontsize="small", loc="upper right")
    for name, error in errors.items():
        layer = 1 + np.arange(error.shape[1])
        label = f"{name}, {len(error)} earths: {100 * error.mean():.1f} %"
        axes[1, 2].semilogy(layer, 100 * error.mean(0), "o-", color=colours[name], label=label)
    axes[1, 2].set(xlabel="layer", ylabel="mean relative error (%)")
    axes[1, 2].legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.savefig(path, dpi=90)


def report(errors, inverted):
    """Mean relative errors, of all earths, by layer, and of those that were inverted."""
    for name, error in errors.items():
        by_layer = " ".join(f"{100 * e:.1f}" for e in error.mean(0))
        print(f"{name}: {100 * error.mean():.1f} % of {len(error)} earths, by layer {by_layer}", end="; ")
        print(f"{100 * error[:inverted].mean():.1f} % of the first {inverted}")


def main(argv=None):
    """Model, train, invert and draw; returns relative errors (earth, layer) by name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/layered_earths.png"))
    parser.add_argument("--earths", type=int, default=600, help="to train on")
    parser.add_argument("--test", type=int, default=150)
    parser.add_argument("--inverted", type=int, default=10, help="of the test earths, by least squares")
    parser.add_argument("--iterations", type=int, default=8, help="of least squares, in each of two bands")
    parser.add_argument("--spacing", type=float, default=12.5, help="of the grid, m")
    parser.add_argument("--duration", type=float, default=2160.0, help="of the records, ms")
    parser.add_argument("--receivers", type=int, default=20)
    parser.add_argument("--steps", type=int, nargs=2, default=(2000, 800), help="of training, of either network")
    parser.add_argument("--width", type=int, default=48, help="of the residual network")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    args = parser.parse_args(argv)
    args.output.parent.mkdir(parents=True, exist_ok=True)

    F, q = experiment(args.spacing, args.duration, args.receivers)
    velocities, gathers = draw_data(args, F, q)
    scale = np.sqrt(np.mean(gathers[: args.earths] ** 2))
    (x, x_new), (v, true) = (np.split(a, [args.earths]) for a in (gathers / scale, velocities))
    noisy = x_new + NOISE * np.random.default_rng(0).standard_normal(x_new.shape, x_new.dtype)
    found = {"mean earth": np.broadcast_to(v.mean(0), true.shape)} | learn(args, x, v, noisy)
    found |= invert(args, F, q / scale, noisy, found)

    errors = {name: np.abs(v - true[: len(v)]) / true[: len(v)] for name, v in found.items()}
    draw_figure(args.output, F, noisy, true, found, errors)
    report(errors, args.inverted)
    print(f"figure in {args.output}")
    return errors


if __name__ == "__main__":
    main()
