"""A sparse signal from a few random frequencies, by gradients that JAX derives.

    python examples/restricted_fourier.py

The data are b = R F x: the unitary Fourier transform F of a signal of spikes, at a random quarter R of its frequencies.
The gradient of 1/2 |R F x - b|^2 by jax.grad is compared with its closed form, F^H R^T (R F x - b). Two loops of optax
then use it: Adam, which fits the data with a signal that is not sparse, and plain gradients with a proximal step of
the l1 norm, which finds the spikes.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxseis.functionals import L1
from jaxseis.operators import FFT, Restriction
from jaxseis.solvers import proximal

SAMPLES, SPIKES, SHARE = 512, 12, 0.25


def experiment(key, share):
    """The operator, the signal and its data."""
    places, sizes, rows = jax.random.split(key, 3)
    spikes = jax.random.choice(places, SAMPLES, (SPIKES,), replace=False)
    x = jnp.zeros(SAMPLES).at[spikes].set(jax.random.normal(sizes, (SPIKES,)))
    F = FFT(x)
    frequencies = F.out_structure().shape[0]
    kept = jnp.sort(jax.random.permutation(rows, frequencies)[: int(share * frequencies)])
    A = Restriction(kept, 0, F.out_structure()) @ F
    return A, x, A @ x


def misfit(A, x, b):
    """1/2 |A x - b|^2."""
    r = A @ x - b
    return 0.5 * jnp.sum(jnp.abs(r) ** 2)


def gradient_error(A, x, b):
    """The largest difference of both gradients, relative to the largest entry."""
    derived, closed = jax.grad(misfit, 1)(A, x, b), A.H @ (A @ x - b)
    return float(jnp.max(jnp.abs(derived - closed)) / jnp.max(jnp.abs(closed)))


def descend(A, b, transformation, steps):
    """A loop of optax, and the misfit along it."""

    def step(carry, _):
        x, state = carry
        value, gradient = jax.value_and_grad(misfit, 1)(A, x, b)
        updates, state = transformation.update(gradient, state, x)
        return (optax.apply_updates(x, updates), state), value

    start = jnp.zeros(A.in_structure().shape, A.in_structure().dtype)
    run = jax.jit(lambda x: jax.lax.scan(step, (x, transformation.init(x)), length=steps))
    (x, _), misfits = run(start)
    return x, np.asarray(misfits)


def draw(path, x, found):
    """Each solution on the true spikes, and the misfit of each."""
    figure, axes = plt.subplots(len(found) + 1, 1, figsize=(10, 8), layout="constrained")
    spikes = np.flatnonzero(x)
    for ax, (name, (solution, _)) in zip(axes, found.items(), strict=False):
        ax.vlines(spikes, 0, np.asarray(x)[spikes], color="tab:orange", linewidth=4, alpha=0.5, label="true")
        ax.plot(solution, color="tab:blue", linewidth=1.0, label="found")
        ax.set_title(f"{name}: error {error(solution, x):.0%}", loc="left")
    axes[0].legend(frameon=False)
    axes[len(found) - 1].set_xlabel("sample")
    for name, (_, misfits) in found.items():
        axes[-1].semilogy(misfits / misfits[0], label=name)
    axes[-1].set(xlabel="iteration", ylabel="misfit / first misfit", ylim=(1e-8, 2))
    axes[-1].legend(frameon=False)
    figure.savefig(path, dpi=100)


def error(found, x):
    """The relative error of a solution."""
    return float(jnp.linalg.norm(found - x) / jnp.linalg.norm(x))


def main(argv=None):
    """Compare the gradients, solve and draw; returns the difference of the gradients and the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/restricted_fourier.png"))
    parser.add_argument("--share", type=float, default=SHARE, help="of the frequencies")
    parser.add_argument("--steps", type=int, default=2000)
    args = parser.parse_args(argv)

    A, x, b = experiment(jax.random.key(0), args.share)
    difference = gradient_error(A, jax.random.normal(jax.random.key(1), x.shape), b)
    weight = 0.01 * float(jnp.max(jnp.abs(A.H @ b)))
    found = {
        "Adam": descend(A, b, optax.adam(0.01), args.steps),
        "Gradient and proximal step": descend(A, b, proximal(1.0, weight * L1()), args.steps),
    }
    errors = {name: error(solution, x) for name, (solution, _) in found.items()}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, x, found)
    print(f"jax.grad and the closed form differ by {difference:.1e}")
    told = ", ".join(f"{name}: error {value:.1%}" for name, value in errors.items())
    print(f"{told}; figure in {args.output}")
    return difference, errors


if __name__ == "__main__":
    main()
