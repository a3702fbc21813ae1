"""Two networks with physics inside: a Born layer between dense layers, and a wave equation between convolutions.

    python examples/physics_networks.py

An operator is a layer of a Flax network, jaxseis.networks.OperatorLayer, and gradients pass through it to the weights
before it and to those in it. Two networks, each on a task that can be checked:

  Born   y = W_2 J W_1 x, from images to images: x = J^T J y is the migrated image of a perturbation y of layers. The
         dense layers learn to undo its blur; the layer between them is fixed.
  wave   y = C_2 F(m) C_1 x, from sources that fill the space to data: two convolutions around a propagation whose
         squared slowness m is a weight like any other. The data are those of such a network with another medium and
         slightly other filters, so training is a search for all three. Its gradient in m is smoothed on the way.

Every gradient is compared with finite differences, (8 (f_1 - f_-1) - (f_2 - f_-2)) / 12 h, f_k = f(p + k h g / |g|).
"""

import argparse
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx
from scipy.ndimage import gaussian_filter

import jaxseis as js
from jaxseis import plotting
from jaxseis.networks import OperatorLayer
from jaxseis.operators import GaussianSmoothing

jax.config.update("jax_enable_x64", True)  # before anything is made

SHAPE, SPACING = (31, 21), 12.5  # nodes along (x, z); metres
DURATION, STEP, PEAK = 320.0, 4.0, 15.0  # ms, ms, Hz
BACKGROUND, ANOMALY = 1.8, 0.35  # km/s
EXAMPLES, TESTS, BATCH = 48, 8, 4
STEPS, RATES = 500, {"Born": (1e-3, 0.0), "wave": (3e-3, 1e-3)}  # rates of the layers, and of m
CELLS = 2.0  # by which gradients in m are smoothed


class BornNetwork(nnx.Module):
    """Dense, J, dense: (batch, x, z) -> (batch, x, z)."""

    def __init__(self, J, *, rngs):
        nodes, samples = (int(np.prod(s.shape)) for s in (J.in_structure(), J.out_structure()))
        self.before = nnx.Linear(nodes, nodes, use_bias=False, param_dtype=jnp.float64, rngs=rngs)
        self.physics = OperatorLayer(J)
        self.after = nnx.Linear(samples, nodes, use_bias=False, param_dtype=jnp.float64, rngs=rngs)

    def __call__(self, x):
        dm = self.before(x.reshape(len(x), -1)).reshape(x.shape)
        return self.after(self.physics(dm).reshape(len(x), -1)).reshape(x.shape)


class WaveNetwork(nnx.Module):
    """Convolution, F(m) with m trained, convolution: weights (batch, x, z) -> data (batch, time, receiver)."""

    def __init__(self, F, *, rngs):
        self.before = nnx.Conv(1, 1, (3, 3), use_bias=False, param_dtype=jnp.float64, rngs=rngs)
        self.physics = OperatorLayer(F, trained=lambda F: F.medium.m)
        self.after = nnx.Conv(1, 1, (5, 1), use_bias=False, param_dtype=jnp.float64, rngs=rngs)

    def __call__(self, x):
        sources = self.before(x[..., None])[..., 0]
        data = self.physics(sources[:, None])[:, 0]  # one shot
        return self.after(data[..., None])[..., 0]


def wave_equation(shape, duration):
    """The wave equation, and its wavelet."""
    time = js.TimeAxis(duration, STEP)
    every = js.InMemory(every=1)  # level of the wavefield is kept, for the exact derivative in m
    A = js.WaveEquation(js.Grid(shape=shape, spacing=SPACING), js.Acoustic(), time, 1.4 * BACKGROUND, storage=every)
    return A, js.ricker(time, js.hertz(PEAK))


def born_task(A, q, count, key):
    """The network, migrated images and the perturbations they are of, both of size one."""
    grid = A.grid
    receivers = js.Geometry.spread(x=grid.coordinates("x")[::2], z=2 * SPACING)
    F = js.Modeling(A, js.Geometry(x=[grid.extent[0] / 2], z=2 * SPACING), receivers)
    J = F.jacobian(jnp.full(grid.shape, BACKGROUND**-2), q)
    profiles = gaussian_filter(np.asarray(jax.random.normal(key, (count, grid.shape[1]))), (0, 1))
    y = jnp.asarray(profiles)[:, None, :] * jnp.ones((grid.shape[0], 1)) * taper(grid)
    data = jax.lax.map(lambda dm: J @ dm, y / y.std())
    x = jax.lax.map(lambda d: J.T @ d, data)
    return BornNetwork((1 / data.std()) * J, rngs=nnx.Rngs(0)), x / x.std(), y / y.std(), None


def taper(grid):
    """Weights that keep perturbations away from the source and the receivers, and from the edges."""
    x, z = (np.sin(np.pi * np.linspace(0, 1, n)) ** 2 for n in grid.shape)
    return x[:, None] * np.where(grid.coordinates("z") > 5 * SPACING, z, 0)


def wave_task(A, q, count, key):
    """The network to train, random sources, their data, and the velocity that the data are from."""
    grid = A.grid
    x, z = (grid.coordinates(name) for name in "xz")
    F = js.Modeling(A, js.ExtendedSource(q, A), js.Geometry.spread(x=x[::2], z=2 * SPACING))
    background = np.full(grid.shape, BACKGROUND)
    middle = np.zeros(grid.shape)
    middle[grid.shape[0] // 3 : -grid.shape[0] // 3, grid.shape[1] // 3 : -grid.shape[1] // 3] = 1
    true = background + ANOMALY * gaussian_filter(middle, 2)
    student, teacher = (WaveNetwork(F(js.squared_slowness(v)), rngs=nnx.Rngs(0)) for v in (background, true))
    for conv, k in zip((teacher.before, teacher.after), jax.random.split(key), strict=True):
        conv.kernel[...] += 0.1 * jax.random.normal(k, conv.kernel.shape)
    sources = gaussian_filter(np.asarray(jax.random.normal(key, (count, *grid.shape))), (0, 1, 1))
    sources = jnp.asarray(sources * (z > grid.extent[1] / 2))  # below the anomaly
    y = jax.jit(teacher)(sources)
    return student, sources / y.std(), y / y.std(), true


def loss_of(network, x, y):
    """Mean squared error."""
    return jnp.mean((network(x) - y) ** 2)


def trained(network, x, y, optimizer, steps, key):
    """The network after so many steps on random batches, and its losses."""
    structure, weights, rest = nnx.split(network, nnx.Param, ...)

    def step(carry, key):
        weights, state = carry
        batch = jax.random.choice(key, len(x), (BATCH,), replace=False)
        loss = lambda w: loss_of(nnx.merge(structure, w, rest), x[batch], y[batch])  # noqa: E731
        value, gradient = jax.value_and_grad(loss)(weights)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(weights, updates), state), value

    run = jax.jit(lambda w: jax.lax.scan(step, (w, optimizer.init(w)), jax.random.split(key, steps)))
    (weights, _), losses = run(weights)
    return nnx.merge(structure, weights, rest), np.asarray(losses)


def gradient_errors(network, x, y):
    """For every weight and the input, how far the slope along its gradient is from finite differences, relatively."""
    structure, weights, rest = nnx.split(network, nnx.Param, ...)
    f = jax.jit(lambda p: loss_of(nnx.merge(structure, p["weights"], rest), p["input"], y))
    leaves, tree = jax.tree.flatten_with_path({"weights": weights, "input": x})
    paths, values = zip(*leaves, strict=True)
    errors = {}
    for i, g in enumerate(jax.tree.leaves(jax.jit(jax.grad(f))(tree.unflatten(values)))):
        dp = g / jnp.linalg.norm(g) * jnp.linalg.norm(values[i])
        along = partial(moved, f, tree, values, i, dp)
        errors[jax.tree_util.keystr(paths[i])] = abs(slope(along) / float(jnp.vdot(g, dp)) - 1)
    return errors


def moved(f, tree, values, i, dp, h):
    """f where the i-th array is changed by h dp."""
    return f(tree.unflatten([*values[:i], values[i] + h * dp, *values[i + 1 :]]))


def slope(f, h=1e-3):
    """f'(0) by differences of order four."""
    return float(8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def draw_born(axes, grid, network, x, y):
    """An image that was held out, what the network makes of it, and the truth."""
    for ax, title, values in zip(axes, ("Migrated", "Network", "Truth"), (x[0], network(x[:1])[0], y[0]), strict=False):
        plotting.perturbation(values, grid, ax, colorbar=False, title=title)


def draw_wave(axes, grid, network, true):
    """The velocity inside the network before and after training, and that of the data."""
    inside = js.velocity(np.asarray(network.physics.operator.medium.m))
    limits = BACKGROUND - 0.1, BACKGROUND + ANOMALY
    velocities = {"Start": np.full(grid.shape, BACKGROUND), "Weights of the network": inside, "Truth": true}
    for ax, (title, v) in zip(axes, velocities.items(), strict=False):
        plotting.velocity(v, grid, ax, limits=limits, title=title, colorbar=title == "Truth")


def draw_losses(ax, losses, held_out):
    """The losses of training, and of the tests before and after."""
    ax.semilogy(losses, color="0.7", linewidth=0.8, label="batches")
    ax.semilogy([0, len(losses)], held_out, "o", color="tab:blue", label="held out")
    ax.set(xlabel="step of Adam", ylabel="mean squared error")
    ax.legend(frameon=False)


def draw(path, grid, tasks, found):
    """A row for each network: what it learns, and its losses."""
    figure, axes = plt.subplots(2, 4, figsize=(15, 6.5), layout="constrained")
    _, x, y, _ = tasks["Born"]
    draw_born(axes[0], grid, found["Born"].network, x, y)
    draw_wave(axes[1], grid, found["wave"].network, tasks["wave"][3])
    for row, (name, result) in zip(axes, found.items(), strict=True):
        draw_losses(row[3], result.losses, result.held_out)
        row[3].set_title(f"{name} network", loc="left")
    figure.savefig(path, dpi=80)


class Trained(NamedTuple):
    """A trained network, its losses, those of what was held out before and after, and errors of the gradients."""

    network: nnx.Module
    losses: np.ndarray
    held_out: list
    errors: dict


def adam(rates, steps, grid):
    """Adam with one rate for the layers around the physics and one for m, whose gradient is smoothed."""
    S = GaussianSmoothing(CELLS, jnp.zeros(grid.shape), axes=(0, 1))
    smoothed = optax.stateless(lambda g, _: jax.tree.map(lambda v: S @ v, g))
    layers, medium = (optax.adam(optax.cosine_decay_schedule(rate, steps)) for rate in rates)

    def kind(path, _):
        return "m" if "physics" in jax.tree_util.keystr(path) else "layer"

    transforms = {"layer": layers, "m": optax.chain(smoothed, medium)}
    return optax.multi_transform(transforms, partial(jax.tree.map_with_path, kind))


def run(network, x, y, optimizer, steps, key):
    """Check the gradients, and train."""
    errors = gradient_errors(network, x[:2], y[:2])
    after, losses = trained(network, x[TESTS:], y[TESTS:], optimizer, steps, key)
    held_out = [float(jax.jit(loss_of)(net, x[:TESTS], y[:TESTS])) for net in (network, after)]
    return Trained(after, losses, held_out, errors)


def main(argv=None):
    """Check gradients, train and draw; returns what became of each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/physics_networks.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help=f"of each task, {TESTS} of them held out")
    parser.add_argument("--steps", type=int, default=STEPS, help="of training")
    args = parser.parse_args(argv)

    A, q = wave_equation(args.shape, args.duration)
    keys = jax.random.split(jax.random.key(0), 4)
    tasks = {"Born": born_task(A, q, args.examples, keys[0]), "wave": wave_task(A, q, args.examples, keys[1])}
    found = {
        name: run(*task[:3], adam(RATES[name], args.steps, A.grid), args.steps, key)
        for (name, task), key in zip(tasks.items(), keys[2:], strict=True)
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, A.grid, tasks, found)
    for name, result in found.items():
        print(f"{name} network: loss of the held out {result.held_out[0]:.3f}, trained {result.held_out[1]:.4f}")
        for path, error in result.errors.items():
            print(f"  gradient in {path:45} differs from finite differences by {error:.1e}")
    print(f"figure in {args.output}")
    return found


if __name__ == "__main__":
    main()
