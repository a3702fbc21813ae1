"""The Fourier transform at any frequencies against the defining sum."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.transforms import normal, struct

from jaxseis.operators import nonuniform_fourier
from jaxseis.operators.fourier import FFT
from jaxseis.operators.nonuniform_fourier import NonuniformFFT


@pytest.fixture
def installed():
    pytest.importorskip("jax_finufft")


def sums(w, x, origin):
    """The definition, over all axes of x."""
    samples = jnp.stack(jnp.meshgrid(*(jnp.arange(n) - o for n, o in zip(x.shape, origin, strict=True)), indexing="ij"))
    return jnp.exp(-1j * jnp.tensordot(w, samples, 1)).reshape(len(w), -1) @ x.ravel() / jnp.sqrt(x.size)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("grid", "origin"), [((7,), (0,)), ((4, 5), (2, 1)), ((3, 4, 2), (0, 0, 1))])
def test_it_is_the_sum(grid, origin):
    w, x = normal(6, len(grid)), normal(*grid, seed=1)
    np.testing.assert_allclose(NonuniformFFT(w, x, origin=origin) @ x, sums(w, x, origin), atol=1e-11)


@pytest.mark.usefixtures("installed")
def test_at_regular_frequencies_it_is_the_fft():
    x = normal(9, dtype=complex)
    np.testing.assert_allclose(NonuniformFFT(2 * np.pi * np.arange(9) / 9, x) @ x, FFT(x) @ x, atol=1e-11)


@pytest.mark.usefixtures("installed")
def test_leading_axes_are_transformed_one_by_one():
    w, x = normal(5, 2), normal(3, 4, 6)
    rows = jnp.stack([sums(w, row, (0, 0)) for row in x])
    np.testing.assert_allclose(NonuniformFFT(w, x) @ x, rows, atol=1e-11)


@pytest.mark.usefixtures("installed")
def test_derivatives_in_the_frequencies_are_those_of_the_sum():
    w, x, y = normal(5, 2), normal(4, 3, seed=1), normal(5, seed=2, dtype=complex)

    def ours(w):
        return jnp.sum(jnp.abs(NonuniformFFT(w, x, origin=(1, 0)) @ x - y) ** 2)

    def plain(w):
        return jnp.sum(jnp.abs(sums(w, x, (1, 0)) - y) ** 2)

    np.testing.assert_allclose(jax.grad(ours)(w), jax.grad(plain)(w), atol=1e-10)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frequencies": np.zeros((3, 3))}, r"frequencies of NonuniformFFT: expected real numbers of shape \(point"),
        ({"frequencies": np.zeros(3, complex)}, "frequencies of NonuniformFFT.*complex128"),
        ({"frequencies": np.zeros(3), "origin": (0, 0)}, "origin of NonuniformFFT: expected 1 samples"),
        ({"frequencies": np.zeros(3), "accuracy": 0}, "accuracy of NonuniformFFT: expected a positive number"),
    ],
)
def test_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        NonuniformFFT(in_structure=struct(4, 5), **arguments)


def test_without_jax_finufft_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax_finufft", None)
    nonuniform_fourier._finufft.cache_clear()
    with pytest.raises(ImportError, match="pip install jax-finufft"):
        NonuniformFFT(np.zeros(3), struct(4))
