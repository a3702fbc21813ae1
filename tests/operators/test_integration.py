"""Running integrals against sums, recursion and PyLops, across the ends of blocks."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators.integration import CausalIntegration

X = np.random.default_rng(0).normal(size=(2, 69, 2))


@pytest.mark.parametrize("kind", ["full", "half", "trapezoidal"])
def test_it_is_that_of_pylops(kind):
    pylops = pytest.importorskip("pylops")
    A = CausalIntegration(1, X, sampling=0.5, kind=kind)
    reference = pylops.CausalIntegration(X.shape, axis=1, sampling=0.5, kind=kind)
    after = np.arange(69)[:, None] > 0 if kind == "trapezoidal" else 1.0  # the first one of PyLops is not zero
    np.testing.assert_allclose(A @ X, after * (reference @ X), atol=1e-12)
    np.testing.assert_allclose(A.T @ X, reference.H @ (after * X), atol=1e-12)


def test_along_another_axis():
    np.testing.assert_allclose(CausalIntegration(0, X) @ X, np.cumsum(X, 0), atol=1e-14)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 64, 600])
def test_running_sums_of_any_length(length):
    x = np.random.default_rng(1).normal(size=length)
    np.testing.assert_allclose(CausalIntegration(0, x) @ x, np.cumsum(x), atol=1e-11)


def test_a_leaking_integral_is_the_recursion():
    x, y = X[0, :, 0], np.zeros(69)
    for i in range(69):
        y[i] = x[i] + (0.9 * y[i - 1] if i else 0)
    np.testing.assert_allclose(CausalIntegration(0, x, decay=0.9) @ x, y, atol=1e-13)


def test_the_trapezoidal_rule_is_exact_for_lines():
    t = np.linspace(0, 3, 40)
    A = CausalIntegration(0, t, sampling=t[1], kind="trapezoidal")
    np.testing.assert_allclose(A @ (2 * t + 1), t**2 + t, atol=1e-12)


def test_single_precision_stays():
    x = jnp.ones((5, 40), jnp.float32)
    y = CausalIntegration(-1, x, sampling=0.1, decay=0.5) @ x
    assert y.dtype == jnp.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "simpson"}, "kind of CausalIntegration: expected one of full, half, trapezoidal, got simpson"),
        ({"decay": 0.0}, "decay: expected a number above 0 and up to 1, got 0.0"),
        ({"decay": 1.5}, "decay: .*got 1.5"),
        ({"sampling": -1}, "sampling: expected a positive number"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CausalIntegration(0, X, **options)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_empty_arrays(shape):
    assert (CausalIntegration(0, np.zeros(shape)) @ np.zeros(shape)).shape == shape
