"""Differences that end at a free surface: summation by parts, accuracy, and no larger symbol."""

import numpy as np
import pytest

from jaxseis import differences
from jaxseis.closure import closure

N = 80


def matrices(order):
    """The differences from nodes to midpoints and back on a long half line, and the quadratures."""
    down = sum(
        d * (np.eye(N, N, k) - np.eye(N, N, 1 - k)) for k, d in enumerate(differences.staggered(order), 1)
    )
    up, rule = -down.T, closure(order)
    up, down = up.copy(), down.copy()
    down[: rule.size, : rule.size] += rule.corrections[0]
    up[: rule.size, : rule.size] += rule.corrections[1]
    weights = np.ones((2, N))
    weights[:, : rule.size] = rule.weights
    return down, up, *weights


every_order = pytest.mark.parametrize("order", differences.ORDERS)


@every_order
def test_both_differences_sum_by_parts(order):
    """u' H_m f + u H_n f' is nothing but the boundary term, which a field f that vanishes there has not."""
    down, up, at_nodes, at_middles = matrices(order)
    product = at_middles[:, None] * down + (at_nodes[:, None] * up).T
    inside = product[: N // 2, 1 : N // 2]  # the first column belongs to the node at the surface
    np.testing.assert_allclose(inside, 0, atol=1e-14)


@every_order
def test_polynomials_are_differentiated_exactly(order):
    down, up, *_ = matrices(order)
    nodes, middles = np.arange(N), np.arange(N) + 0.5
    for degree in range({2: 2, 4: 3}.get(order, 4)):
        slope = lambda x, degree=degree: degree * x ** max(degree - 1, 0)  # noqa: E731
        far = N - order
        np.testing.assert_allclose((down @ nodes**degree)[:far], slope(middles)[:far], atol=1e-9)
        np.testing.assert_allclose((up @ middles**degree)[1:far], slope(nodes)[1:far], atol=1e-9)


@every_order
def test_quadratures_are_positive(order):
    assert all(np.all(w > 0.3) for w in closure(order).weights)


@every_order
def test_the_time_step_of_the_interior_is_stable(order):
    """The largest singular value grows by far less than the 5 % that the step keeps from its limit."""
    down, _, at_nodes, at_middles = matrices(order)
    scaled = np.sqrt(at_middles)[:, None] * down / np.sqrt(at_nodes)
    assert np.linalg.norm(scaled, 2) < 1.003 * differences.staggered_symbol_max(order)
