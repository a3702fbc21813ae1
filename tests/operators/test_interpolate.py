"""Values between samples: exact where theory says so, PyLops, derivatives in the positions, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators.interpolate import Cubic, Interpolate, InterpolatePoints, Linear, Nearest, Sinc

X = np.random.default_rng(0).normal(size=(3, 12))
P = np.array([0.0, 4.0, 3.25, 10.9, 11.0, 0.6, 3.25])
KINDS = [Nearest(), Linear(), Cubic(), Sinc(4)]


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_samples_it_is_the_samples(kind):
    np.testing.assert_allclose(Interpolate(np.arange(12), 1, X, kind) @ X, X, atol=1e-13)


@pytest.mark.parametrize(("kind", "degree"), [(Nearest(), 0), (Linear(), 1), (Cubic(), 2)])
def test_polynomials_are_exact(kind, degree):
    i = np.arange(12.0)
    inside = (P >= 1) & (P <= 10) if degree == 2 else np.full(P.shape, True)
    values = Interpolate(P, 0, i, kind) @ i**degree
    np.testing.assert_allclose(values[inside], P[inside] ** degree, atol=1e-12)


def test_lines_are_exact_up_to_the_ends_of_a_cubic():
    np.testing.assert_allclose(Interpolate(P, 0, np.arange(12.0), Cubic()) @ np.arange(12.0), P, atol=1e-12)


def test_sinc_follows_a_wave_that_lines_do_not():
    i, p, k = np.arange(64.0), np.linspace(20, 40, 50), 0.35 * np.pi
    errors = [np.max(np.abs(Interpolate(p, 0, i, kind) @ np.cos(k * i) - np.cos(k * p))) for kind in KINDS]
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 4e-3


@pytest.mark.parametrize("kind", ["nearest", "linear"])
def test_it_is_that_of_pylops(kind):
    pylops = pytest.importorskip("pylops")
    positions = np.array([0.4, 1.6, 7.3, 9.75])
    reference, _ = pylops.signalprocessing.Interp(X.shape, positions, axis=1, kind=kind)
    A = Interpolate(positions, 1, X, {"nearest": Nearest(), "linear": Linear()}[kind])
    np.testing.assert_allclose(A @ X, reference @ X, atol=1e-13)
    np.testing.assert_allclose(A.T @ X[:, :4], reference.H @ X[:, :4], atol=1e-13)


def test_points_are_bilinear_as_in_pylops():
    pylops = pytest.importorskip("pylops")
    points = np.array([[0.3, 5.5], [1.75, 0.2], [1.1, 10.9]])
    reference = pylops.signalprocessing.Bilinear(points.T, X.shape)
    A = InterpolatePoints(points, X)
    np.testing.assert_allclose(A @ X, (reference @ X).ravel(), atol=1e-13)
    np.testing.assert_allclose(A.T @ np.arange(3.0), np.reshape(reference.H @ np.arange(3.0), X.shape), atol=1e-13)


@pytest.mark.parametrize("kind", [Nearest(), Cubic(), Sinc(2)])
def test_points_are_one_axis_after_the_other(kind):
    points = np.array([[0.3, 5.5], [1.75, 0.2]])
    along = [Interpolate(p[:1], 0, X[:, 0], kind) @ (Interpolate(p[1:], 1, X, kind) @ X)[:, 0] for p in points]
    np.testing.assert_allclose(InterpolatePoints(points, X, kind) @ X, np.ravel(along), atol=1e-13)


@pytest.mark.parametrize("kind", [Nearest(), Cubic()])
def test_the_slope_in_the_positions(kind):
    p = jnp.array([0.3, 4.6, 10.2])

    def f(p):
        return jnp.sum(jnp.cos(Interpolate(p, 1, X, kind) @ X))

    differences = [(f(p + 1e-6 * e) - f(p - 1e-6 * e)) / 2e-6 for e in jnp.eye(3)]
    np.testing.assert_allclose(jax.grad(f)(p), differences, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_traced_positions_outside_give_nan(kind):
    values = jax.jit(lambda p: Interpolate(p, 1, X, kind) @ X)(jnp.array([-0.1, 3.0, 11.5]))
    np.testing.assert_array_equal(np.isnan(values), np.broadcast_to([True, False, True], (3, 3)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interpolate([3.0, 11.1], 1, X), r"positions of Interpolate: expected 0 to 11, .*got \[11.1\]"),
        (lambda: Interpolate([-1e-9], 1, X), "positions of Interpolate: expected 0 to 11"),
        (lambda: Interpolate([[1.0]], 1, X), "positions of Interpolate: expected real numbers along one axis"),
        (lambda: Interpolate([1j], 1, X), "positions of Interpolate: expected real numbers"),
        (lambda: Interpolate([0.0], 0, X[:1]), "in_structure of Interpolate: expected at least two samples"),
        (lambda: Interpolate([0.0], 1, X, "cubic"), r"kind of Interpolate: expected Nearest\(\), .*got 'cubic'"),
        (lambda: InterpolatePoints([[0.0]], X, Cubic), r"kind of InterpolatePoints: expected .*Cubic\(\)"),
        (lambda: Interpolate([0.0], 2, X), "axis of Interpolate: expected different axes"),
        (lambda: InterpolatePoints([[0.0, 12.0]], X), r"positions of InterpolatePoints: .*0 to 2 and 0 to 11.*12.0"),
        (lambda: InterpolatePoints([0.0, 1.0], X), "points of InterpolatePoints: expected real numbers"),
        (lambda: InterpolatePoints([[0.0, 1.0, 1.0]], X), "points of InterpolatePoints: .*at most as many dimensions"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("length", [2, 3, 5])
def test_cubics_go_on_along_a_line_at_the_ends(length):
    """The samples beyond the ends, put there by hand, give what the weights of those inside give."""
    x, p = np.random.default_rng(1).normal(size=length), np.linspace(0, length - 1, 9)
    longer = np.r_[2 * x[0] - x[1], x, 2 * x[-1] - x[-2]]
    np.testing.assert_allclose(Interpolate(p, 0, x, Cubic()) @ x, catmull_rom(longer, p + 1), atol=1e-14)


def catmull_rom(x, p):
    i = np.clip(np.floor(p).astype(int), 1, len(x) - 3)
    t, (a, b, c, d) = p - i, (x[i + k] for k in (-1, 0, 1, 2))
    return b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))) / 2
