"""Curvelets are a tight frame for every shape, and those of the reference implementation where that one is exact."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators._base import inner
from jaxseis.operators._structure import is_complex
from jaxseis.operators.curvelets import Curvelet


def noise(structure, seed=0):
    """Drawn by NumPy: JAX would compile a generator for every shape."""
    rng = np.random.default_rng(seed)

    def draw(s):
        v = rng.standard_normal(s.shape)
        return jnp.asarray(v + 1j * rng.standard_normal(s.shape) if is_complex(s) else v, s.dtype)

    return jax.tree.map(draw, structure)


def on_host(x, y):
    return float(inner(*jax.tree.map(np.asarray, (x, y))))


def curvelet(*shape: int, dtype: Any = float, **options: Any) -> Curvelet:
    return Curvelet(jax.ShapeDtypeStruct(shape, dtype), **options)


SHAPES = [(100, 150), (101, 101), (251, 601), (33, 33, 33), (64, 64), (128, 256), (32, 32, 32)]
EXTREMES = [(3, 700), (5, 6)]
CASES = [
    *(pytest.param(s, {"scales": 3 if len(s) == 3 else 4}, id=f"{s}") for s in SHAPES),
    *(pytest.param(s, {"scales": 2}, id=f"{s}") for s in EXTREMES),
    pytest.param((45, 50), {"angles": (1, 5, 1)}, id="wavelets and five angles"),
    pytest.param((64, 64), {"scales": 3, "overlap": 0.5}, id="much overlap"),
    pytest.param((45, 50), {"scales": 3, "dtype": complex}, id="complex"),
    pytest.param((4, 5, 4, 5), {"scales": 2}, id="4-D"),
]


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_the_frame_is_tight(shape, options):
    C = curvelet(*shape, **options)
    x, y = noise(C.in_structure()), noise(C.out_structure(), 1)
    c = C @ x
    assert on_host(c, c) == pytest.approx(on_host(x, x), rel=1e-12)
    np.testing.assert_allclose(C.H @ c, x, atol=1e-12)
    assert on_host(c, y) == pytest.approx(on_host(x, C.H @ y), abs=1e-12 * on_host(y, y))


@pytest.mark.parametrize(
    ("shape", "scales", "kind"), [((64, 64), 3, "real"), ((96, 160), 4, "complex"), ((32, 32, 32), 3, "real")]
)
def test_the_coefficients_are_those_of_the_package_curvelets(shape, scales, kind):
    numpy = pytest.importorskip("curvelets.numpy")
    reference = numpy.UDCT(shape, num_scales=scales, transform_kind=kind)
    C = curvelet(*shape, dtype=complex if kind == "complex" else float, scales=scales)
    x = noise(C.in_structure())
    expected = reference.forward(np.asarray(x))
    for got, theirs in zip(C @ x, expected, strict=True):
        # There the mirrored wedges of axis p are entry p + D of a scale, here they follow along the wedge axis.
        halves = [sum(theirs[p :: len(got)], []) for p in range(len(got))]
        for ours, other in zip(got, halves, strict=True):
            np.testing.assert_allclose(ours, np.stack(other), atol=1e-11)


@pytest.mark.parametrize(
    ("shape", "angles", "everywhere", "but_the_finest"),
    [
        ((128, 256), (3, 6, 1), 4.00, 2.00),
        ((251, 601), (3, 6, 1), 4.15, 2.04),
        ((101, 101), (3, 6, 1), 4.75, 2.19),
        ((64, 64, 64), (3, 1), 7.72, 1.97),
        ((33, 33, 33), (3, 1), 10.02, 2.26),
    ],
)
def test_the_redundancy_is_that_of_the_documentation(shape, angles, everywhere, but_the_finest):
    scales = len(angles) + 1
    assert curvelet(*shape, scales=scales).redundancy == pytest.approx(everywhere, abs=0.005)
    assert curvelet(*shape, scales=scales, angles=angles).redundancy == pytest.approx(but_the_finest, abs=0.005)


def test_the_range_counts_every_coefficient():
    C = curvelet(32, 32, scales=3)
    shapes = jax.tree.map(lambda v: v.shape, C.out_structure(), is_leaf=lambda v: hasattr(v, "shape"))
    assert shapes == (((1, 16, 16),), ((3, 8, 8), (3, 8, 8)), ((6, 16, 8), (6, 8, 16)))
    assert C.size == 16 * 16 + 6 * 8 * 8 + 12 * 16 * 8
    assert curvelet(32, 32, scales=3, dtype=complex).size == 16 * 16 + 2 * (6 * 8 * 8 + 12 * 16 * 8)


def test_the_low_pass_of_a_real_signal_is_real_and_keeps_a_constant():
    C = curvelet(32, 48, scales=3)
    low, *others = C @ jnp.ones((32, 48))
    assert low[0].dtype == float
    np.testing.assert_allclose(low[0], low[0][0, 0, 0], rtol=1e-12)
    assert all(jnp.abs(v).max() < 1e-12 for v in jax.tree.leaves(others))


@pytest.mark.parametrize("dtype", [float, complex])
def test_a_plane_wave_is_in_the_wedge_of_its_direction(dtype):
    shape = np.array([64, 80])
    C = curvelet(*shape, dtype=dtype, scales=3)
    # In cycles per sample along the axis: scale 2 has all the energy at 1/3, scale 1 at 1/6.
    for scale, axis, wedge, frequency in ((2, 0, 1, 1 / 3), (2, 1, 4, 1 / 3), (1, 0, 2, 1 / 6)):
        direction = C.directions()[scale][axis][wedge]
        k = np.round(direction / np.abs(direction).max() * frequency * shape)
        phase = sum(2 * np.pi * k_d * i_d / n for k_d, i_d, n in zip(k, np.ogrid[:64, :80], shape, strict=True))
        c = C @ (np.exp(1j * phase) if dtype is complex else np.cos(phase))
        energy = [np.sum(np.abs(v) ** 2, axis=(1, 2)) for v in jax.tree.leaves(c)]
        in_wedge = np.sum(np.abs(c[scale][axis][wedge]) ** 2)
        assert in_wedge == max(e.max() for e in energy)
        assert in_wedge > 0.95 * sum(e.sum() for e in energy)


def test_single_precision_stays_single():
    C = curvelet(30, 31, dtype="float32", scales=3)
    x = noise(C.in_structure())
    c = C @ x
    assert [str(v.dtype) for v in jax.tree.leaves(c)] == ["float32"] + ["complex64"] * 4
    assert all(leaf.dtype in ("int32", "float32") for leaf in jax.tree.leaves(C))
    back = C.H @ c
    assert back.dtype == "float32"
    np.testing.assert_allclose(back, x, atol=2e-6)


def test_a_signal_of_a_curvelet_is_recovered_by_a_threshold():
    C = curvelet(64, 64, scales=3)
    zero = jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), C.out_structure())
    zero[2][1][2, 5, 10] = 10
    x = np.asarray(C.H @ zero)
    noisy = x + 0.2 * np.asarray(noise(C.in_structure(), 3))
    kept = jax.tree.map(lambda v: np.where(np.abs(v) > 1, v, 0), C @ noisy)
    assert np.linalg.norm(C.H @ kept - x) < 0.3 * np.linalg.norm(noisy - x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: curvelet(100), "in_structure of Curvelet: expected one array with two or more axes"),
        (lambda: Curvelet((jnp.zeros((4, 4)), jnp.zeros(3))), "in_structure of Curvelet: expected one array"),
        (lambda: curvelet(64, 64, scales=1), "scales of Curvelet: expected a whole number of at least 2, got 1"),
        (lambda: curvelet(64, 64, angles=2), r"angles of Curvelet: expected 3 whole numbers.*got \(2, 4, 8\)"),
        (lambda: curvelet(64, 64, angles=(3, 6)), r"angles of Curvelet: expected 3 whole numbers"),
        (lambda: curvelet(64, 64, overlap=0), "overlap of Curvelet: expected a number above 0"),
        (lambda: curvelet(64, 64, overlap=0.6), "overlap of Curvelet: expected a number above 0"),
        (lambda: curvelet(5, 100, scales=5), r"scales and angles of Curvelet: .*shape \(5, 100\).*Use fewer scales"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
