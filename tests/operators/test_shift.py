"""Shifts against rolled arrays, sinusoids and PyLops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.transforms import normal, struct

from jaxseis.operators.shift import Shift


@pytest.mark.parametrize("n", [7, 8])
def test_by_whole_samples_it_rolls(n):
    x = normal(n, 3)
    np.testing.assert_allclose(Shift(0.004, 0, x, sampling=0.002) @ x, np.roll(x, 2, axis=0), atol=1e-14)


def test_each_trace_may_have_its_shift():
    x, shift = normal(2, 5, 3), jnp.array([[1.0], [-2.0]])
    y = Shift(shift, 1, x) @ x
    np.testing.assert_allclose(y[0], np.roll(x[0], 1, axis=0), atol=1e-14)
    np.testing.assert_allclose(y[1], np.roll(x[1], -2, axis=0), atol=1e-14)


def test_by_parts_of_a_sample_it_shifts_sinusoids_and_has_their_derivative():
    t, w = jnp.arange(16.0), 2 * np.pi * 3 / 16
    x = jnp.sin(w * t)
    np.testing.assert_allclose(Shift(0.3, 0, x) @ x, np.sin(w * (t - 0.3)), atol=1e-14)
    slope = jax.jacobian(lambda tau: Shift(tau, 0, x) @ x)(0.3)
    np.testing.assert_allclose(slope, -w * np.cos(w * (t - 0.3)), atol=1e-14)


def test_the_nyquist_frequency_stays_real():
    x = (-1.0) ** np.arange(6)
    np.testing.assert_allclose(Shift(0.3, 0, x) @ x, np.cos(0.3 * np.pi) * x, atol=1e-14)


def test_padding_keeps_the_end_from_the_beginning():
    x = np.eye(6)[5]
    np.testing.assert_allclose(Shift(2, 0, x) @ x, np.eye(6)[1], atol=1e-14)
    np.testing.assert_allclose(Shift(2, 0, x, nfft=8) @ x, np.zeros(6), atol=1e-14)


@pytest.mark.parametrize("shift", [0.7, [0.7, -1.2, 3.0]], ids=["one", "one for each trace"])
def test_pylops_agrees(shift):
    pylops = pytest.importorskip("pylops")
    x = np.asarray(normal(3, 7))
    theirs = pylops.signalprocessing.Shift(x.shape, np.array(shift), axis=1, nfft=9, real=True)
    ours = Shift(shift, 1, x, nfft=9)
    np.testing.assert_allclose(ours @ x, theirs @ x, atol=1e-14)
    np.testing.assert_allclose(ours.H @ x, theirs.H @ x, atol=1e-14)


@pytest.mark.parametrize(
    ("shift", "arguments", "message"),
    [
        (np.zeros(4), {}, r"shift of Shift: expected real numbers that broadcast to shape \(3,\), got shape \(4,\)"),
        (1j, {}, "shift of Shift: expected real numbers"),
        (1.0, {"nfft": 4}, "nfft of Shift: expected a whole number of at least 5, got 4"),
        (1.0, {"sampling": 0.0}, "sampling of Shift: expected a positive number"),
    ],
)
def test_it_refuses(shift, arguments, message):
    with pytest.raises(ValueError, match=message):
        Shift(shift, 1, struct(3, 5), **arguments)
