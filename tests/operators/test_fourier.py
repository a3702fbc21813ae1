"""Fourier transforms against NumPy, PyLops and the defining sum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.transforms import normal, struct

from jaxseis.operators.fourier import FFT, FullSpectrum, HalfSpectrum


@pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
def test_the_full_spectrum_is_that_of_numpy(norm):
    x = normal(5, 4, dtype=complex)
    np.testing.assert_allclose(FFT(x, norm=norm) @ x, np.fft.fftn(x, norm=norm), atol=1e-14)
    real = FFT(x.real, axes=0, norm=norm, spectrum=FullSpectrum())
    np.testing.assert_allclose(real @ x.real, np.fft.fft(x.real, axis=0, norm=norm), atol=1e-14)


@pytest.mark.parametrize("n", [6, 7])
def test_half_a_spectrum_has_the_norm_of_the_whole(n):
    x, A = normal(3, n), FFT(struct(3, n))
    weights = np.full(n // 2 + 1, np.sqrt(2))
    weights[0] = 1
    weights[-1] = 1 if n % 2 == 0 else np.sqrt(2)
    np.testing.assert_allclose(A @ x, np.fft.rfftn(x, norm="ortho") * weights, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(A @ x), np.linalg.norm(x), rtol=1e-14)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
def test_the_inverse_undoes_it(dtype, norm):
    x = normal(3, 5, dtype=dtype)
    A = FFT(x, nfft=(4, 9), norm=norm, ifftshift_before=1, fftshift_after=0)
    np.testing.assert_allclose(A.inverse() @ (A @ x), x, atol=1e-14)


def test_centred_and_padded_it_counts_samples_and_frequencies_from_the_middle():
    n, length = 5, 8
    x, A = normal(n, dtype=complex), FFT(struct(n, dtype=complex), nfft=length, ifftshift_before=0, fftshift_after=0)
    samples, f = np.arange(n) - n // 2, A.frequencies(0)
    np.testing.assert_allclose(f, (np.arange(length) - length // 2) / length)
    np.testing.assert_allclose(A @ x, np.exp(-2j * np.pi * np.outer(f, samples)) @ x / np.sqrt(length), atol=1e-14)


def test_frequencies_are_those_of_the_result():
    A = FFT(struct(6, 9), nfft=(6, 10), fftshift_after=0)
    assert A.out_structure().shape == (6, 6)
    np.testing.assert_allclose(A.frequencies(0, sampling=0.5), np.fft.fftshift(np.fft.fftfreq(6, 0.5)))
    np.testing.assert_allclose(A.frequencies(-1, sampling=0.002), np.fft.rfftfreq(10, 0.002))


def test_single_precision_stays():
    x = normal(4, dtype=jnp.float32)
    A = FFT(x)
    assert (A @ x).dtype == jnp.complex64
    assert (A.H @ (A @ x)).dtype == jnp.float32


@pytest.mark.parametrize("is_real", [True, False])
def test_pylops_agrees(is_real):
    pylops = pytest.importorskip("pylops")
    x = np.asarray(normal(4, 5, dtype=float if is_real else complex))
    theirs = pylops.signalprocessing.FFT(x.shape, axis=1, nfft=8, norm="ortho", real=is_real, dtype=x.dtype)
    ours, y = FFT(x, axes=1, nfft=8), theirs @ x
    np.testing.assert_allclose(ours @ x, y, atol=1e-14)
    np.testing.assert_allclose(ours.H @ y, theirs.H @ y, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"axes": 2}, r"axis of FFT: expected different axes of shape \(4, 5\)"),
        ({"axes": ()}, r"axes of FFT: expected one or more, with samples, of shape \(4, 5\)"),
        ({"nfft": 3}, r"nfft of FFT: expected 2 lengths, none below those of x, \(4, 5\), got 3"),
        ({"nfft": (4, 4)}, r"nfft of FFT: expected 2 lengths, none below"),
        ({"norm": "none"}, "norm of FFT: expected one of ortho, backward, forward, got none"),
        ({"spectrum": "half"}, r"spectrum of FFT: expected FullSpectrum\(\) or HalfSpectrum\(\), or None, got 'half'"),
        ({"axes": 0, "ifftshift_before": 1}, r"shifts of FFT: expected axes among those transformed, \(0,\)"),
        ({"fftshift_after": 1}, "fftshift_after of FFT: expected not axis 1, which is halved.*FullSpectrum"),
    ],
)
def test_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        FFT(struct(4, 5), **arguments)


def test_it_refuses_half_the_spectrum_of_complex_numbers():
    with pytest.raises(ValueError, match="spectrum of FFT"):
        FFT(struct(4, dtype=complex), spectrum=HalfSpectrum())


def test_the_gradient_of_a_misfit_at_some_frequencies_is_the_closed_form():
    x, A = normal(16), FFT(struct(16))
    kept = jnp.array([1, 4, 7])
    data = normal(3, seed=1, dtype=complex)

    def misfit(x):
        return 0.5 * jnp.sum(jnp.abs((A @ x)[kept] - data) ** 2)

    closed = A.H @ jnp.zeros(9, complex).at[kept].set((A @ x)[kept] - data)
    np.testing.assert_allclose(jax.grad(misfit)(x), closed, atol=1e-14)
