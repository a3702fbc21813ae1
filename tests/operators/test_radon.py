"""Radon transforms against PyLops and direct sums, in two and three dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators.radon import FourierRadon, HyperbolicRadon, Radon

RNG = np.random.default_rng(0)
H, P = np.linspace(-2, 2, 5), np.array([-0.7, 0.0, 0.3, 1.2])
M, D = RNG.normal(size=(4, 20)), RNG.normal(size=(5, 20))


def direct(curve, m, offsets, slopes):
    """``sum_p sum_t0 m(p, t0) hat(t - curve(t0, h, p))``, sample by sample."""
    t = np.arange(m.shape[1])
    gather = np.zeros((len(offsets), len(t)))
    for i, h in enumerate(offsets):
        for p, trace in zip(slopes, m, strict=True):
            gather[i] += np.clip(1 - np.abs(t[:, None] - curve(t, h, p)), 0, None) @ trace
    return gather


def assert_is_direct(A, curve, slopes=P):
    np.testing.assert_allclose(A @ M, direct(curve, M, H, slopes), atol=1e-12)
    np.testing.assert_allclose(np.vdot(A.T @ D, M), np.vdot(D, A @ M), rtol=1e-11)


def test_linear():
    assert_is_direct(Radon(P, H, M, sampling=0.5), lambda t, h, p: t + p * h / 0.5)


def test_parabolic():
    assert_is_direct(Radon(P, H, M, sampling=1.0, kind="parabolic"), lambda t, h, p: t + p * h**2)


def test_hyperbolic():
    v = np.array([0.4, 0.6, 1.0, 5.0])
    A = HyperbolicRadon(v, H, M, sampling=0.5, start=1.0)
    assert_is_direct(A, lambda t, h, v: (np.sqrt((1 + 0.5 * t) ** 2 + (h / v) ** 2) - 1) / 0.5, v)


def test_delays_longer_than_the_traces_leave_nothing():
    steep = Radon([-50.0, 50.0, 1e30, -20.0], [1.0], M, sampling=1.0)
    np.testing.assert_array_equal(steep @ M, np.zeros((1, 20)))


@pytest.mark.parametrize("kind", ["linear", "parabolic", "hyperbolic"])
def test_it_is_that_of_pylops_away_from_the_ends(kind):
    pylops = pytest.importorskip("pylops")
    # unit intervals: the scale of a PyLops velocity depends on them
    p = P + 1 if kind == "hyperbolic" else P
    reference = pylops.signalprocessing.Radon2D(np.arange(20.0), H, p, kind=kind)
    A = HyperbolicRadon(p, H, M, sampling=1.0) if kind == "hyperbolic" else Radon(p, H, M, sampling=1.0, kind=kind)
    m = np.where((np.arange(20) > 5) & (np.arange(20) < 14), M, 0)
    np.testing.assert_allclose(A @ m, np.reshape(reference @ m.ravel(), D.shape), atol=1e-12)


def test_components_are_dimensions():
    slopes, offsets = RNG.normal(size=(4, 2)), RNG.normal(size=(5, 2))
    along = [Radon([1.0], [s], M[:1], sampling=0.5) @ M[i : i + 1] for i in range(4) for s in offsets @ slopes[i]]
    expected = np.sum(np.reshape(along, (4, 5, 20)), 0)
    np.testing.assert_allclose(Radon(slopes, offsets, M, sampling=0.5) @ M, expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["linear", "parabolic"])
def test_fourier_radon_is_that_of_pylops(kind):
    pylops = pytest.importorskip("pylops")
    reference = pylops.signalprocessing.FourierRadon2D(0.5 * np.arange(20), H, P, nfft=64, kind=kind)
    A = FourierRadon(P, H, M, sampling=0.5, kind=kind, nfft=64)
    np.testing.assert_allclose(A @ M, np.reshape(reference @ M.ravel(), D.shape), atol=1e-12)
    np.testing.assert_allclose(A.T @ D, np.reshape(reference.H @ D.ravel(), M.shape), atol=1e-12)


def test_fourier_radon_delays_by_whole_samples_exactly():
    A, B = (kind([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0], M, sampling=1.0) for kind in (FourierRadon, Radon))
    np.testing.assert_allclose(A @ M, B @ M, atol=1e-12)


def test_hyperbolas_are_differentiable_in_velocities_and_offsets():
    def f(v, h):
        return jnp.sum((HyperbolicRadon(v, h, M, sampling=0.73) @ M) ** 2)

    point, direction = (jnp.array([0.7, 0.9, 1.3, 2.2]), jnp.array([-1.0, 0.4, 2.0])), (np.ones(4), np.arange(3.0))
    ends = [f(*(v + c * 1e-6 * d for v, d in zip(point, direction, strict=True))) for c in (1, -1)]
    slope = jax.jvp(f, point, tuple(map(jnp.asarray, direction)))[1]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Radon(P, H, M, sampling=1.0, kind="hyperbolic"), "kind of Radon: .*use HyperbolicRadon"),
        (lambda: Radon(P[:2], H, M, sampling=1.0), r"Radon: .*\(slope, time\), 2 along .*Transpose"),
        (lambda: Radon(P, np.ones((5, 2)), M, sampling=1.0), "offsets of Radon: expected as many components"),
        (lambda: Radon(1j * P, H, M, sampling=1.0), "slopes and offsets: expected real numbers"),
        (lambda: Radon(P, H, M, sampling=0.0), "sampling: expected a positive number"),
        (lambda: FourierRadon(P, H, M, sampling=1.0, nfft=19), "nfft: expected a whole number of at least 20"),
        (lambda: FourierRadon(P, H, M + 0j, sampling=1.0), "in_structure of FourierRadon: expected real numbers"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
