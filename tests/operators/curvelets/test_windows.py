"""The windows add up to one."""

import numpy as np
import pytest

from jaxseis.operators.curvelets import windows


def test_the_step_is_symmetric_and_smooth():
    t = np.linspace(-0.5, 1.5, 201)
    np.testing.assert_allclose(windows.step(t) + windows.step(1 - t), 1, atol=1e-15)
    h = 1e-3
    assert [windows.step(np.array(x)) for x in (-1, 0, 0.5, 1, 2)] == [0, 0, 0.5, 1, 1]
    assert windows.step(np.array(h)) < 36 * h**4


def test_repeats_of_the_outermost_low_pass_add_up_to_one():
    q = np.linspace(-0.75, 0.75, 100)
    period = 1.5
    total = sum(windows.low_pass([q + n * period], 0) for n in (-1, 0, 1))
    np.testing.assert_allclose(total, 1, atol=1e-15)


def test_rings_and_the_low_pass_add_up():
    q = np.meshgrid(*[np.linspace(-1, 1, 41)] * 2)
    total = windows.low_pass(q, 3) + sum(windows.ring(q, s) for s in range(3))
    np.testing.assert_allclose(total, windows.low_pass(q, 0), atol=1e-15)


def test_rings_live_where_the_formula_says():
    q = np.linspace(-1, 1, 801)
    inside = windows.ring([q], 1) > 0
    assert 0.125 <= np.abs(q[inside]).min() < 0.13
    assert 0.49 < np.abs(q[inside]).max() <= 0.5


@pytest.mark.parametrize("n", [3, 4, 7])
def test_wedges_of_two_pyramids_cover_the_plane(n):
    angle = np.linspace(0, np.pi, 200, endpoint=False) + 0.01
    total = np.zeros_like(angle)
    for a in (angle, angle + np.pi):
        x, z = np.cos(a), np.sin(a)
        for primary, other in ((x, z), (z, x)):
            u = n * (windows.slope(primary, other) + 1) / 2
            total += (primary < 0) * sum(windows.wedge(u - i, 0.1) for i in range(n))
    np.testing.assert_allclose(total, 1, atol=1e-14)


def test_the_default_overlap_is_inside_the_condition():
    a = windows.default_overlap((6, 3, 1))
    assert 2 ** (1 / 3) * (1 + 20 * a) * (1 + 10 * a) == pytest.approx(3)
