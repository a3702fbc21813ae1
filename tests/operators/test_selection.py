"""Parts of a vector."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import matrix, normal

from jaxseis.operators import (
    Restriction,
    Selection,
    VStack,
    as_dense,
    dot_test,
    structure_of,
)

X4 = normal(4, seed=3)


def test_restriction_picks_in_the_order_given():
    x = normal(3, 5)
    np.testing.assert_array_equal(Restriction([4, 1], 1, structure_of(x)) @ x, x[:, [4, 1]])
    np.testing.assert_array_equal(Restriction(np.array([2, 0]), -2, structure_of(x)) @ x, x[np.array([2, 0])])


def test_restriction_adds_up_repeated_indices_in_its_transpose():
    R = Restriction([0, 2, 2, 2], axis=0, in_structure=X4)
    np.testing.assert_array_equal(R.T @ jnp.array([1.0, 10.0, 20.0, 30.0]), [1.0, 0.0, 60.0, 0.0])
    np.testing.assert_array_equal(as_dense(R.T @ R), np.diag([1.0, 0.0, 3.0, 0.0]))


def test_restriction_takes_traced_indices():
    picked = jax.jit(lambda i: Restriction(i, 0, X4) @ X4)(jnp.array([3, 9]))
    np.testing.assert_array_equal(picked, X4[jnp.array([3, 3])])


@pytest.mark.parametrize(
    ("indices", "axis", "structure", "message"),
    [
        ([0, 4, 7], 0, X4, "indices of Restriction: expected 0 to 3 along axis 0, got [4, 7]."),
        ([-1], 0, X4, "indices of Restriction: expected 0 to 3 along axis 0, got [-1]."),
        (
            np.array([True, False, True, True]), 0, X4,
            "indices of Restriction: expected integers along one axis, got bool of shape (4,). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            [0.0], 0, X4,
            "indices of Restriction: expected integers along one axis, got float64 of shape (1,). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            2, 0, X4,
            "indices of Restriction: expected integers along one axis, got int64 of shape (). "
            "For a mask, write np.flatnonzero(mask).",
        ),
        (
            [0], 1, X4,
            "in_structure of Restriction: expected one array with an axis 1, got shape (4,) of float64.",
        ),
        (
            [0], 0, (X4, X4),
            "in_structure of Restriction: expected one array with an axis 0, got (f64[4], f64[4]).",
        ),
    ],
)  # fmt: skip
def test_restriction_refuses_what_it_cannot_pick(indices, axis, structure, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        Restriction(indices, axis, structure)
    assert str(error.value) == message


def test_restriction_with_very_many_repeats_adds_up_too():
    R = Restriction([1] * 30 + [0], axis=0, in_structure=jnp.zeros(3))
    np.testing.assert_array_equal(R.T @ jnp.ones(31), [1.0, 30.0, 0.0])
    assert dot_test(R)


INDICES = [2, -1, slice(None), slice(1, None, 2), (0, slice(2)), (..., -1), [2, 0, 2], (slice(None), np.array([1, 1])),
           np.array([True, False, True]), (np.array([0, 2]), np.array([3, 0])), (None, 1)]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_a_selection_is_an_index_of_numpy(index):
    x = normal(3, 4)
    S = Selection(index, x)
    np.testing.assert_array_equal(S @ x, np.asarray(x)[index])
    assert dot_test(S)


def test_a_selection_takes_parts_of_pytrees():
    x = {"m": X4, "q": normal(2)}
    np.testing.assert_array_equal(Selection("m", x) @ x, X4)
    np.testing.assert_array_equal(Selection(-1, (X4, X4[:2])) @ (X4, X4[:2]), X4[:2])
    assert dot_test(Selection("q", x))


def test_a_selection_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"index of Selection: expected a part of \(f64\[4\], f64\[4\]\), got 2 "):
        Selection(2, (X4, X4))
    with pytest.raises(ValueError, match=r"index of Selection: expected a part of \{'m': f64\[4\]\}, got q "):
        Selection("q", {"m": X4})


def test_an_operator_with_indices_is_a_part_of_its_matrix():
    A = matrix(3, 4)
    np.testing.assert_array_equal(as_dense(A[:2]), A.array[:2])
    np.testing.assert_array_equal(as_dense(A[[2, 0], 1:]), A.array[[2, 0], 1:])
    np.testing.assert_array_equal(as_dense(A[:, np.array([True, False, False, True])]), A.array[:, [0, 3]])
    np.testing.assert_allclose(A[1] @ X4, (A @ X4)[1])
    np.testing.assert_allclose(A[:, 2] @ 3.0, 3.0 * A.array[:, 2])
    assert A[:, :] is A
    rows = Restriction([0, 1], 0, normal(3, 2))
    np.testing.assert_array_equal(rows[(0, slice(None)), :] @ normal(3, 2), normal(3, 2)[0])


def test_a_part_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="index of Selection: expected a part of f64.*got 7|index of Selection"):
        VStack([matrix(3, 4), matrix(2, 4)])[7]


def test_restriction_is_not_slow_to_make_with_many_indices():
    order = np.random.default_rng(0).permutation(200_000)
    R = Restriction(order, 0, jnp.zeros(200_000))
    np.testing.assert_array_equal(R.T @ (R @ jnp.arange(200_000.0)), jnp.arange(200_000.0))


@pytest.mark.parametrize("index", [[10], 10, [-5], np.array([True, False]), [1.5], (slice(None), 0), [[0, 9]]], ids=str)
def test_an_index_that_numpy_refuses_is_refused(index):
    with pytest.raises(ValueError, match=r"index of Selection: expected a part of shape \(4,\) of float64, got"):
        Selection(index, X4)


def test_masks_of_several_axes():
    x, mask = normal(2, 3), np.array([[True, False, True], [False, True, False]])
    S = jax.jit(lambda S: S)(Selection(mask, x))
    np.testing.assert_array_equal(S @ x, np.asarray(x)[mask])
    np.testing.assert_array_equal(S.T @ (S @ x), np.where(mask, x, 0))
    with pytest.raises(ValueError, match="index of Selection: expected a part of shape"):
        jax.jit(lambda mask: Selection(mask, x) @ x)(mask)
    with pytest.raises(ValueError, match="index of Selection: expected a part of shape"):
        jax.jit(lambda i: Selection((i, 3), x) @ x)(0)


def test_traced_indices_outside_are_clipped_in_both_directions():
    picked, back = jax.jit(lambda i: (Selection(i, X4) @ X4, Selection(i, X4).T @ jnp.ones(3)))(jnp.array([1, 10, -1]))
    np.testing.assert_array_equal(picked, X4[jnp.array([1, 3, 3])])
    np.testing.assert_array_equal(back, [0.0, 1.0, 0.0, 2.0])


def test_three_indices_of_an_operator_are_refused():
    with pytest.raises(ValueError, match=r"index of Matrix: expected one index, or two.*got \(1, 2, 3\).*write A\[\("):
        matrix(3, 4)[1, 2, 3]
