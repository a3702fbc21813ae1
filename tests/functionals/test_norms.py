"""What holds for every norm: its proximal map, its dual norm and its balls belong together."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.functionals import L1, L2, GroupL1, JointL1, NuclearNorm
from jaxseis.operators._structure import inner
from jaxseis.operators.checks import random_like, taylor_test

WEIGHTS = jnp.array([[0.5, 2.0, 1.0], [3.0, 0.25, 1.0]])
REAL = jax.ShapeDtypeStruct((2, 3), float)
COMPLEX = jax.ShapeDtypeStruct((4, 3), complex)
TREE = {"a": REAL, "b": (jax.ShapeDtypeStruct((5, 2), complex),)}
NORMS = {
    "l1": (L1(), REAL),
    "l1, weighted": (L1(WEIGHTS), REAL),
    "l1, complex": (L1(), COMPLEX),
    "l1, tree, weighted": (L1({"a": WEIGHTS, "b": (jnp.array(0.7),)}), TREE),
    "group": (GroupL1(axes=0), REAL),
    "group, complex, weighted": (GroupL1((1,), jnp.array([1.0, 0.5, 2.0, 0.1])), COMPLEX),
    "group, tree": (GroupL1(-1), TREE),
    "joint": (JointL1(), (REAL, {"b": jax.ShapeDtypeStruct((2, 3), complex)})),
    "joint, weighted": (JointL1(WEIGHTS), (REAL, REAL)),
    "l2, tree": (L2(), TREE),
    "nuclear": (NuclearNorm(), REAL),
    "nuclear, complex": (NuclearNorm(), COMPLEX),
}
norms = pytest.mark.parametrize(("norm", "structure"), NORMS.values(), ids=NORMS)


def draw(structure, seed):
    return random_like(structure, jax.random.key(seed))


def minus(x, y):
    return jax.tree.map(jnp.subtract, x, y)


@eqx.filter_jit
def facts(norm, x, y, t, fraction):
    """What the tests below look at, in one program."""
    p, radius = norm.prox(x, t), fraction * norm(x)
    u = norm.project(x, radius)
    rest, far = minus(x, p), minus(x, u)
    return {
        "prox": (norm(p), norm.dual(rest), inner(rest, p)),
        "projection": (norm(u) / norm(x), inner(far, u), norm.dual(far) * radius, jnp.sqrt(inner(far, far))),
        "products": (abs(inner(x, y)), norm(x) * norm.dual(y)),
    }


@norms
def test_the_maps_of_a_norm_satisfy_their_optimality_conditions(norm, structure):
    """``x - p = t s`` with s a subgradient: in the dual ball, and <s, p> = norm(p). The same for the projection."""
    x, y = draw(structure, 1), draw(structure, 2)
    for t, fraction in jnp.array([[0.2, 0.05], [0.7, 0.5], [0.1, 0.95]]):
        found = facts(norm, x, y, t, fraction)
        value, dual, product = found["prox"]
        assert value > 0
        np.testing.assert_allclose(dual, t, rtol=1e-12)
        np.testing.assert_allclose(product, t * value, rtol=1e-12)
        share, product, bound, _ = found["projection"]
        np.testing.assert_allclose(share, fraction, rtol=1e-12)
        np.testing.assert_allclose(product, bound, rtol=1e-9)
        product, bound = found["products"]
        assert product <= bound
    # points inside stay; singular vectors are multiplied again
    for fraction in jnp.array([1.001, jnp.inf]):
        moved = facts(norm, x, y, t, fraction)["projection"][3]
        assert moved <= (1e-14 if isinstance(norm, NuclearNorm) else 0.0)
    assert facts(norm, x, y, t, jnp.array(0.0))["projection"][0] == 0


@pytest.mark.parametrize("norm", [L1(), GroupL1(1), JointL1(), L2(), NuclearNorm()])
def test_zero_stays_zero(norm):
    zero = jnp.zeros((2, 3))
    assert norm(zero) == norm(norm.prox(zero, 1.0)) == norm(norm.project(zero, 1.0)) == 0


SMOOTH = {name: NORMS[name] for name in ("l1, tree, weighted", "group, complex, weighted", "joint, weighted")}


@pytest.mark.parametrize(("norm", "structure"), SMOOTH.values(), ids=SMOOTH)
def test_derivatives(norm, structure):
    x, y = draw(structure, 6), draw(structure, 7)
    dx = jax.tree.map(lambda v: 1e-3 * v, draw(structure, 8))
    for f in (norm, lambda x: inner(norm.prox(x, 0.3), y), lambda x: inner(norm.project(x, 2.0), y)):
        assert taylor_test(eqx.filter_jit(f), x, dx, tolerance=0.1)
    at_zero = jax.grad(norm)(jax.tree.map(jnp.zeros_like, x))
    assert norm.dual(at_zero) <= 1  # a subgradient


@pytest.mark.parametrize("norm", [GroupL1(0), L2()])
def test_single_precision_stays_and_jit_and_vmap_work(norm):
    x = draw(jax.ShapeDtypeStruct((3, 4, 5), np.float32), 9)
    maps = jax.jit(jax.vmap(lambda x, r: (norm(x), norm.dual(x), norm.prox(x, r), norm.project(x, r))))
    r = jnp.array([0.1, 1.0, 1e9], np.float32)
    got = maps(x, r)
    assert all(v.dtype == np.float32 for v in got)
    assert norm.prox(x[1], 0.3).dtype == norm.project(x[1], jnp.asarray(0.3)).dtype == np.float32
    for i in range(3):
        np.testing.assert_allclose(got[3][i], norm.project(x[i].astype(float), float(r[i])), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", [L1(), L2(), NuclearNorm()])
def test_a_negative_radius_is_refused(norm):
    with pytest.raises(ValueError, match="radius: expected a number >= 0, got -1.0"):
        norm.project(jnp.ones((2, 2)), -1.0)


@pytest.mark.parametrize("weights", [0.0, -1.0, [1.0, np.nan], [1.0, np.inf]])
def test_weights_that_are_not_positive_are_refused(weights):
    with pytest.raises(ValueError, match="weights: expected finite positive numbers, got"):
        L1(jnp.asarray(weights))
    with pytest.raises(ValueError, match="weights: expected finite positive numbers, got"):
        GroupL1(0, jnp.asarray(weights))


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"weights: expected a shape that broadcasts .* \(3,\), got shape \(2,\)"):
        L1(jnp.ones(2))(jnp.ones(3))
    with pytest.raises(ValueError, match="weights: expected real numbers, got complex128"):
        L1(1j)


def test_weights_are_numbers_that_broadcast_or_a_pytree_of_them():
    x = jnp.array([3.0, -1.0])
    assert L1([1.0, 2.0])(x) == L1(np.array([1, 2]))({"a": x}) == 5.0
    assert L1([1.0, 2.0])([x, x]) == 12.0
    with pytest.raises(ValueError, match="weights: expected numbers, or a pytree of them with the structure of x"):
        L1({"a": 1.0})(x)


def test_axes_of_groups():
    x = jnp.array([[3.0, 0.0], [4.0, 1.0]])
    assert GroupL1(np.int64(0))(x) == GroupL1(jnp.array([0]))(x) == 6.0
    with pytest.raises(ValueError, match="axes of GroupL1: expected whole numbers, got 0.5"):
        GroupL1(0.5)
