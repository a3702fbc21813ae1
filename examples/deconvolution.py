"""Deconvolution of a sparse reflectivity, by least squares and by three solvers that look for few spikes.

    python examples/deconvolution.py

A trace is a reflectivity of 20 spikes convolved with a wavelet of 2 s, with noise added. Damped least squares (LSQR)
spreads the spikes over the width of the wavelet. The others minimise l1 norms: SPGL1 fits the data to the level of the
noise, FISTA weighs misfit against norm, and the linearized Bregman method makes the norm small on its way to the data.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis.operators import Convolve
from jaxseis.solvers import Uniform, fista, linearized_bregman, lsqr, spgl1
from jaxseis.wavelets import ricker

SAMPLES, STEP, WAVELET = 1000, 4.0, 2000.0  # ms
SPIKES, PEAK, NOISE = 20, 12.0, 0.1  # Hz; norm of the noise over that of the data


def experiment(key, spikes, noise):
    """The convolution, the reflectivity, data with noise, and the norm of the noise."""
    axis = js.TimeAxis(duration=WAVELET, step=STEP)
    wavelet = ricker(axis, js.hertz(PEAK), delay=WAVELET / 2)
    places, sizes, errors = jax.random.split(key, 3)
    x = (
        jnp.zeros(SAMPLES)
        .at[jax.random.choice(places, SAMPLES, (spikes,), replace=False)]
        .set(jax.random.normal(sizes, (spikes,)))
    )
    A = Convolve(wavelet, x, offset=axis.size // 2)
    clean = A @ x
    e = jax.random.normal(errors, clean.shape)
    e = noise * jnp.linalg.norm(clean) / jnp.linalg.norm(e) * e
    return A, x, clean + e, jnp.linalg.norm(e)


def solutions(A, b, sigma, steps):
    """What each solver finds; of FISTA with 3 % of the weight for which the solution is zero."""
    largest = jnp.max(jnp.abs(A.H @ b))
    damping = 0.1 * jnp.max(jnp.abs(jnp.fft.rfft(A.kernel)))
    return {
        "LSQR, damped": lsqr(A, b, damping=damping, max_steps=steps),
        "SPGL1": spgl1(A, b, sigma, rtol=1e-3, max_steps=steps),
        "FISTA": fista(A, b, 0.03 * largest, max_steps=steps),
        "Linearized Bregman": linearized_bregman(A, b, sigma, threshold=largest, weights=Uniform(), max_steps=steps),
    }


def draw(path, x, b, found):
    """The data, and each solution on the true spikes, beside the residual over the steps."""
    seconds = np.arange(x.size) * STEP / 1000
    figure, axes = plt.subplots(len(found) + 1, 1, figsize=(11, 10), sharex=True, layout="constrained")
    axes[0].plot(seconds, b, color="0.2", linewidth=0.8)
    axes[0].set_title("Data", loc="left")
    spikes = np.flatnonzero(x)
    for ax, (name, solution) in zip(axes[1:], found.items(), strict=True):
        ax.vlines(seconds[spikes], 0, np.asarray(x)[spikes], color="tab:orange", linewidth=4, alpha=0.5, label="true")
        ax.plot(seconds, solution.value, color="tab:blue", linewidth=1.0, label="found")
        ax.set_title(f"{name}: error {error(solution.value, x):.0%}, {int(solution.steps)} steps", loc="left")
        ax.axhline(0, color="0.7", linewidth=0.5, zorder=0)
    axes[1].legend(loc="upper right", frameon=False)
    axes[-1].set_xlabel("time (s)")
    figure.savefig(path, dpi=100)


def error(found, x):
    """The relative error of a solution."""
    return float(jnp.linalg.norm(found - x) / jnp.linalg.norm(x))


def main(argv=None):
    """Solve and draw; returns the relative error of each solver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/deconvolution.png"))
    parser.add_argument("--spikes", type=int, default=SPIKES)
    parser.add_argument("--noise", type=float, default=NOISE, help="its norm over that of the data")
    parser.add_argument("--steps", type=int, default=3000, help="of each solver, at most")
    args = parser.parse_args(argv)

    A, x, b, sigma = experiment(jax.random.key(3), args.spikes, args.noise)
    found = solutions(A, b, sigma, args.steps)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, np.asarray(x), b, found)
    errors = {name: error(solution.value, x) for name, solution in found.items()}
    for name, solution in found.items():
        print(f"{name:20} error {errors[name]:6.1%}  steps {int(solution.steps):4}  {solution.reason}")
    print(f"figure in {args.output}")
    return errors


if __name__ == "__main__":
    main()
