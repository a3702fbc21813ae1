"""The operators of the benchmark: ours, that of PyLops, and what a user would write in jnp for the same work.

All act on float32 arrays of a few megabytes. ``None`` stands where a hand-written form would be as long as ours.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pylops
from jax.tree_util import Partial
from pylops import signalprocessing as signal

from jaxseis import operators as ops

N = 1000
IMAGE = jax.ShapeDtypeStruct((N, N), jnp.float32)
TRACES = jax.ShapeDtypeStruct((500, 2000), jnp.float32)  # (receiver, time)
RNG = np.random.default_rng(0)


class Case(NamedTuple):
    """One operator three times; ``written`` is its forward, which JAX transposes.

    Arrays that ours holds as leaves are arguments of ``Partial`` here, so that no compiler folds them away.
    """

    ours: ops.LinearOperator
    pylops: Any
    written: Callable[[jax.Array], Any] | None


def options(structure: jax.ShapeDtypeStruct) -> dict[str, Any]:
    """What operators of PyLops are told."""
    return {"dims": structure.shape, "dtype": structure.dtype}


def diagonal() -> Case:
    w = RNG.normal(size=IMAGE.shape).astype("f4")
    return Case(ops.Diagonal(w), pylops.Diagonal(w, dtype="f4"), Partial(jnp.multiply, jnp.asarray(w)))


def matrix() -> Case:
    M = RNG.normal(size=(N, N)).astype("f4")
    return Case(ops.Matrix(M), pylops.MatrixMult(M, dtype="f4"), Partial(jnp.matmul, jnp.asarray(M)))


def restriction() -> Case:
    rows = np.sort(RNG.permutation(N)[:600])
    theirs = pylops.Restriction(IMAGE.shape, rows, axis=0, dtype="f4")
    return Case(ops.Restriction(rows, 0, IMAGE), theirs, Partial(lambda rows, x: x[rows], jnp.asarray(rows)))


def columns() -> Case:
    picked = np.sort(RNG.permutation(N)[:600])
    theirs = pylops.Restriction(IMAGE.shape, picked, axis=1, dtype="f4")
    return Case(ops.Restriction(picked, 1, IMAGE), theirs, Partial(lambda i, x: x[:, i], jnp.asarray(picked)))


def flip() -> Case:
    return Case(ops.Flip(1, IMAGE), pylops.Flip(axis=1, **options(IMAGE)), lambda x: x[:, ::-1])


def roll() -> Case:
    return Case(ops.Roll(7, 1, IMAGE), pylops.Roll(axis=1, shift=7, **options(IMAGE)), lambda x: jnp.roll(x, 7, 1))


def transpose() -> Case:
    theirs = pylops.Transpose(axes=(1, 0), **options(IMAGE))
    return Case(ops.Transpose((1, 0), IMAGE), theirs, lambda x: x.T)


def pad() -> Case:
    widths = ((20, 30), (10, 40))
    return Case(ops.Pad(widths, IMAGE), pylops.Pad(pad=widths, **options(IMAGE)), lambda x: jnp.pad(x, widths))


def first_derivative() -> Case:
    def written(x: jax.Array) -> jax.Array:
        return jnp.pad((x[:, 2:] - x[:, :-2]) / 2, ((0, 0), (1, 1)))

    return Case(ops.FirstDerivative(1, IMAGE), pylops.FirstDerivative(axis=1, **options(IMAGE)), written)


def second_derivative() -> Case:
    def written(x: jax.Array) -> jax.Array:
        return jnp.pad(x[2:] - 2 * x[1:-1] + x[:-2], ((1, 1), (0, 0)))

    return Case(ops.SecondDerivative(0, IMAGE), pylops.SecondDerivative(axis=0, **options(IMAGE)), written)


def laplacian() -> Case:
    def written(x: jax.Array) -> jax.Array:
        along = jnp.pad(x[2:] - 2 * x[1:-1] + x[:-2], ((1, 1), (0, 0)))
        return along + jnp.pad(x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2], ((0, 0), (1, 1)))

    return Case(ops.Laplacian(IMAGE), pylops.Laplacian(**options(IMAGE)), written)


def gradient() -> Case:
    def written(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        along = jnp.pad((x[2:] - x[:-2]) / 2, ((1, 1), (0, 0)))
        return along, jnp.pad((x[:, 2:] - x[:, :-2]) / 2, ((0, 0), (1, 1)))

    return Case(ops.Gradient(IMAGE), pylops.Gradient(**options(IMAGE)), written)


def causal_integration() -> Case:
    theirs = pylops.CausalIntegration(axis=1, **options(TRACES))
    return Case(ops.CausalIntegration(1, TRACES), theirs, lambda x: jnp.cumsum(x, axis=1))


def smoothing() -> Case:
    def written(x: jax.Array) -> jax.Array:
        box = jnp.ones((5, 5), x.dtype) / 25
        return jax.scipy.signal.convolve(x, box, mode="same")

    return Case(ops.Smoothing(5, IMAGE), pylops.Smoothing2D(nsmooth=(5, 5), **options(IMAGE)), written)


def interpolate() -> Case:
    positions = np.sort(RNG.uniform(0, TRACES.shape[1] - 1.01, 1500))
    low, weight = jnp.asarray(positions, int), jnp.asarray(positions % 1, "f4")

    def written(low: jax.Array, weight: jax.Array, x: jax.Array) -> jax.Array:
        return (1 - weight) * x[:, low] + weight * x[:, low + 1]

    theirs = signal.Interp(iava=positions, kind="linear", axis=1, **options(TRACES))[0]
    return Case(ops.Interpolate(positions, 1, TRACES), theirs, Partial(written, low, weight))


def radon() -> Case:
    samples, slopes, offsets = 500, np.linspace(-3, 3, 61), np.linspace(-30, 30, 61)
    model = jax.ShapeDtypeStruct((slopes.size, samples), jnp.float32)
    theirs = signal.Radon2D(np.arange(samples) * 1.0, offsets, slopes, kind="linear", dtype="f4")
    times = np.arange(samples) - slopes[:, None, None] * offsets[:, None]  # (slope, offset, time)

    def written(times: jax.Array, m: jax.Array) -> jax.Array:
        low = jnp.floor(times).astype(int)
        weight = times - low
        rows = jnp.arange(slopes.size)[:, None, None]

        def at(t: jax.Array) -> jax.Array:
            return m.at[rows, t].get(mode="fill", fill_value=0)

        return jnp.sum((1 - weight) * at(low) + weight * at(low + 1), axis=0)

    ours = ops.Radon(slopes, offsets, model, sampling=1.0)
    return Case(ours, theirs, Partial(written, jnp.asarray(times, "f4")))


def patches() -> Case:
    window, overlap = 64, 32
    count = (N - window) // (window - overlap) + 1
    side = (count - 1) * (window - overlap) + window
    structure = jax.ShapeDtypeStruct((side, side), jnp.float32)
    size = (window, window)
    theirs = signal.Patch2D(
        pylops.Identity(window * window, dtype="f4"), (count * window, count * window), structure.shape, size,
        (overlap, overlap), size, tapertype="hanning",
    )  # fmt: skip
    return Case(ops.Patches(size, (overlap, overlap), structure).T, theirs, None)


def fft() -> Case:
    theirs = signal.FFT(axis=1, real=True, norm="ortho", engine="scipy", **options(TRACES))
    return Case(ops.FFT(TRACES, axes=1), theirs, lambda x: jnp.fft.rfft(x, axis=1, norm="ortho"))


def fft2() -> Case:
    theirs = signal.FFT2D(real=True, norm="ortho", engine="scipy", **options(IMAGE))
    return Case(ops.FFT(IMAGE), theirs, lambda x: jnp.fft.rfft2(x, norm="ortho"))


def dct() -> Case:
    theirs = signal.DCT(axes=(1,), **options(TRACES))
    return Case(ops.DCT(TRACES, axes=1), theirs, lambda x: jax.scipy.fft.dct(x, axis=1, norm="ortho"))


def convolve() -> Case:
    h = RNG.normal(size=61).astype("f4")
    theirs = signal.Convolve1D(h=h, offset=30, axis=1, **options(TRACES))
    written = jax.vmap(lambda h, trace: jnp.convolve(trace, h, mode="same"), (None, 0))
    return Case(ops.Convolve(h, TRACES, offset=30), theirs, Partial(written, jnp.asarray(h)))


def convolve2() -> Case:
    h = RNG.normal(size=(5, 5)).astype("f4")
    theirs = signal.Convolve2D(h=h, offset=(2, 2), **options(IMAGE))
    written = Partial(lambda h, x: jax.scipy.signal.convolve(x, h, mode="same"), jnp.asarray(h))
    return Case(ops.Convolve(h, IMAGE, offset=2), theirs, written)


def shift() -> Case:
    by = RNG.normal(size=TRACES.shape[0]) * 5
    theirs = signal.Shift(shift=by, axis=1, real=True, engine="scipy", **options(TRACES))
    frequency = np.fft.rfftfreq(TRACES.shape[1])

    def written(by: jax.Array, x: jax.Array) -> jax.Array:
        phase = jnp.exp(-2j * jnp.pi * by[:, None] * frequency.astype("f4"))
        return jnp.fft.irfft(phase * jnp.fft.rfft(x, axis=1), TRACES.shape[1], axis=1)

    return Case(ops.Shift(by, 1, TRACES), theirs, Partial(written, jnp.asarray(by, "f4")))


def dwt() -> Case:
    theirs = signal.DWT2D(wavelet="db4", level=4, **options(IMAGE))
    return Case(ops.DWT(IMAGE, wavelet="db4", level=4), theirs, None)


def stack() -> Case:
    D = pylops.FirstDerivative(axis=1, **options(IMAGE))
    ours = ops.VStack([ops.FirstDerivative(1, IMAGE), ops.Identity(IMAGE)])

    def written(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.pad((x[:, 2:] - x[:, :-2]) / 2, ((0, 0), (1, 1))), x

    return Case(ours, pylops.VStack([D, pylops.Identity(N * N, dtype="f4")]), written)


def kronecker() -> Case:
    M = RNG.normal(size=(300, 300)).astype("f4")
    theirs, written = pylops.MatrixMult(M, dtype="f4"), Partial(lambda M, x: M @ x @ M.T, jnp.asarray(M))
    ours = ops.Kronecker(ops.Matrix(M), ops.Matrix(M))
    return Case(ours, pylops.Kronecker(theirs, theirs, dtype="f4"), written)


def sum_axis() -> Case:
    return Case(ops.SumAxis(0, IMAGE), pylops.Sum(axis=0, **options(IMAGE)), lambda x: jnp.sum(x, axis=0))


CASES: dict[str, Callable[[], Case]] = {
    "Diagonal": diagonal,
    "Matrix": matrix,
    "Restriction, rows": restriction,
    "Restriction, columns": columns,
    "Flip": flip,
    "Roll": roll,
    "Transpose": transpose,
    "Pad": pad,
    "FirstDerivative": first_derivative,
    "SecondDerivative": second_derivative,
    "Laplacian": laplacian,
    "Gradient": gradient,
    "CausalIntegration": causal_integration,
    "Smoothing": smoothing,
    "SumAxis": sum_axis,
    "Interpolate": interpolate,
    "Radon": radon,
    "Patches": patches,
    "FFT": fft,
    "FFT, two axes": fft2,
    "DCT": dct,
    "Convolve": convolve,
    "Convolve, two axes": convolve2,
    "Shift": shift,
    "DWT": dwt,
    "VStack": stack,
    "Kronecker": kronecker,
}
