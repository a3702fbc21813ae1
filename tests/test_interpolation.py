"""Interpolation between nodes and points: accuracy, folding at a free surface, slopes."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.tolerances import assert_close

import jaxseis as js
from jaxseis.interpolation import _KAISER, Place, windows

ORIGIN, SPACING, SHAPE = (5.0, -3.0), (10.0, 4.0), (30, 25)
GRID = js.Grid(SHAPE, SPACING, ORIGIN)
RADII = [pytest.param(r, marks=pytest.mark.slow if r in (5, 6, 7) else ()) for r in sorted(_KAISER)]
POINTS = 60  # always as many, so that windows compile once for each kind
KINDS = [js.Linear(), *(js.Sinc(radius) for radius in (2, 4, 8))]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=repr)


def made(kind, positions, free_surface=False):
    field = ((Place("u", (0, 0), (0.0, 0.0), odd=True),),)
    return windows(kind, jnp.asarray(positions, float), GRID, field, free_surface, "float64")


def interpolated(kind, positions, f, free_surface=False):
    """Values of f from its samples at the nodes, which go on beyond the grid."""
    w = made(kind, positions, free_surface)
    values = 1.0
    nodes = np.asarray(w.index)[..., None] + np.arange(w.weights.shape[-1])
    x, z = (o + h * nodes[..., a, :] for a, (o, h) in enumerate(zip(ORIGIN, SPACING, strict=True)))
    values = f(x[..., :, None], z[..., None, :])
    return np.einsum("pi,pj,pij->p", w.weights[..., 0, :], w.weights[..., 1, :], values)


def at(cells):
    """Positions in metres."""
    return np.array(ORIGIN) + np.asarray(cells) * np.array(SPACING)


def inside(first=()):
    """Positions anywhere on the grid, the first of them given in cells."""
    cells = np.random.default_rng(0).uniform(0, np.array(SHAPE) - 1, (POINTS, 2))
    cells[: len(first)] = np.asarray(first).reshape(-1, 2)
    return at(cells)


def test_linear_interpolation_is_exact_on_bilinear_functions():
    f = lambda x, z: 1 + 2 * x - 3 * z + 0.5 * x * z  # noqa: E731
    x = inside()
    assert_close(interpolated(js.Linear(), x, f), f(*x.T))


@pytest.mark.parametrize("radius", RADII)
def test_sinc_interpolation_is_accurate_up_to_two_thirds_of_the_nyquist_wavenumber(radius):
    """Worst error over plane waves; Hicks designs for 1 % or better, and less the wider the window."""
    x, worst = inside(), 0.0
    for fraction in (0.1, 0.3, 0.5, 0.66):
        k = fraction * np.pi / np.array(SPACING)
        f = lambda a, b, k=k: np.cos(k[0] * a + 0.3) * np.cos(k[1] * b + 0.7)  # noqa: E731
        worst = max(worst, np.max(np.abs(interpolated(js.Sinc(radius), x, f) - f(*x.T))))
    assert worst < SINC[radius]


SINC = {2: 0.2, 3: 0.06, 4: 0.02, 5: 0.01, 6: 0.004, 7: 0.002, 8: 0.001}


@every_kind
def test_nodes_are_reproduced(kind):
    nodes = at(np.random.default_rng(0).integers(0, SHAPE, (POINTS, 2)))
    nodes[:4] = at([[0, 0], [29, 24], [29, 0], [0, 24]])
    f = lambda x, z: np.sin(0.3 * x) + np.cos(0.7 * z) * x  # noqa: E731
    assert_close(interpolated(kind, nodes, f), f(*nodes.T))


@every_kind
def test_windows_stay_within_the_margin(kind):
    w = made(kind, inside([[0, 0], [29, 24], [28.999, 23.999], [1e-9, 1e-9]]))
    assert w.index.dtype == jnp.int32
    assert (w.index >= -kind.margin).all()
    assert (w.index + kind.width <= np.array(SHAPE) + kind.margin).all()
    assert w.weights.shape == w.slopes.shape == (POINTS, 2, kind.width)


@every_kind
@pytest.mark.parametrize("free_surface", [False, True])
def test_slopes_are_the_derivatives_of_the_weights(kind, free_surface):
    h, x = 1e-4, inside()
    near = np.abs((x - at(0)) / SPACING % 1 - 0.5) > 0.49
    x = x + 0.02 * np.array(SPACING) * near  # a step must not leave the cell
    w = made(kind, x, free_surface)
    for a in range(2):
        after, before = (made(kind, x + s * h * np.eye(2)[a], free_surface).weights for s in (1, -1))
        divided = ((after - before) / (2 * h))[:, a]
        size = np.max(np.abs(divided))
        np.testing.assert_allclose(w.slopes[:, a], divided, atol=1e-5 * size)


@every_kind
def test_at_a_free_surface_weights_fold_oddly(kind):
    """An odd function about the surface is interpolated from its nodes below it, as without folding."""
    odd = lambda x, z: np.sin(0.15 * (z - ORIGIN[1])) * np.cos(0.02 * x)  # noqa: E731
    x = inside(np.random.default_rng(1).uniform(0, 3, (POINTS // 2, 2)))
    folded = made(kind, x, free_surface=True)
    assert (folded.index[..., 1] >= 0).all()
    above = folded.index[..., 1, None] + np.arange(kind.width) <= 0
    assert not np.asarray(folded.weights)[:, 1][above].any()
    assert_close(interpolated(kind, x, odd, free_surface=True), interpolated(kind, x, odd))


@every_kind
def test_a_point_on_the_free_surface_has_no_weight(kind):
    w = made(kind, inside([[3.3, 0.0], [29.0, 0.0]]), free_surface=True)
    assert_close(w.weights[:2, 1], np.zeros((2, kind.width)))


@pytest.mark.parametrize("radius", [0, 1, 9, 2.5])
def test_other_radii_are_refused(radius):
    with pytest.raises(ValueError, match=r"Sinc.radius: expected one of \[2, 3, 4, 5, 6, 7, 8\], got"):
        js.Sinc(radius)
