"""Derivatives: the rules behind jax.grad, gradients in every parameter, and a network with a wave equation inside.

    python examples/automatic_differentiation.py

The data of an experiment are F(m; x_s, x_r) q, of squared slowness m, wavelet q and positions, and the misfit is

    f = 1/2 |F(m) q - d|^2,    r = F(m) q - d.

JAX does not look into the compiled propagation. A rule tells it the derivative, another propagation in reversed time,
so jax.grad(f) costs two more runs and is the closed form of the discrete problem, to rounding:

    df/dm = J^T r, J the Born operator at m,        df/dq = F(m)^T r.

Four things are shown, in double precision. These formulas, a rule written by hand (jax.custom_vjp), and plain
differentiation of every time step (the XLA engine, which has no rule) agree. The Taylor test holds for each of m, q,
x_s and x_r: |f(p + h dp) - f(p)| falls like h, and like h^2 with the gradient's term taken away. And J is a layer like
any other: in an autoencoder, dense - J - dense, it passes gradients on to the weights before it. Physics that is
trained itself is the subject of examples/physics_networks.py.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx

import jaxseis as js
from jaxseis import plotting
from jaxseis.operators import random_like

jax.config.update("jax_enable_x64", True)  # before anything is made

SHAPE, SPACING = (41, 31), 10.0  # nodes along (x, z); metres
DURATION, STEP, PEAK = 320.0, 2.0, 15.0  # ms, ms, Hz
UPPER, LOWER = 1.8, 2.3  # km/s
FEATURES, BATCH, RATE = 6, 8, 1e-3  # of the autoencoder
H = [2.0**-k for k in range(1, 10)]


def setting(shape, duration):
    """The wave equation and its parameters: model, wavelet, positions of sources and receivers."""
    grid, time = js.Grid(shape=shape, spacing=SPACING), js.TimeAxis(duration, STEP)
    # every level of the wavefield is kept, for the exact derivative; positions want a smooth interpolation
    A = js.WaveEquation(grid, js.Acoustic(), time, 1.2 * LOWER, storage=js.InMemory(every=1), interpolation=js.Sinc())
    width, depth = grid.extent
    parameters = {
        "m": jnp.full(grid.shape, 1 / UPPER**2),
        "q": js.ricker(time, js.hertz(PEAK)),
        "x_s": jnp.array([0.33, 0.72]) * width,
        "x_r": jnp.linspace(0.103, 0.912, 12) * width,  # on a node the window of the interpolation has a slight kink
    }
    truth = parameters | {"m": parameters["m"].at[:, shape[1] // 2 :].set(1 / LOWER**2)}
    return A, parameters, truth, 0.12 * depth


def modelling(A, p, z):
    """F, with sources and receivers at the positions of p and depth z."""
    return js.Modeling(A, js.Geometry(x=p["x_s"], z=z), js.Geometry.spread(x=p["x_r"], z=z))


def misfit(p, A, d, z):
    """f, of all parameters."""
    return js.misfit.least_squares(modelling(A, p, z)(p["m"]) @ p["q"], d)


def by_hand(F, q):
    """m -> F(m) q with a rule of our own: forward keeps m, backward is J^T."""

    @jax.custom_vjp
    def data(m):
        return F(m) @ q

    data.defvjp(lambda m: (data(m), m), lambda m, y: (F.jacobian(m, q).T @ y,))
    return data


def ways(A, p, d, z):
    """The same gradients got in several ways: name -> (gradient, that of jax.grad)."""
    derived = jax.jit(jax.grad(misfit), static_argnums=1)(p, A, d, z)
    F, m, q = modelling(A, p, z), p["m"], p["q"]
    r, own = F(m) @ q - d, by_hand(F, q)
    plain = jax.jit(jax.grad(misfit), static_argnums=1)(p, A.replace(engine="xla"), d, z)
    return derived, {
        "m: closed form": (F.jacobian(m, q).T @ r, derived["m"]),
        "q: closed form": ((F(m).T @ r).sum(axis=(0, 2)), derived["q"]),
        "m: rule by hand": (jax.grad(lambda m: js.misfit.least_squares(own(m), d))(m), derived["m"]),
        **{f"{name}: step by step": (plain[name], derived[name]) for name in p},
    }


def relative(x, y):
    """|x - y| / |y|."""
    return float(jnp.linalg.norm(x - y) / jnp.linalg.norm(y))


def taylor(A, p, g, d, z):
    """A Taylor test for each parameter along its gradient g, the others being fixed."""
    f = jax.jit(misfit, static_argnums=1)
    sizes = {"m": 0.01, "q": 0.02 * float(jnp.abs(p["q"]).max()), "x_s": 0.03, "x_r": 0.3}
    tests = {}
    for name, size in sizes.items():
        dp = size * g[name] / jnp.abs(g[name]).max()
        slope = float(jnp.vdot(g[name], dp))
        one = lambda x, name=name: f(p | {name: x}, A, d, z)  # noqa: E731
        tests[name] = js.taylor_test(one, p[name], dp, lambda dp, slope=slope: np.asarray(slope), steps=H)
    return tests


def normalised(J):
    """J times a number, so that random perturbations of size one give data of size one."""
    return (1 / jnp.std(J @ random_like(J.in_structure(), jax.random.key(0)))) * J


class Autoencoder(nnx.Module):
    """dense - J - dense: features become a perturbation, this is scattered, and its data become features again."""

    def __init__(self, J, features, *, rngs):
        nodes, samples = (int(np.prod(s.shape)) for s in (J.in_structure(), J.out_structure()))
        self.encode = nnx.Linear(features, nodes, use_bias=False, param_dtype=jnp.float64, rngs=rngs)
        self.decode = nnx.Linear(samples, features, use_bias=False, param_dtype=jnp.float64, rngs=rngs)

    def __call__(self, x, J):
        dm = self.encode(x).reshape(-1, *J.in_structure().shape)
        y = jax.vmap(lambda dm: J @ dm)(dm)
        return self.decode(y.reshape(len(x), -1))


def autoencoder_loss(net, J, x):
    """Mean squared difference of what goes in and what comes out."""
    return jnp.mean((net(x, J) - x) ** 2)


def train(net, J, x, steps):
    """The losses of so many steps of Adam."""
    optimizer = optax.adam(RATE)

    def step(carry, _):
        net, state = carry
        value, gradient = jax.value_and_grad(autoencoder_loss)(net, J, x)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(net, updates), state), value

    run = jax.jit(lambda net: jax.lax.scan(step, (net, optimizer.init(net)), length=steps)[1])
    return np.asarray(run(net))


def draw_differences(ax, differences):
    """Bars of the relative differences; what is equal to the last bit has none."""
    names = list(differences)[::-1]
    ax.barh(names, [max(differences[name], 1e-18) for name in names], color="tab:blue", height=0.6)
    for row, name in enumerate(names):
        if differences[name] == 0:
            ax.text(1.5e-18, row, "equal to the last bit", va="center")
    ax.set(xscale="log", xlim=(1e-18, 1e-6), xlabel="relative difference from jax.grad")
    ax.set_title("The same gradients in other ways", loc="left")


def draw_taylor(ax, tests):
    """Both remainders of every parameter, relative to the first, and slopes 1 and 2."""
    for number, (name, test) in enumerate(tests.items()):
        steps, first, second = (np.asarray(v) for v in (test.steps, test.differences, test.remainders))
        ax.loglog(steps, first / first[0], "o", markerfacecolor="none", color=f"C{number}")
        ax.loglog(steps, second / first[0], ".-", color=f"C{number}", label=f"{name}: order {test.second:.2f}")
    ax.loglog(steps, steps / steps[0], color="0.6", zorder=0, label="slope 1: no gradient (circles)")
    ax.set(xlabel="h", ylabel="remainder / first difference")
    ax.set_title("Taylor tests", loc="left")
    ax.legend(frameon=False)


def draw(path, grid, g, differences, tests, losses):
    """The gradient in the model, the differences, the Taylor tests, and the training of the autoencoder."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    plotting.perturbation(g, grid, axes[0, 0], clip=99.5, label="gradient (km²/s²)", title="Gradient in the model")
    draw_differences(axes[0, 1], differences)
    draw_taylor(axes[1, 0], tests)
    axes[1, 1].semilogy(losses, color="tab:blue")
    axes[1, 1].set(xlabel="step of Adam", ylabel="mean squared error")
    axes[1, 1].set_title("An autoencoder with J inside", loc="left")
    figure.savefig(path, dpi=90)


def main(argv=None):
    """Compare, test, train and draw; returns differences, Taylor tests (the network's last) and losses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/automatic_differentiation.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    parser.add_argument("--batch", type=int, default=BATCH, help="of the autoencoder")
    parser.add_argument("--steps", type=int, default=60, help="of its training")
    args = parser.parse_args(argv)

    A, p, truth, z = setting(args.shape, args.duration)
    d = modelling(A, truth, z)(truth["m"]) @ truth["q"]
    g, found = ways(A, p, d, z)
    differences = {name: relative(*pair) for name, pair in found.items()}
    tests = taylor(A, p, g, d, z)

    J = normalised(modelling(A, p, z).jacobian(p["m"], p["q"]))
    net = Autoencoder(J, FEATURES, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(0), (args.batch, FEATURES))
    losses = train(net, J, x, args.steps)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, A.grid, g["m"], differences, tests, losses)
    tests["autoencoder"] = js.taylor_test(jax.jit(lambda net: autoencoder_loss(net, J, x)), net)
    print("\n".join(f"{name:18} differs from jax.grad by {value:.1e}" for name, value in differences.items()))
    for name, test in tests.items():
        print(f"{name:18} orders {test.first:.3f} (1) and {test.second:.3f} (2)")
    print(f"autoencoder: loss {losses[0]:.3f}, after {args.steps} steps {losses[-1]:.3f}; figure in {args.output}")
    return differences, tests, losses


if __name__ == "__main__":
    main()
