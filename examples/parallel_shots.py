"""Shots side by side: on threads, over the devices of a mesh, a few at a time, and for several models at once.

    python examples/parallel_shots.py

The misfit of a survey is a sum over its shots, f = f_1 + ... + f_n, and so is its gradient. Where the terms are worked
out is a matter of choice:

  threads   shots of one call run on JAXSEIS_THREADS threads, all processors by default: nothing is to be written
  one by one   F[i] is the experiment of shot i, F[[4, 1]] that of any shots: what the tasks of a cluster would take
  devices   jax.shard_map gives each device of a mesh its shots, and adds up what they find
  vmap      several models in one call

Results do not depend on the number of threads, to the last bit, because what shots add to a gradient is summed in
their order. The other ways are other programs, and agree to rounding, carried along by hundreds of time steps. The
gradient of k random shots, times n/k, is on average that of the whole survey; stochastic inversion descends along it.
"""

import argparse
import os
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import jaxseis as js
from jaxseis import datasets

SHAPE, SPACING = (241, 121), 12.5  # nodes along (x, z); metres
SHOTS, DURATION, STEP = 16, 1600.0, 4.0  # ms
PEAK, SMOOTHING = 10.0, 8  # Hz; cells, of the starting model
DEVICES = 2  # of the mesh


@contextmanager
def on_threads(count):
    """Propagation on so many threads: the variable is read at every call."""
    before = os.environ.get("JAXSEIS_THREADS")
    os.environ["JAXSEIS_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("JAXSEIS_THREADS")
        os.environ |= {} if before is None else {"JAXSEIS_THREADS": before}


def processors():
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def experiment(grid, vmax, shots, time):
    """Shots and receivers along the surface."""
    A = js.WaveEquation(grid, js.Acoustic(), time, max_velocity=vmax)
    sources = js.Geometry(x=jnp.linspace(50.0, grid.extent[0] - 50.0, shots), z=25.0)
    return js.Modeling(A, sources, js.Geometry.spread(x=grid.coordinates("x"), z=25.0))


def misfit(m, F, q, d):
    """1/2 |F(m) q - d|^2."""
    return js.misfit.least_squares(F(m) @ q, d)


gradient = jax.jit(jax.grad(misfit))


def timed(run):
    """The shortest of three times in seconds, after a run that compiles, and the result."""
    times = []
    for _ in range(4):
        start = perf_counter()
        result = jax.block_until_ready(run())
        times.append(perf_counter() - start)
    return min(times[1:]), np.asarray(result)


def one_by_one(m, F, q, d):
    """The gradients of the shots, (shot, x, z)."""
    return np.stack([gradient(m, F[i], q, d[i : i + 1]) for i in range(F.shots)])


def over_devices(m, F, q, d, devices):
    """The gradient with the shots spread over a mesh of devices."""
    mesh = jax.make_mesh((devices,), ("shot",), devices=jax.devices()[:devices])

    def total(m, sources, d):
        here = js.Modeling(F.wave, sources, F.receivers)
        return jax.lax.psum(misfit(m, here, q, d), "shot")

    shots, everywhere = NamedSharding(mesh, P("shot")), NamedSharding(mesh, P())
    spread = jax.shard_map(total, mesh=mesh, in_specs=(P(), P("shot"), P("shot")), out_specs=P())
    sources = jax.device_put(F.sources.geometry, shots)
    return jax.jit(jax.grad(spread))(jax.device_put(m, everywhere), sources, jax.device_put(d, shots))


def relative(x, y):
    """|x - y| / |y|."""
    return float(np.linalg.norm(np.asarray(x) - y) / np.linalg.norm(y))


def subset_errors(parts, draws):
    """The relative error of n/k times the gradient of k random shots, root mean square, for k = 1 ... n; and theory's.

    For shots drawn without replacement the variance is n (n - k) / k times that of the gradients of single shots.
    """
    n, whole = len(parts), parts.sum(axis=0)
    generator = np.random.default_rng(0)
    sums = [np.cumsum(parts[generator.permutation(n)], axis=0) for _ in range(draws)]
    k = np.arange(1, n + 1)
    errors = [[relative(n / j * total[j - 1], whole) for j in k] for total in sums]
    variance = np.sum((parts - whole / n) ** 2) / (n - 1) / np.linalg.norm(whole) ** 2
    return np.sqrt(np.mean(np.square(errors), axis=0)), np.sqrt(n * (n - k) / k * variance)


def draw_times(ax, seconds):
    """Bars of time against threads."""
    bars = ax.bar([str(n) for n in seconds], list(seconds.values()), color="tab:blue", width=0.6)
    ax.bar_label(bars, [f"x {seconds[1] / t:.2f}" for t in seconds.values()], padding=3)
    ax.set(xlabel="threads", ylabel="time of a gradient (s)", ylim=(0, 1.15 * max(seconds.values())))
    ax.set_title("Shots on threads", loc="left")


def draw_differences(ax, differences, eps):
    """Bars of the differences from the gradient of one thread, on a logarithmic axis."""
    names = list(differences)[::-1]
    floor = eps / 100
    ax.barh(names, [max(differences[name], floor) for name in names], color="tab:blue", height=0.6)
    for row, name in enumerate(names):
        if differences[name] == 0:
            ax.text(1.3 * floor, row, "equal to the last bit", va="center")
    ax.axvline(eps, color="0.4", linestyle="--", linewidth=1, label="rounding of one number")
    ax.set(xscale="log", xlim=(floor, 100 * eps), xlabel="relative difference of the gradient")
    ax.set_title("The same gradient", loc="left")
    ax.legend(loc="upper right", frameon=False)


def draw(path, seconds, differences, eps, errors):
    """Times, differences, and random subsets."""
    figure, axes = plt.subplots(1, 3, figsize=(14, 4), layout="constrained", width_ratios=(0.7, 1, 1))
    draw_times(axes[0], seconds)
    draw_differences(axes[1], differences, eps)
    measured, theory = errors
    shots = np.arange(1, len(measured) + 1)
    axes[2].plot(shots, theory, color="0.6", label="theory")
    axes[2].plot(shots, measured, "o", color="tab:blue", label="100 draws")
    axes[2].set(xlabel="shots in the subset", ylabel="relative error of the gradient", ylim=(0, None))
    axes[2].set_title("Random subsets", loc="left")
    axes[2].legend(frameon=False)
    figure.savefig(path, dpi=90)


def main(argv=None):
    """Measure, compare and draw; returns seconds by threads, differences by way, and errors of subsets and theory's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/parallel_shots.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--devices", type=int, default=DEVICES, help="of the mesh")
    parser.add_argument("--duration", type=float, default=DURATION, help="record length, ms")
    args = parser.parse_args(argv)

    grid, time = js.Grid(shape=args.shape, spacing=SPACING), js.TimeAxis(args.duration, STEP)
    vp = datasets.faulted_layers_with_salt(grid)
    F, q = experiment(grid, 1.05 * float(vp.max()), args.shots, time), js.ricker(time, js.hertz(PEAK))
    d = F(js.squared_slowness(vp)) @ q
    m = js.squared_slowness(datasets.smooth(vp, SMOOTHING)).astype(d.dtype)

    seconds, found = {}, {}
    for count in range(1, processors() + 1):
        with on_threads(count):
            seconds[count], found[count] = timed(lambda: gradient(m, F, q, d))
    parts, models = one_by_one(m, F, q, d), jnp.stack([m, 1.01 * m])
    together = jax.jit(jax.vmap(gradient, (0, None, None, None)))(models, F, q, d)
    others = {
        f"{processors()} threads": found[processors()],
        "one by one": parts.sum(axis=0),
        f"mesh of {args.devices}": over_devices(m, F, q, d, args.devices),
        "vmap over models": together[0],
    }
    differences = {name: relative(g, found[1]) for name, g in others.items()}
    errors = subset_errors(parts, draws=100)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, seconds, differences, float(jnp.finfo(m.dtype).eps), errors)
    for count, t in seconds.items():
        print(f"{count} threads: {t:.3f} s for the gradient of {F.shots} shots, speed-up {seconds[1] / t:.2f}")
    print("\n".join(f"{name}: relative difference {value:.1e}" for name, value in differences.items()))
    print(f"figure in {args.output}")
    return seconds, differences, errors


if __name__ == "__main__":
    # A mesh of processors, to show how; a real one has other machines or accelerators. XLA keeps NPROC threads for all
    # devices, by default one for each processor: if propagations took them all, nothing would bring them their arrays.
    jax.config.update("jax_num_cpu_devices", DEVICES)
    os.environ.setdefault("NPROC", str(DEVICES + processors()))
    main()
