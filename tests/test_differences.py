"""Difference weights: exact on polynomials, and the largest symbols that stability rests on."""

import numpy as np
import pytest
from helpers.tolerances import assert_close

from jaxseis import differences

every_order = pytest.mark.parametrize("order", differences.ORDERS)


def second_difference(order, f, h=1.0):
    c = differences.second(order)
    return (c[0] * f(0.0) + sum(ck * (f(k * h) + f(-k * h)) for k, ck in enumerate(c[1:], 1))) / h**2


def staggered_difference(order, f, h=1.0):
    """The derivative at zero from nodes at h/2, 3h/2, ..."""
    return sum(d * (f((k - 0.5) * h) - f((0.5 - k) * h)) for k, d in enumerate(differences.staggered(order), 1)) / h


@every_order
def test_the_second_difference_is_exact_up_to_its_degree(order):
    """On x^p it is zero but for p = 2; the first even power that fails is order + 2."""
    scale = order / 2
    for degree in range(order + 2):
        got = second_difference(order, lambda x, p=degree: (x / scale) ** p)
        assert_close(got * scale**2, 2.0 if degree == 2 else 0.0, "rounding")
    assert abs(second_difference(order, lambda x: (x / scale) ** (order + 2))) > 1e-10


@every_order
def test_the_staggered_difference_is_exact_up_to_its_degree(order):
    scale = order / 2
    for degree in range(order + 1):
        got = staggered_difference(order, lambda x, p=degree: (x / scale) ** p)
        assert_close(got * scale, 1.0 if degree == 1 else 0.0, "rounding")
    assert abs(staggered_difference(order, lambda x: (x / scale) ** (order + 1))) > 1e-10


@every_order
@pytest.mark.parametrize(("difference", "exact"), [(second_difference, -1.0), (staggered_difference, 1.0)])
def test_they_converge_at_their_order(order, difference, exact):
    wave = np.cos if exact < 0 else np.sin
    coarse, fine = (abs(difference(order, wave, step) - exact) for step in (0.8, 0.6))
    assert np.log(coarse / fine) / np.log(0.8 / 0.6) > order - 0.6


@every_order
def test_the_largest_symbols(order):
    k = np.linspace(0, np.pi, 10001)
    c, d = differences.second(order), differences.staggered(order)
    second = -c[0] - 2 * sum(cj * np.cos(j * k) for j, cj in enumerate(c[1:], 1))
    first = 2 * sum(dj * np.sin((j - 0.5) * k) for j, dj in enumerate(d, 1))
    assert_close(differences.second_symbol_max(order), second.max())
    assert_close(differences.staggered_symbol_max(order), np.abs(first).max())


@every_order
def test_the_layers_difference_never_exceeds_the_interiors(order):
    k = np.linspace(0, np.pi, 10001)
    c, d = differences.second(order), differences.staggered(differences.layer_order(order))
    second = -c[0] - 2 * sum(cj * np.cos(j * k) for j, cj in enumerate(c[1:], 1))
    first = 2 * sum(dj * np.sin((j - 0.5) * k) for j, dj in enumerate(d, 1))
    assert (first**2 <= second * (1 + 1e-12) + 1e-12).all()


def test_known_weights():
    assert differences.second(2) == (-2.0, 1.0)
    np.testing.assert_allclose(differences.second(4), [-5 / 2, 4 / 3, -1 / 12])
    assert differences.staggered(2) == (1.0,)
    np.testing.assert_allclose(differences.staggered(4), [9 / 8, -1 / 24])


@pytest.mark.parametrize("order", [0, 1, 3, 18, -2, 2.5, "4"])
def test_other_orders_are_refused(order):
    with pytest.raises(ValueError, match="space_order: expected an even number from 2 to 16, got"):
        differences.check_order(order)
