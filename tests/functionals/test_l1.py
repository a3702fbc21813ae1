"""The l1 norm: closed forms, and the projection against one by sorting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.functionals import L1, GroupL1


def projected_by_sorting(a, radius, w):
    """The projection of a onto ``sum w |u| <= radius``, by its textbook algorithm."""
    m = np.abs(a)
    if np.sum(w * m) <= radius:
        return a
    order = np.argsort(-m / w)
    thetas = (np.cumsum((w * m)[order]) - radius) / np.cumsum((w * w)[order])
    active = np.nonzero((m / w)[order] > thetas)[0]
    theta = thetas[active[-1]] if active.size else thetas[0]
    return np.sign(a) * np.maximum(m - theta * w, 0)


@pytest.mark.parametrize(
    ("x", "radius", "expected"),
    [
        # every entry stays active: SetIntersectionProjection.jl returns points outside the ball here
        ([1.0, 1.0], 1.0, [0.5, 0.5]),
        ([1.0, 1.0, 1.0, 1.0], 2.0, [0.5] * 4),
        ([3.0, 2.0, 1.0], 4.5, [2.5, 1.5, 0.5]),
        ([3.0, 2.0, 1.0], 1.0, [1.0, 0.0, 0.0]),
        ([3.0, -3.0, 3.0], 0.0, [0.0, 0.0, 0.0]),
        ([2.0, -2.0, 1.0], 2.0, [1.0, -1.0, 0.0]),
        ([5.0], 2.0, [2.0]),
    ],
)
def test_small_projections(x, radius, expected):
    np.testing.assert_allclose(L1().project(jnp.array(x), radius), expected, rtol=1e-15)


@pytest.mark.parametrize("seed", range(4))
def test_the_projection_equals_the_one_by_sorting(seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_cauchy(501)
    a[:100] = np.round(a[:100])  # ties and zeros
    w = rng.uniform(0.1, 10, 501)
    project = jax.jit(lambda a, r, w: L1(w).project(a, r))
    for radius in (0.0, 1e-9, 0.3, 50.0, 0.999 * np.sum(w * np.abs(a))):
        np.testing.assert_allclose(project(a, radius, w), projected_by_sorting(a, radius, w), rtol=1e-9, atol=1e-12)


def test_the_projection_keeps_phases():
    x = jnp.array([3j, -4.0, 1 + 1j])
    u = L1().project(x, 3.0)
    np.testing.assert_allclose(jnp.abs(u), L1().project(jnp.abs(x), 3.0), rtol=1e-14)
    np.testing.assert_allclose(u[:2] / abs(u[:2]), [1j, -1.0], rtol=1e-14)


def test_the_soft_threshold():
    np.testing.assert_allclose(L1().prox(jnp.array([3.0, -1.0, -5.0, 0.0]), 2.0), [1, 0, -3, 0])
    np.testing.assert_allclose(L1().prox(jnp.array([3.0 + 4.0j]), 2.5), [1.5 + 2.0j])
    np.testing.assert_allclose((2.0 * L1(jnp.array([1.0, 0.5]))).prox(jnp.array([3.0, -3.0]), 1.0), [1.0, -2.0])


def test_groups_of_one_entry_are_the_l1_norm():
    x = jnp.array([[3.0], [-1.0]])
    for a, b in ((GroupL1(1), L1()), (GroupL1(-1, 2.0), L1(2.0))):
        assert a(x) == b(x)
        np.testing.assert_array_equal(a.prox(x, 0.7), b.prox(x, 0.7))
        np.testing.assert_array_equal(a.project(x, 1.5), b.project(x, 1.5))


def test_values_and_dual_norms():
    x = jnp.array([[3.0, 0.0], [4.0, -2.0]])
    assert L1()(x) == 9
    assert L1().dual(x) == 4
    assert L1(jnp.array([2.0, 0.5]))(x) == 15
    assert L1(jnp.array([2.0, 0.5])).dual(x) == 4
    assert GroupL1(0)(x) == 7
    assert GroupL1(0).dual(x) == 5
    assert GroupL1((0, 1))(x) == jnp.linalg.norm(x)
