"""Differences against PyLops, against polynomials, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators.derivative import (
    DirectionalDerivative,
    FirstDerivative,
    Gradient,
    Laplacian,
    SecondDerivative,
)

X = np.random.default_rng(0).normal(size=(7, 6))
OPTIONS = [
    {"kind": "forward"},
    {"kind": "backward"},
    {"kind": "centered"},
    {"kind": "centered", "edge": True},
]


def assert_same(operator, reference, x=X):
    y = np.cos(np.arange(np.size(reference @ x))).reshape(np.shape(reference @ x))
    np.testing.assert_allclose(np.stack(operator @ x) if y.ndim > x.ndim else operator @ x, reference @ x, atol=1e-12)
    given = tuple(y) if y.ndim > x.ndim else y
    np.testing.assert_allclose(operator.T @ given, np.reshape(reference.H @ y, x.shape), atol=1e-12)


@pytest.mark.parametrize("options", [*OPTIONS, {"order": 5}, {"order": 5, "edge": True}])
def test_first_derivative_is_that_of_pylops(options):
    pylops = pytest.importorskip("pylops")
    for axis in (0, 1):
        reference = pylops.FirstDerivative(X.shape, axis=axis, sampling=0.5, **options)
        assert_same(FirstDerivative(axis, X, sampling=0.5, **options), reference)


@pytest.mark.parametrize("options", OPTIONS)
def test_second_derivative_is_that_of_pylops(options):
    pylops = pytest.importorskip("pylops")
    reference = pylops.SecondDerivative(X.shape, axis=0, sampling=0.5, **options)
    assert_same(SecondDerivative(0, X, sampling=0.5, **options), reference)


def test_laplacian_gradient_and_directional_derivative_are_those_of_pylops():
    pylops = pytest.importorskip("pylops")
    options = {"sampling": (0.5, 2.0), "edge": True}
    assert_same(Laplacian(X, weights=(1, 3), **options), pylops.Laplacian(X.shape, weights=(1, 3), **options))
    assert_same(Gradient(X, **options), pylops.Gradient(X.shape, **options))
    v = np.random.default_rng(1).normal(size=(2, 7, 6))
    reference = pylops.FirstDirectionalDerivative(X.shape, v=v, **options)
    assert_same(DirectionalDerivative(v, X, **options), reference)
    one = pylops.FirstDirectionalDerivative(X.shape, v=v[:, 0, 0], **options)
    assert_same(DirectionalDerivative(v[:, 0, 0], X, **options), one)


@pytest.mark.parametrize(("order", "degree"), [(3, 2), (5, 4)])
def test_centered_differences_are_exact_for_polynomials(order, degree):
    z = 0.3 * np.arange(9)
    inside = slice(order // 2, 9 - order // 2)
    slope = FirstDerivative(0, z, sampling=0.3, order=order) @ z**degree
    bend = SecondDerivative(0, z, sampling=0.3, order=order) @ z ** (degree + 1)
    np.testing.assert_allclose(slope[inside], degree * z[inside] ** (degree - 1), atol=1e-12)
    np.testing.assert_allclose(bend[inside], degree * (degree + 1) * z[inside] ** (degree - 1), atol=1e-11)
    assert not slope[0]
    assert not bend[-1]


def test_edges_are_exact_for_lines_and_parabolas():
    z = np.arange(6.0)
    np.testing.assert_allclose(FirstDerivative(0, z, edge=True, order=5) @ z, 1, rtol=1e-12)
    np.testing.assert_allclose(SecondDerivative(0, z, edge=True, order=5) @ z**2, 2, rtol=1e-11)


def test_some_axes_and_single_precision():
    x = jnp.asarray(X, jnp.float32)
    (slope,) = Gradient(x, axes=[-1]) @ x
    assert slope.dtype == jnp.float32
    np.testing.assert_array_equal(slope, FirstDerivative(1, x) @ x)
    np.testing.assert_array_equal(Laplacian(x, axes=0, weights=2.0) @ x, 2 * (SecondDerivative(0, x) @ x))


def test_directional_derivative_is_differentiable_in_the_vectors():
    def f(v):
        return jnp.sum(DirectionalDerivative(v, X) @ X)

    along = [jnp.sum(d) for d in Gradient(X) @ X]
    np.testing.assert_allclose(jax.grad(f)(jnp.ones(2)), along, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FirstDerivative(0, X, kind="upwind"), "kind and order of FirstDerivative: .*got upwind of 3"),
        (lambda: FirstDerivative(0, X, kind="forward", order=5), "kind and order .*got forward of 5"),
        (lambda: FirstDerivative(2, X), "axis of FirstDerivative: expected different axes of shape"),
        (lambda: FirstDerivative(0, (X, X)), "in_structure of FirstDerivative: expected one array"),
        (lambda: SecondDerivative(0, X[:2]), "in_structure of SecondDerivative: expected at least 3 samples"),
        (lambda: SecondDerivative(0, X, sampling=0.0), "sampling: expected a positive number"),
        (lambda: Laplacian(X, weights=(1, 2, 3)), "weights of Laplacian: .*one for each of 2 axes"),
        (lambda: DirectionalDerivative([1.0], X), r"v of DirectionalDerivative: .*\(2,\) or \(2, 7, 6\)"),
        (lambda: DirectionalDerivative([1j, 0], X), "v of DirectionalDerivative: expected real numbers"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
