"""An introduction to operators: arrays in, arrays out, no matrix, and an adjoint that can be tested.

    python examples/introduction.py

A section of reflectivity x (time, trace) is convolved with a wavelet, C, and some of its traces are lost, R. The
product A = R C is an operator itself: it applies to arrays, has the adjoint C^H R^H, and passes the dot test

    <A x, y> = <x, A^H y>    for random x and y,

which an adjoint with a mistake in it fails. An adjoint is not an inverse: it puts the events back blurred, and with
gaps. Least squares comes nearer. From nothing but products with the operator and its adjoint, LSQR minimises

    |A x - b|^2 + s^2 |x|^2 + w^2 |D x|^2,    D: differences from trace to trace,

whose three terms are the blocks of one operator. Spikes in place of smooth sections: examples/deconvolution.py.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import jaxseis as js
from jaxseis.operators import (
    Convolve,
    FirstDerivative,
    HostOperator,
    Identity,
    Restriction,
    VStack,
    operator_norm,
    random_like,
)
from jaxseis.solvers import lsqr

SHAPE, STEP = (251, 80), 4.0  # samples and traces; ms
WAVELET, PEAK = 120.0, 25.0  # ms, Hz
KEPT, NOISE = 0.6, 0.05  # of the traces; norm of the noise over that of the data
SMALL, SMOOTH = 0.05, 0.15  # s and w over the norm of C
LAYERS = ((0.15, 1.0, 0.03), (0.3, -0.6, 0.05), (0.45, 0.8, 0.05), (0.62, -1.0, -0.04), (0.8, 0.7, 0.0))
THROW = 0.04  # of the fault; times are shares of the section's


def reflectivity(shape):
    """Layers that bend, of (time, size, bend) each, and a fault: an array (time, trace)."""
    samples, traces = shape
    trace = np.arange(traces)
    fault = THROW * (trace > 0.55 * traces)
    x = np.zeros(shape)
    for time, size, bend in LAYERS:
        sample = samples * (time + bend * np.sin(2 * np.pi * trace / traces) + fault)
        x[sample.astype(int), trace] = size
    return jnp.asarray(x, jnp.result_type(float))


def operators(x):
    """The convolution C, the restriction R to the traces that are left, and the differences D between traces."""
    wavelet = js.ricker(js.TimeAxis(WAVELET, STEP), js.hertz(PEAK), delay=WAVELET / 2)
    C = Convolve(wavelet, x, axes=0, offset=wavelet.size // 2)
    traces = x.shape[1]
    kept = np.sort(np.random.default_rng(1).permutation(traces)[: int(KEPT * traces)])
    return C, Restriction(kept, 1, x), FirstDerivative(1, x, kind="forward")


def mistaken(x):
    """The integral over time, by NumPy, with an adjoint that forgets to reverse time."""

    def integral(v):
        return np.cumsum(v, axis=0)

    return HostOperator(integral, integral, x, x)


def observed(A, x, noise):
    """Data with noise."""
    clean = A @ x
    e = random_like(A.out_structure(), jax.random.key(0))
    return clean + noise * jnp.linalg.norm(clean) / jnp.linalg.norm(e) * e


def deconvolved(C, R, D, b, steps):
    """The section by LSQR, from the three blocks."""
    size, none = float(operator_norm(C)), jnp.zeros(D.in_structure().shape, b.dtype)
    blocks = VStack([R @ C, SMALL * size * Identity(none), SMOOTH * size * D])
    return lsqr(blocks, (b, none, none), max_steps=steps).value


def likeness(one, other):
    """The cosine of the angle between two sections."""
    return float(jnp.vdot(one, other) / (jnp.linalg.norm(one) * jnp.linalg.norm(other)))


def with_gaps(b, R):
    """Data among the traces that are not there, as a NumPy array with NaN."""
    full = np.full(R.in_structure().shape, np.nan)
    full[:, np.asarray(R.indices)] = b
    return full


def draw(path, sections, lost):
    """Sections as images, gaps in colour, and one trace that was lost."""
    figure, axes = plt.subplots(2, 3, figsize=(12, 7.5), layout="constrained", sharey=True)
    samples, traces = next(iter(sections.values())).shape
    extent = (-0.5, traces - 0.5, (samples - 0.5) * STEP / 1000, -0.5 * STEP / 1000)
    for ax, (title, values) in zip(axes.flat, sections.items(), strict=False):
        limit = 0.7 * np.nanmax(np.abs(values))
        ax.imshow(values, aspect="auto", cmap="gray", vmin=-limit, vmax=limit, extent=extent, interpolation="nearest")
        ax.set_facecolor("#dfb277")
        ax.set_title(title, loc="left")
        ax.set_xlabel("trace")
    last, seconds = axes[-1, -1], np.arange(samples) * STEP / 1000
    for place, values in enumerate(lost.values()):
        size = np.abs(values).max() or 1.0  # the adjoint has nothing where nothing was recorded
        last.plot(place + 0.45 * np.asarray(values) / size, seconds, color="0.2", linewidth=1)
    last.set_xticks(range(len(lost)), list(lost))
    last.set_title("One of the lost traces", loc="left")
    for ax in axes[:, 0]:
        ax.set_ylabel("time (s)")
    figure.savefig(path, dpi=90)


def main(argv=None):
    """Test, solve and draw; returns the dot tests, and how like the truth the adjoint and the solution are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/introduction.png"))
    parser.add_argument("--shape", type=int, nargs=2, default=SHAPE, help="samples and traces")
    parser.add_argument("--noise", type=float, default=NOISE, help="its norm over that of the data")
    parser.add_argument("--steps", type=int, default=200, help="of LSQR, at most")
    args = parser.parse_args(argv)

    x = reflectivity(args.shape)
    C, R, D = operators(x)
    A = R @ C
    tested = {"C": C, "R": R, "R C": A, "D": D, "C^H C + 2 D^H D": C.H @ C + 2 * D.H @ D, "mistaken": mistaken(x)}
    tests = {name: js.dot_test(operator) for name, operator in tested.items()}
    b = observed(A, x, args.noise)
    adjoint, solution = A.H @ b, deconvolved(C, R, D, b, args.steps)
    scores = likeness(adjoint, x), likeness(solution, x)

    sections = {
        "Reflectivity x": x,
        "C x": C @ x,
        "b: R C x and noise": with_gaps(b, R),
        f"Adjoint of b: likeness {scores[0]:.2f}": adjoint,
        f"LSQR: likeness {scores[1]:.2f}": solution,
    }
    gap = np.setdiff1d(np.arange(x.shape[1]), np.asarray(R.indices))[-1]
    traces = {"x": x, "adjoint": adjoint, "LSQR": solution, "C x": C @ x, "C LSQR": C @ solution}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw(args.output, sections, {name: section[:, gap] for name, section in traces.items()})
    for name, result in tests.items():
        print(f"{name:16} {result}")
    print(f"likeness to the truth: adjoint {scores[0]:.2f}, LSQR {scores[1]:.2f}; figure in {args.output}")
    return tests, scores


if __name__ == "__main__":
    main()
