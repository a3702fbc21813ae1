"""Fourier, cosine and wavelet transforms, convolutions, and shifts."""

from collections.abc import Callable
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis.operators._base import LinearOperator
from jaxseis.operators.convolution import ByFFT, CircularConvolve, Convolve
from jaxseis.operators.cosine import DCT
from jaxseis.operators.fourier import FFT, FullSpectrum
from jaxseis.operators.hilbert import Hilbert
from jaxseis.operators.nonuniform_fourier import NonuniformFFT
from jaxseis.operators.shift import Shift
from jaxseis.operators.stationary_wavelet import SWT
from jaxseis.operators.wavelet import DWT


def normal(*shape: int, seed: int = 0, dtype=float) -> jax.Array:
    """Random numbers, made by NumPy: JAX would compile a program for every shape."""
    parts = np.random.default_rng(seed).standard_normal((2, *shape))
    return jnp.asarray(parts[0] + 1j * parts[1] if np.issubdtype(dtype, np.complexfloating) else parts[0], dtype)


def struct(*shape: int, dtype=float) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


OPERATORS: dict[str, Callable[[], LinearOperator]] = {
    "fft of real": lambda: FFT(struct(5, 4)),
    "fft of real, padded and centred": lambda: FFT(
        struct(3, 2, 5, dtype=jnp.float32), axes=(2, 0), nfft=(8, 5), norm="forward", spectrum=FullSpectrum(),
        ifftshift_before=(0, 2), fftshift_after=2,
    ),
    "fft of complex": lambda: FFT(struct(4, 3, dtype=complex), axes=0, nfft=7, fftshift_after=0),
    "dct": lambda: DCT(struct(5, 4)),
    "dct of complex": lambda: DCT(struct(2, 6, dtype=jnp.complex64), axes=1),
    "convolve": lambda: Convolve(normal(2, 4), struct(2, 3, dtype=complex), axes=1, offset=1),
    "convolve by fft": lambda: Convolve(normal(2, 4, dtype=complex), struct(3, 5), offset=(0, 3), method=ByFFT()),
    "circular convolve": lambda: CircularConvolve(normal(3), struct(5, 2, dtype=jnp.float32), axes=0, offset=2),
    "hilbert": lambda: Hilbert(0, struct(5, 2, dtype=complex)),
    "shift": lambda: Shift(normal(2), 1, struct(2, 4), sampling=0.5),
    "shift of complex, padded": lambda: Shift(0.7, 0, struct(5, 2, dtype=jnp.complex64), nfft=8),
    "dwt": lambda: DWT(struct(5, 3), wavelet="db2"),
    "dwt of complex": lambda: DWT(struct(2, 8, dtype=jnp.complex64), axes=1, wavelet="bior2.2", level=2),
    "swt": lambda: SWT(struct(5, 2), axes=0, wavelet="db2", level=2),
}  # fmt: skip

if find_spec("jax_finufft"):
    OPERATORS |= {
        "nonuniform fft": lambda: NonuniformFFT(normal(5, 2), struct(2, 4, 3)),
        "nonuniform fft of complex": lambda: NonuniformFFT(normal(4), struct(5, dtype=jnp.complex64), origin=[2]),
    }
